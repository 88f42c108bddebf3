#!/usr/bin/env python3
"""The native protocol: what it costs `chatd serve`, held against the classic relay in C, NATS with
TLS and Redis in the clear.

    Benchmarks/Native/native.py                    all that follows
    Benchmarks/Native/native.py fanout             CPU time per delivered 100-byte message
    Benchmarks/Native/native.py picture            CPU time per delivered picture of 40 KB
    Benchmarks/Native/native.py rate               800,000 deliveries a second to 200 clients
    Benchmarks/Native/native.py joins              5,000 clients join
    Benchmarks/Native/native.py idle               memory and CPU time of silent sessions
    Benchmarks/Native/native.py handshakes         handshakes per second of CPU time
    Benchmarks/Native/native.py flood              latency while somebody floods the server
    Benchmarks/Native/native.py --assert …         exit status 1 when a target is missed
    Benchmarks/Native/native.py --peers-only fanout picture    the others alone, without chatd

Every native client has its own key pair and, as far as files may be open, its own address; see
load.c, which also says what a latency is. ../Common/turns.py says how servers take turns,
../Common/bench.py what CPU time is. A ratio compares two servers in one pass; shown are the least,
the median and the greatest. "A/A" is the relay against itself and shows how much of a ratio is
noise; "load's share" is the CPU time of a load generator as a part of its server's. nats-server and
redis-server are started where they are installed, and skipped with a word where not.

Nothing but loopback is used, and everything has a time limit.
"""

import argparse
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Common"))

import fanning
import sessions
from bench import Failure
from turns import add_driver_options

BENCHMARKS = {
    "fanout": fanning.fanout,
    "picture": fanning.picture,
    "rate": sessions.rate,
    "joins": sessions.joins,
    "idle": sessions.idle,
    "handshakes": sessions.handshakes,
    "flood": sessions.flood,
}
NEEDING_NO_CHATD = ("fanout", "picture")


def parse():
    parser = argparse.ArgumentParser(
        description="What the native protocol costs chatd, and what others cost.",
        epilog=f"Benchmarks: {', '.join(BENCHMARKS)}; all where none is named.",
    )
    parser.add_argument("names", nargs="*", metavar="BENCHMARK")
    add_driver_options(parser, first_port=23470)
    parser.add_argument(
        "--pairs", type=int, metavar="N", help="pairs of each size (3; with --quick 1)"
    )
    parser.add_argument(
        "--clients",
        type=int,
        nargs="+",
        metavar="N",
        help="sizes of fanout and picture (50 200 1000; with --quick 50 200)",
    )
    parser.add_argument(
        "--together",
        action="store_true",
        help="the speaker writes all messages that may go now in one go, not each by itself",
    )
    parser.add_argument("--peers-only", action="store_true", help="without chatd")
    parser.add_argument(
        "--assert", action="store_true", dest="judge", help="exit status 1 when a target is missed"
    )
    options = parser.parse_args()
    options.build = options.build.resolve()
    options.pairs = options.pairs or (1 if options.quick else 3)
    options.clients = options.clients or ([50, 200] if options.quick else [50, 200, 1000])
    options.names = options.names or list(NEEDING_NO_CHATD if options.peers_only else BENCHMARKS)
    allowed = NEEDING_NO_CHATD if options.peers_only else BENCHMARKS
    if unknown := [name for name in options.names if name not in allowed]:
        parser.error(f"no benchmark, or not without chatd: {' '.join(unknown)}")
    if options.pairs < 1 or options.slices < 2 or options.slices % 2 or min(options.clients) < 2:
        parser.error("at least one pair, an even number of slices and two clients")
    if not options.peers_only and not os.access(options.chatd, os.X_OK):
        parser.error(f"{options.chatd} is no program: make build, or give --chatd or --peers-only")
    return options


def main():
    options = parse()
    missed = []
    for name in options.names:
        print(f"\n{name}: {BENCHMARKS[name].__doc__.splitlines()[0]}\n", flush=True)
        missed += BENCHMARKS[name](options)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed and options.judge else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"native: {failure}")

#!/usr/bin/env python3
"""Fan-out: what `chatd` costs per delivered datagram, held against a minimal relay in C.

    Benchmarks/Fanout/fanout.py                   all sizes, 5 pairs each, about 3 minutes
    Benchmarks/Fanout/fanout.py --quick           fewer and shorter, about half a minute
    Benchmarks/Fanout/fanout.py --assert          exit status 1 when a median ratio exceeds 1.10
    Benchmarks/Fanout/fanout.py --noise-only      only the relay against itself; needs no chatd

For every number of clients, three servers are started afresh: `chatd`, the relay, and the relay
once more. The same load (classic dialect, 100-byte messages, one speaker; see load.c) goes to them
by turns, and CPU time is measured as ../Common/turns.py says. One pass gives a pair: the ratio of
chatd's cost for a delivered datagram to the relay's. The second relay's cost to the first's is an
A/A ratio, which shows how much of a ratio is noise.

Loss is reported; a figure with loss is suspect. Nothing but loopback is used, and everything has a
time limit.
"""

import argparse
import os
import pathlib
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Common"))

from bench import Failure, build_classic_load, chatd_command
from turns import (
    Subject,
    Turn,
    add_driver_options,
    load_arguments,
    median,
    print_table,
    relay_subject,
    run_passes,
    spread,
    who,
)

RATIO_MAX = 1.10
WINDOWS = (1, 32)


def report(results, names):
    """Prints the table; returns the medians of the ratios that are judged."""
    subject = "chatd" if "chatd" in names else None
    header = ["clients", "in flight", "relay µs"]
    header += ["chatd µs", "ratio min / median / max"] if subject else []
    header += ["A/A min / median / max", "load µs", "lost", "stray"]
    rows, medians = [], []
    for (clients, window), passes in sorted(results.items()):
        row = [f"{clients:,}", str(window), f"{median(passes, lambda one: one['relay'].cost):.2f}"]
        if subject:
            ratios = [one[subject].cost / one["relay"].cost for one in passes]
            medians.append(median(ratios, float))
            row += [f"{median(passes, lambda one: one[subject].cost):.2f}", spread(ratios, 3)]
        row.append(spread([one["relay again"].cost / one["relay"].cost for one in passes], 3))
        loads = [total.load_cost for one in passes for total in one.values()]
        row += [f"{median(loads, float):.2f}", who(passes, "lost"), who(passes, "stray")]
        rows.append(row)
    print_table(header, rows)
    return medians


def parse():
    parser = argparse.ArgumentParser(
        description="CPU time per delivered datagram: chatd against a minimal relay in C.",
        epilog="The table shows microseconds of CPU time per delivered datagram (medians).",
    )
    add_driver_options(parser, first_port=23450)
    parser.add_argument(
        "--pairs", type=int, metavar="N", help="pairs of each size (5; with --quick 2)"
    )
    parser.add_argument(
        "--clients",
        type=int,
        nargs="+",
        metavar="N",
        help="sizes (50 200 1000; with --quick 50 200)",
    )
    parser.add_argument(
        "--deliveries", type=int, metavar="N", help="of one slice (100000; with --quick 50000)"
    )
    parser.add_argument("--noise-only", action="store_true", help="only the relay against itself")
    parser.add_argument(
        "--assert",
        action="store_true",
        dest="judge",
        help=f"exit status 1 when a median ratio exceeds {RATIO_MAX:.2f}",
    )
    options = parser.parse_args()
    options.pairs = options.pairs or (2 if options.quick else 5)
    options.clients = options.clients or ([50, 200] if options.quick else [50, 200, 1000])
    options.deliveries = options.deliveries or (50_000 if options.quick else 100_000)
    if options.pairs < 1 or options.slices < 2 or options.slices % 2 or min(options.clients) < 2:
        parser.error("at least one pair, an even number of slices and two clients")
    if options.judge and options.noise_only:
        parser.error("--assert judges chatd, which --noise-only leaves out")
    if not options.noise_only and not os.access(options.chatd, os.X_OK):
        parser.error(
            f"{options.chatd} is no program: make build, or give --chatd or --noise-only"
        )
    return options


def main():
    options = parse()
    folder = options.build.resolve()
    subjects = {}
    if not options.noise_only:
        subjects["chatd"] = Subject(
            lambda port: chatd_command(options.chatd, port),
            load_arguments(build_classic_load(folder)),
        )
    subjects["relay"] = subjects["relay again"] = relay_subject(folder)

    def turns(clients):
        messages = max(1, options.deliveries // (clients - 1))
        return [Turn(window, messages) for window in WINDOWS]

    with tempfile.TemporaryDirectory(prefix="fanout-") as home:
        results = run_passes(subjects, options.clients, turns, options, pathlib.Path(home))
    medians = report(results, list(subjects))
    if options.judge and max(medians) > RATIO_MAX:
        print(f"a median ratio of {max(medians):.3f} exceeds {RATIO_MAX:.2f}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"fanout: {failure}")

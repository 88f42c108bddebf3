#!/usr/bin/env python3
"""One large transfer in a native session: how fast it goes, and how talk fares beside it.

    Benchmarks/Transfer/transfer.py                all that follows
    Benchmarks/Transfer/transfer.py loopback       100 MB over loopback
    Benchmarks/Transfer/transfer.py link           beside TCP with CUBIC (iperf3), by turns, over an
                                                   emulated link: 100 ms, 1 % loss, 100 Mbit/s
    Benchmarks/Transfer/transfer.py talk           a line of talk every 200 ms, with and without a
                                                   transfer of 100 MB: 100 ms, 10 Mbit/s
    Benchmarks/Transfer/transfer.py --assert …     exit status 1 when a target is missed

transfer-bench holds one end of a session in each of two processes, on the sockets that chatd uses;
the receiver compares every byte. What passes a link is decided by a seed (Tests/Link); the pair of
a session and a TCP connection has the same. `link` and `talk` need root, and say so without.
"""

import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "EndToEndTests"))

from support.network import Network, tcp_megabits, what_is_missing  # noqa: E402

PORT = 23490
TRANSFER_BYTES = 100_000_000
LOOPBACK_MB_PER_SECOND_MIN = 300
TCP_SHARE_MIN = 0.70
TALK_DELAY_MS_MAX = 200
TALK_GAP_MS = 200
FAR = "delay 50 loss 0.01 rate 100 queue 100"
SLOW = "delay 50 rate 10 queue 100"
LIMIT_SECONDS = 240

Result = collections.namedtuple("Result", "sender receiver")


def spread(values, form="%.1f"):
    """The least, the median and the greatest."""
    three = min(values), statistics.median(values), max(values)
    return " / ".join(form % value for value in three)


def ended(process):
    """What a process wrote that must succeed."""
    try:
        output, errors = process.communicate(timeout=LIMIT_SECONDS)
    finally:
        process.kill()
    if process.returncode != 0:
        raise RuntimeError(f"{process.args} failed: {output} {errors}")
    return json.loads(output.splitlines()[-1])


def start(words, host):
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    if host:
        return host.start(*words, **streams)
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, **streams)


def transfer(bench, *words, address="127.0.0.1", hosts=(None, None)):
    """One session; `hosts` are the sender's and the receiver's networks."""
    receiver = start([bench, "receive", "--port", str(PORT)], hosts[1])
    try:
        if receiver.stdout.readline() != "ready\n":
            raise RuntimeError(f"no receiver: {receiver.stderr.read()}")
        sender = start([bench, "send", "--host", address, "--port", str(PORT), *words], hosts[0])
        return Result(ended(sender), ended(receiver))
    finally:
        receiver.kill()
        receiver.wait()


def loopback(options):
    results = [transfer(options.bench, "--bytes", str(TRANSFER_BYTES))
               for _ in range(options.runs)]
    rates = [result.sender["megabytes_per_second"] for result in results]
    print(f"loopback, 100 MB, {options.runs} runs; least / median / greatest")
    print(f"  MB/s                    {spread(rates, '%.0f')}")
    for name, end in (("sender", 0), ("receiver", 1)):
        seconds = [result[end]["cpu_seconds"] for result in results]
        print(f"  CPU s of the {name:10} {spread(seconds, '%.2f')}")
    lost, datagram, trip = (
        [result.sender[name] for result in results]
        for name in ("lost_bytes", "datagram_bytes", "round_trip_ms"))
    print(f"  lost bytes              {spread(lost, '%d')}")
    print(f"  bytes of a datagram     {spread(datagram, '%d')}")
    print(f"  smoothed round trip, ms {spread(trip, '%.2f')}")
    if statistics.median(rates) < LOOPBACK_MB_PER_SECOND_MIN:
        return [f"loopback: {statistics.median(rates):.0f} MB/s"]
    return []


def link(options):
    ours, theirs = [], []
    print(f"link ({FAR}), {options.seconds} s each: Mbit/s, TCP's, lost MB, round trip")
    for seed in range(1, options.pairs + 1):
        for kind in ("session", "tcp") if seed % 2 else ("tcp", "session"):
            with Network() as network:
                sender, receiver = network.host(), network.host()
                path = network.link(sender, receiver, seed=seed)
                path.set(FAR)
                if kind == "tcp":
                    theirs.append(tcp_megabits(path, sender, receiver, options.seconds))
                    continue
                result = transfer(
                    options.bench, "--bytes", str(10 ** 10), "--seconds", str(options.seconds),
                    address=path.address(receiver), hosts=(sender, receiver))
                ours.append(result.sender["megabytes_per_second"] * 8)
        print(f"  seed {seed}: {ours[-1]:6.1f} {theirs[-1]:6.1f} "
              f"{result.sender['lost_bytes'] / 1e6:6.1f} {result.sender['round_trip_ms']:6.1f}",
              flush=True)
    shares = [own / other for own, other in zip(ours, theirs)]
    print(f"  share of TCP's {spread(shares, '%.2f')}")
    if statistics.median(shares) < TCP_SHARE_MIN:
        return [f"link: {statistics.median(shares):.2f} of TCP's"]
    return []


def talk(options):
    delays = {}
    for name, count in (("alone", 0), ("beside", TRANSFER_BYTES)):
        with Network() as network:
            sender, receiver = network.host(), network.host()
            path = network.link(sender, receiver, seed=1)
            path.set(SLOW)
            result = transfer(
                options.bench, "--bytes", str(count), "--seconds", str(options.seconds),
                "--talk", str(TALK_GAP_MS), address=path.address(receiver),
                hosts=(sender, receiver))
            delays[name] = result.receiver["delays_ms"]
            print(f"talk {name} ({SLOW}): {len(delays[name])} lines, ms {spread(delays[name])}; "
                  f"{result.sender['megabytes_per_second'] * 8:.1f} Mbit/s of transfer, "
                  f"lost MB {result.sender['lost_bytes'] / 1e6:.1f}", flush=True)
    later = max(delays["beside"]) - statistics.median(delays["alone"])
    print(f"  delayed by {later:.0f} ms at most")
    return [f"talk: delayed by {later:.0f} ms"] if later > TALK_DELAY_MS_MAX else []


BENCHMARKS = {"loopback": loopback, "link": link, "talk": talk}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", default=ROOT / ".build" / "release" / "transfer-bench")
    parser.add_argument("--runs", type=int, default=5, help="over loopback (5)")
    parser.add_argument("--pairs", type=int, default=4, help="over the link (4)")
    parser.add_argument("--seconds", type=int, default=20, help="of each over a link (20)")
    parser.add_argument("--assert", dest="strict", action="store_true")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="BENCHMARK")
    options = parser.parse_args()
    options.bench = str(pathlib.Path(options.bench).resolve())
    missed = []
    missing = what_is_missing()
    for name in options.names or BENCHMARKS:
        if name != "loopback" and missing:
            print(f"{name}: skipped, {missing}")
        else:
            missed += BENCHMARKS[name](options)
    for line in missed:
        print("missed:", line)
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())

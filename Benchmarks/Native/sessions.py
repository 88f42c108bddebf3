"""Sessions of chatd alone: a rate that is offered, many joins, silence, handshakes, a flood."""

import contextlib
import pathlib
import socket
import statistics
import tempfile
import time

from bench import Load, Server, chatd_command, memory
from subjects import build_flood, native_subject
from turns import print_table

RATE_CLIENTS = 200
RATE_DELIVERIES = 800_000  # a second
RATE_SECONDS = 5
RATE_P99_MAX_US = 5_000

JOINS = 5_000
JOINS_AT_ONCE = 256
JOIN_SECONDS_MAX = 5.0

IDLE_SIZES = (10_000, 20_000)
IDLE_BYTES_MAX = 2_048
IDLE_SECONDS = 30
KEEP_ALIVE_SECONDS = 10

HANDSHAKES = 10_000
HANDSHAKES_MIN = 3_000  # for each second of CPU time

FLOOD_CLIENTS = 50
FLOOD_RATE = 20_000
FLOOD_MESSAGES = (200, 400)  # a second, and in all
FLOOD_RATIO_MAX = 2.0
FLOODS = {"Hello": "--hellos", "Init, forged cookie": "--forged", "Init, garbage": "--garbage"}


@contextlib.contextmanager
def chatd_with(options, clients, *load_options):
    """A fresh server whose native clients have joined, and the CPU seconds that it took before
    they came."""
    subject = native_subject(options, *load_options)
    with tempfile.TemporaryDirectory(prefix="native-") as folder:
        command = chatd_command(options.chatd, options.port)
        server = Server(command, options.port, pathlib.Path(folder))
        try:
            time.sleep(0.2)  # what it does when it starts
            server.empty_memory = memory(server.process.pid)
            server.empty_cpu = server.cpu()
            server.join(subject.load(options.port, clients))
            time.sleep(0.05)
            yield server
        finally:
            server.stop()


def runs(options):
    return range(1 if options.quick else 3)


def rate(options):
    """800,000 deliveries a second are offered to 200 clients."""
    messages = RATE_DELIVERIES // RATE_CLIENTS
    rows, missed = [], []
    for _ in runs(options):
        with chatd_with(options, RATE_CLIENTS) as server:
            server.slice("measure 32 500")
            seen = server.slice(f"rate {messages} {messages * RATE_SECONDS}")
        rows.append(
            [
                f"{seen['deliveries'] / seen['wall_seconds']:,.0f}",
                f"{seen['lost']:,}",
                f"{seen['latency_p50_us'] / 1000:.2f}",
                f"{seen['latency_p99_us'] / 1000:.2f}",
                f"{seen['server_nanoseconds'] / 1e9 / seen['wall_seconds']:.2f}",
                f"{seen['load_cpu_seconds'] / seen['wall_seconds']:.2f}",
            ]
        )
        if seen["lost"] or seen["latency_p99_us"] > RATE_P99_MAX_US:
            missed.append(f"rate: {rows[-1][1]} lost, p99 {rows[-1][3]} ms")
    print_table(
        ["deliveries/s", "lost", "p50 ms", "p99 ms", "server's CPUs", "load's CPUs"], rows
    )
    return missed


def joins(options):
    """5,000 clients join as fast as they can; each must be welcomed and know of all others."""
    count = JOINS // 5 if options.quick else JOINS
    rows, missed = [], []
    for _ in runs(options):
        with chatd_with(
            options, count, "--informed", 1, "--at-once", JOINS_AT_ONCE
        ) as server:
            seen, used = server.joined, (server.cpu() - server.empty_cpu) / 1e9
        rows.append(
            [
                f"{count:,}",
                f"{seen['in_seconds']:.2f}",
                f"{seen['informed_seconds']:.2f}",
                f"{used:.2f}",
                f"{seen['load_cpu_seconds']:.2f}",
            ]
        )
        if seen["informed_seconds"] > JOIN_SECONDS_MAX:
            missed.append(f"joins: {rows[-1][2]} s, not {JOIN_SECONDS_MAX}")
    print_table(["clients", "all in, s", "all know, s", "server's CPU s", "load's CPU s"], rows)
    return missed


def idle(options):
    """Memory for each session that is silent, and CPU time meanwhile."""
    rows, missed = [], []
    for count in [1_000] if options.quick else IDLE_SIZES:
        with chatd_with(options, count, "--at-once", JOINS_AT_ONCE) as server:
            time.sleep(2)  # the last acknowledgements
            before = server.cpu()
            time.sleep(IDLE_SECONDS)
            used = server.cpu() - before
            resident, proportional = (
                (full - empty) / count
                for full, empty in zip(memory(server.process.pid), server.empty_memory)
            )
        keep_alives = count * IDLE_SECONDS / KEEP_ALIVE_SECONDS
        rows.append(
            [
                f"{count:,}",
                f"{resident:,.0f}",
                f"{proportional:,.0f}",
                f"{used / 1e6 / IDLE_SECONDS:.2f}",
                f"{used / 1e3 / keep_alives:.1f}",
                f"{server.joined['in_seconds']:.1f}",
            ]
        )
        if resident > IDLE_BYTES_MAX and not options.quick:
            missed.append(f"idle: {rows[-1][1]} bytes for each of {count:,} sessions")
    print_table(
        ["sessions", "VmRSS B each", "Pss B each", "CPU ms/s", "µs per keep-alive", "joined in s"],
        rows,
    )
    return missed


def handshakes(options):
    """Handshakes for each second of the server's CPU time: Hello and Init, no join."""
    count = HANDSHAKES // 5 if options.quick else HANDSHAKES
    rows, missed = [], []
    for _ in runs(options):
        with chatd_with(options, count, "--joins", 0) as server:
            used = (server.cpu() - server.empty_cpu) / 1e9
            wall = server.joined["in_seconds"]
        rows.append([f"{count:,}", f"{count / used:,.0f}", f"{count / wall:,.0f}"])
        if count / used < HANDSHAKES_MIN:
            missed.append(f"handshakes: {rows[-1][1]} a second of CPU time, not {HANDSHAKES_MIN}")
    print_table(["handshakes", "per CPU second", "per second"], rows)
    return missed


# ---- A flood ----


def latencies(server):
    """p50 and p99 of messages to the clients that are there, in µs."""
    seen = server.slice("rate {} {}".format(*FLOOD_MESSAGES))
    if seen["lost"]:
        return float("inf"), float("inf")
    return seen["latency_p50_us"], seen["latency_p99_us"]


def during_flood(program, kind, port, server):
    """The latencies while a flood goes to the port."""
    flooding = Load([program, "--port", port, FLOODS[kind], FLOOD_RATE])
    try:
        time.sleep(0.6)  # it asks for its cookies first
        return latencies(server)
    finally:
        flooding.stop()


def flood(options):
    """Latencies while somebody floods the server.

    The generator of the flood takes time of the load's processor, so what counts is the ratio to
    the latencies while the same flood goes to a socket that drops it."""
    program = build_flood(options.build)
    rows, missed = [], []
    with chatd_with(options, FLOOD_CLIENTS, "--nap", 50) as server, socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM
    ) as sink:
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sink.bind(("127.0.0.1", 0))
        latencies(server)
        for kind in FLOODS:
            ratios, seen = [], []
            for _ in range(3 if options.quick else 5):
                aside = during_flood(program, kind, sink.getsockname()[1], server)
                under = during_flood(program, kind, options.port, server)
                seen.append((latencies(server), aside, under))
                ratios.append([new / old for new, old in zip(under, aside)])
            row = [kind, f"{FLOOD_RATE:,}"]
            for place in range(3):
                row += [
                    f"{statistics.median(one[place][percentile] for one in seen):,.0f}"
                    for percentile in (0, 1)
                ]
            middle = [statistics.median(column) for column in zip(*ratios)]
            rows.append(row + [f"{ratio:.2f}" for ratio in middle])
            if max(middle) > FLOOD_RATIO_MAX:
                missed.append(f"flood of {kind}: latency {max(middle):.2f} times as long")
    header = ["flood", "a second", "no flood p50 µs", "p99", "aside p50", "p99", "flooded p50"]
    print_table([*header, "p99", "p50 ratio", "p99 ratio"], rows)
    return missed

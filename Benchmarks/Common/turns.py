"""Servers that are measured by turns, and the tables that show it.

A pass starts every server afresh, each with a load that joins its clients. Then the same load goes
to them in short slices by turns, forwards and then backwards (ABC CBA …), so that a machine that
becomes slower or faster does so for all of them. Passes follow each other with new processes, and
the order in a pass rotates. A cost is the server's CPU time between the two ends of a slice (joins
and warm-up are outside), divided by what its clients received.
"""

import contextlib
import dataclasses
import pathlib
import statistics
import sys

from bench import ROOT, SLICE_SECONDS, Failure, Server, build_classic_load, build_relay

def keep_window(window, messages):
    """The command that keeps so many of so many messages in flight."""
    return f"measure {window} {messages}"


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is measured: `server(port)` and `load(port, clients)` give the arguments that start
    them, `command(window, messages)` what the load is told."""

    server: object
    load: object
    command: object = keep_window


def load_arguments(program, *options):
    """The `load` of a subject whose load generator is this."""
    return lambda port, clients: [
        program,
        "--port",
        port,
        "--clients",
        clients,
        "--seconds",
        SLICE_SECONDS,
        *options,
    ]


def relay_subject(folder):
    """The relay in C, with classic clients."""
    relay = build_relay(folder)
    return Subject(
        lambda port: [relay, "--bind", "127.0.0.1", "--port", port],
        load_arguments(build_classic_load(folder)),
    )


@dataclasses.dataclass(frozen=True)
class Turn:
    """One thing to measure in each pass. A tenth of the messages warm up."""

    window: int
    messages: int

    @property
    def warm_up(self):
        return max(2 * self.window, self.messages // 10)


class Total:
    """What the slices of one server in one pass add up to."""

    def __init__(self):
        self.nanoseconds = self.deliveries = self.lost = self.stray = 0
        self.load_seconds = 0.0
        self.p50, self.p99 = [], []

    def add(self, seen):
        self.nanoseconds += seen["server_nanoseconds"]
        self.deliveries += seen["deliveries"]
        self.lost += seen["lost"]
        self.stray += seen["stray"]
        self.load_seconds += seen["load_cpu_seconds"]
        self.p50.append(seen["latency_p50_us"])
        self.p99.append(seen["latency_p99_us"])

    @property
    def cost(self):
        """Microseconds of the server's CPU time for each delivery."""
        if not self.deliveries:
            raise Failure("nothing was delivered")
        return self.nanoseconds / self.deliveries / 1000

    @property
    def load_cost(self):
        return self.load_seconds * 1e6 / self.deliveries


def run_pass(subjects, clients, turns, slices, rotation, first_port, home):
    """Starts every server once and measures all turns; returns {window: {server: Total}}."""
    names = list(subjects)
    rotated = names[rotation % len(names) :] + names[: rotation % len(names)]
    totals = {turn.window: {name: Total() for name in names} for turn in turns}
    with contextlib.ExitStack() as stack:
        servers = {}
        for port, name in enumerate(rotated, first_port):
            server = servers[name] = Server(subjects[name].server(port), port, home)
            stack.callback(server.stop)
            server.join(subjects[name].load(port, clients))
        for turn in turns:
            for name in rotated:
                servers[name].slice(subjects[name].command(turn.window, turn.warm_up))
            for repetition in range(slices):
                for name in rotated if repetition % 2 == 0 else reversed(rotated):
                    command = subjects[name].command(turn.window, turn.messages)
                    totals[turn.window][name].add(servers[name].slice(command))
    return totals


def run_passes(subjects, sizes, turns_of, options, home):
    """`options.pairs` passes over all numbers of clients; returns {(clients, window): [{server:
    Total}, …]}. `turns_of(clients)` gives the turns."""
    results = {}
    for rotation in range(options.pairs):
        for clients in sizes:
            print(
                f"pair {rotation + 1} of {options.pairs}, {clients:,} clients", file=sys.stderr
            )
            for window, totals in run_pass(
                subjects, clients, turns_of(clients), options.slices, rotation, options.port, home
            ).items():
                results.setdefault((clients, window), []).append(totals)
    return results


# ---- Showing ----


def spread(values, digits):
    """The least, the median and the greatest."""
    return " / ".join(
        f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values))
    )


def median(passes, of):
    return statistics.median(of(one) for one in passes)


def who(passes, figure):
    """`lost` or `stray` summed for each server, those that are zero left out."""
    sums = {name: sum(getattr(one[name], figure) for one in passes) for name in passes[0]}
    return ", ".join(f"{name} {count}" for name, count in sums.items() if count) or "0"


def add_driver_options(parser, first_port):
    """What the programs that compare servers are told."""
    parser.add_argument(
        "--chatd", type=pathlib.Path, default=ROOT / ".build/release/chatd", metavar="PATH"
    )
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / ".build/benchmarks", metavar="FOLDER"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=first_port,
        metavar="PORT",
        help=f"the first that servers take ({first_port})",
    )
    parser.add_argument(
        "--slices", type=int, default=4, metavar="N", help="of one server in a pair, even (4)"
    )
    parser.add_argument("--quick", action="store_true", help="a short look")


def print_table(header, rows):
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")

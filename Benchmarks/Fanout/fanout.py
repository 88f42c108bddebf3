#!/usr/bin/env python3
"""Fan-out: what `chatd` costs per delivered datagram, held against a minimal relay in C.

    Benchmarks/Fanout/fanout.py                   all sizes, 5 pairs each, about 3 minutes
    Benchmarks/Fanout/fanout.py --quick           fewer and shorter, about half a minute
    Benchmarks/Fanout/fanout.py --assert          exit status 1 when a median ratio exceeds 1.10
    Benchmarks/Fanout/fanout.py --noise-only      only the relay against itself; needs no chatd

For every number of clients, three servers are started afresh: `chatd`, the relay, and the relay
once more. The same load (classic dialect, 100-byte messages, one speaker; see load.c) goes to them
in short slices by turns, forwards and then backwards (ABC CBA …), so that a machine that becomes
slower or faster does so for all of them. One such pass gives a pair: the ratio of chatd's cost to
the relay's. The second relay's cost to the first's is an A/A ratio, which shows how much of a ratio
is noise. Passes over the sizes follow each other, each with new processes, and the order in a pass
rotates.

A server's cost is the CPU time of all its threads, in user and kernel mode, from
/proc/PID/task/*/schedstat in nanoseconds, between the two ends of a slice (joins and warm-up are
outside), divided by the datagrams that its clients received. The kernel does a loopback receiver's
half of the work in the sender's time, so it is in there, for all three. With two processors or
more, servers run on one and the load on another.

Loss is reported; a figure with loss is suspect. Nothing but loopback is used, and everything has a
time limit.
"""

import argparse
import contextlib
import json
import os
import pathlib
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RATIO_MAX = 1.10
WINDOWS = (1, 32)
START_SECONDS = 10
JOIN_SECONDS = 120
SLICE_SECONDS = 30
SETTLE_SECONDS = 0.01


class Failure(Exception):
    pass


def build(folder):
    """Compiles the relay and the load generator; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    programs = []
    for name in ("relay", "load"):
        program = folder / name
        compiler = os.environ.get("CC", "cc")
        subprocess.run(
            [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, HERE / f"{name}.c"],
            check=True,
        )
        programs.append(program)
    return programs


def processors():
    """One processor for the servers and one for the load; None where there is only one."""
    available = sorted(os.sched_getaffinity(0))
    return ({available[0]}, {available[1]}) if len(available) > 1 else (None, None)


def start(arguments, processor, **streams):
    def settle_down():
        if processor:
            os.sched_setaffinity(0, processor)

    return subprocess.Popen(
        [str(argument) for argument in arguments], preexec_fn=settle_down, **streams
    )


def chatd_command(program):
    """A server without limits that the benchmarks would run into; the caller adds the port."""
    return [
        program.resolve(),
        "serve",
        "--bind",
        "127.0.0.1",
        "--quiet",
        "--messages-per-second",
        "0",
        "--joins-per-second",
        "0",
        "--clients-max",
        "20000",
    ]


def private_environment(home):
    """So that a server neither reads nor writes anything of the user's."""
    folders = (
        "HOME",
        "XDG_STATE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
        "XDG_RUNTIME_DIR",
    )
    return {**os.environ, **{folder: str(home) for folder in folders}}


def is_bound(port):
    """Whether a UDP socket of this machine is bound to the port."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with contextlib.suppress(FileNotFoundError), open(table) as rows:
            if any(row.split()[1].endswith(wanted) for row in list(rows)[1:]):
                return True
    return False


def cpu_nanoseconds(pid):
    """CPU time of all threads of a process."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(
            f"/proc/{pid}/task/{thread}/schedstat"
        ) as figures:
            total += int(figures.read().split()[0])
    return total


class Server:
    """A chat server with its clients, all joined and silent until a slice is measured."""

    def __init__(self, arguments, port, load, clients, home):
        server_processor, load_processor = processors()
        self.messages_of_server = open(home / f"stderr-{port}", "w+")
        self.load = None
        self.process = start(
            arguments,
            server_processor,
            env=private_environment(home),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.messages_of_server,
        )
        try:
            self.wait_until_bound(port)
            self.load = start(
                [load, "--port", port, "--clients", clients, "--seconds", SLICE_SECONDS],
                load_processor,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            self.answer(JOIN_SECONDS)
        except BaseException:
            self.stop()
            raise

    def wait_until_bound(self, port):
        limit = time.monotonic() + START_SECONDS
        while not is_bound(port):
            if self.process.poll() is not None or time.monotonic() > limit:
                raise Failure(f"{self.process.args[0]} did not start: {self.last_words()}")
            time.sleep(0.01)

    def last_words(self):
        self.messages_of_server.seek(0)
        return self.messages_of_server.read()[-500:].strip()

    def answer(self, limit):
        """The next line of the load generator."""
        readable, _, _ = select.select([self.load.stdout], [], [], limit)
        line = self.load.stdout.readline() if readable else b""
        if not line:
            raise Failure(f"no answer from the load on {self.process.args[0]}: {self.last_words()}")
        return json.loads(line)

    def slice(self, window, messages):
        """One stretch of load: what the load generator saw, and the server's CPU time."""
        before = cpu_nanoseconds(self.process.pid)
        self.load.stdin.write(f"measure {window} {messages}\n".encode())
        self.load.stdin.flush()
        seen = self.answer(SLICE_SECONDS + 10)
        time.sleep(SETTLE_SECONDS)  # a thread's figure is exact once the thread sleeps
        seen["server_nanoseconds"] = cpu_nanoseconds(self.process.pid) - before
        return seen

    def stop(self):
        """The server first: its clients do not leave, and it need not see their ports close."""
        self.process.terminate()
        end(self.process)
        if self.load:
            self.load.stdin.close()
            end(self.load)
            self.load.stdout.close()
        self.messages_of_server.close()


def end(process):
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Total:
    """What the slices of one server in one pass add up to."""

    def __init__(self):
        self.nanoseconds = self.deliveries = self.lost = self.stray = 0
        self.load_seconds = 0.0

    def add(self, seen):
        self.nanoseconds += seen["server_nanoseconds"]
        self.deliveries += seen["deliveries"]
        self.lost += seen["lost"]
        self.stray += seen["stray"]
        self.load_seconds += seen["load_cpu_seconds"]

    @property
    def cost(self):
        """Microseconds per delivered datagram."""
        if not self.deliveries:
            raise Failure("nothing was delivered")
        return self.nanoseconds / self.deliveries / 1000

    @property
    def load_cost(self):
        return self.load_seconds * 1e6 / self.deliveries


def run_pass(commands, load, clients, options, turn, home):
    """Starts every server once and measures all windows; returns {window: {server: Total}}."""
    names = list(commands)
    rotated = names[turn % len(names) :] + names[: turn % len(names)]
    messages = max(1, options.deliveries // (clients - 1))
    totals = {window: {name: Total() for name in names} for window in WINDOWS}
    with contextlib.ExitStack() as stack:
        servers = {}
        for offset, name in enumerate(rotated):
            port = options.port + offset
            if is_bound(port):
                raise Failure(f"port {port} is taken; choose others with --port")
            servers[name] = Server(commands[name] + ["--port", port], port, load, clients, home)
            stack.callback(servers[name].stop)
        for window in WINDOWS:
            for name in rotated:
                servers[name].slice(window, max(2 * window, messages // 10))
            for repetition in range(options.slices):
                for name in rotated if repetition % 2 == 0 else reversed(rotated):
                    totals[window][name].add(servers[name].slice(window, messages))
    return totals


def spread(values, digits):
    return " / ".join(
        f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values))
    )


def report(results, names):
    """Prints the table; returns the medians of the ratios that are judged."""
    subject = "chatd" if "chatd" in names else None
    header = ["clients", "in flight", "relay µs"]
    header += ["chatd µs", "ratio min / median / max"] if subject else []
    header += ["A/A min / median / max", "load µs", "lost", "stray"]
    rows, medians = [], []
    for (clients, window), passes in sorted(results.items()):
        row = [
            f"{clients:,}",
            str(window),
            f"{statistics.median(one['relay'].cost for one in passes):.2f}",
        ]
        if subject:
            ratios = [one[subject].cost / one["relay"].cost for one in passes]
            medians.append(statistics.median(ratios))
            row += [
                f"{statistics.median(one[subject].cost for one in passes):.2f}",
                spread(ratios, 3),
            ]
        row.append(spread([one["relay again"].cost / one["relay"].cost for one in passes], 3))
        row.append(
            f"{statistics.median(total.load_cost for one in passes for total in one.values()):.2f}"
        )
        for figure in ("lost", "stray"):
            sums = {name: sum(getattr(one[name], figure) for one in passes) for name in names}
            row.append(", ".join(f"{name} {count}" for name, count in sums.items() if count) or "0")
        rows.append(row)
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
    return medians


def parse():
    parser = argparse.ArgumentParser(
        description="CPU time per delivered datagram: chatd against a minimal relay in C.",
        epilog="The table shows microseconds of CPU time per delivered datagram (medians).",
    )
    parser.add_argument(
        "--chatd", type=pathlib.Path, default=ROOT / ".build/release/chatd", metavar="PATH"
    )
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
    parser.add_argument(
        "--slices", type=int, default=4, metavar="N", help="of one server in a pair, even (4)"
    )
    parser.add_argument(
        "--port", type=int, default=23450, metavar="PORT", help="first of three UDP ports (23450)"
    )
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / ".build/benchmarks", metavar="FOLDER"
    )
    parser.add_argument("--quick", action="store_true", help="a short look")
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
    relay, load = build(options.build.resolve())
    commands = {}
    if not options.noise_only:
        commands["chatd"] = chatd_command(options.chatd)
    commands["relay"] = commands["relay again"] = [relay, "--bind", "127.0.0.1"]

    results = {(clients, window): [] for clients in options.clients for window in WINDOWS}
    with tempfile.TemporaryDirectory(prefix="fanout-") as home:
        for turn in range(options.pairs):
            for clients in options.clients:
                print(f"pair {turn + 1} of {options.pairs}, {clients:,} clients", file=sys.stderr)
                for window, totals in run_pass(
                    commands, load, clients, options, turn, pathlib.Path(home)
                ).items():
                    results[clients, window].append(totals)
    medians = report(results, list(commands))
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

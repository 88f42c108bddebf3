#!/usr/bin/env python3
"""Footprint: the memory that `chatd serve` spends on a joined client, and how soon after its start
one can join.

    Benchmarks/Fanout/footprint.py                both; some 3 minutes, most of them for joining
    Benchmarks/Fanout/footprint.py --quick        1,000 clients and 5 starts, a few seconds

Memory: one server; its VmRSS (/proc/PID/status) and Pss (/proc/PID/smaps_rollup) with no client,
with a tenth of the clients and with all of them. Bytes per client is the growth from none to all
divided by their number; the growth from the tenth on leaves out what the server touches once, with
the first clients. Every client is a socket of its own that stays open, since a closed port would
answer "unreachable". They join in the classic dialect, at the pace at which the first of them sees
the notices of the others. The others read nothing: their receive buffers are the smallest there
are, and what does not fit is dropped. That all have joined is checked with the server's own count,
the `clients=N` that it logs upon SIGUSR1.

Start: the time from spawning the server until a client receives its `Welcome`. The client's socket
is there before; it sends `x:join` every half a millisecond until it is answered. CPU time is that
of the server until then. Shown are the median, the least and the greatest of the runs.

Nothing but loopback is used, and everything has a time limit.
"""

import argparse
import contextlib
import os
import pathlib
import re
import resource
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Common"))

from bench import (
    ROOT,
    Failure,
    chatd_command,
    cpu_nanoseconds,
    end,
    is_bound,
    memory,
    private_environment,
)

START_SECONDS = 10
JOIN_SECONDS = 900
QUIET_SECONDS = 10
SUMMARY_SECONDS = 5
JOINS_IN_FLIGHT = 32
RETRY_SECONDS = 0.0005
DATAGRAM_MAX = 65536


class Crowd:
    """Many clients, of which the first reads what it is sent."""

    def __init__(self, port):
        self.server = ("127.0.0.1", port)
        self.sockets = []
        self.noticed = 0

    def join_until(self, count):
        limit = time.monotonic() + JOIN_SECONDS
        while self.noticed + 1 < count:
            while len(self.sockets) < min(count, self.noticed + 1 + JOINS_IN_FLIGHT):
                self.join_one()
            if (
                time.monotonic() > limit
                or not select.select([self.sockets[0]], [], [], QUIET_SECONDS)[0]
            ):
                raise Failure(f"only {self.noticed + 1} of {count} clients could join")
            with contextlib.suppress(BlockingIOError):
                while True:
                    self.noticed += (
                        self.sockets[0].recv(DATAGRAM_MAX).endswith(b" has joined the chat.")
                    )
        print(f"{count:,} clients joined", file=sys.stderr)

    def join_one(self):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 if self.sockets else 1 << 22)
        client.connect(self.server)
        client.send(f"m{len(self.sockets):05} has joined the chat.".encode())
        self.sockets.append(client)

    def close(self):
        for client in self.sockets:
            client.close()


def summary_count(server, log):
    """The number of clients that the server itself reports."""
    log.seek(0, os.SEEK_END)
    begin = log.tell()
    server.send_signal(signal.SIGUSR1)
    limit = time.monotonic() + SUMMARY_SECONDS
    while time.monotonic() < limit:
        log.seek(begin)
        if found := re.search(r"\bclients=(\d+)\b", log.read()):
            return int(found[1])
        time.sleep(0.01)
    raise Failure("the server logs no summary upon SIGUSR1")


def wait_until_bound(server, port):
    limit = time.monotonic() + START_SECONDS
    while not is_bound(port):
        if server.poll() is not None or time.monotonic() > limit:
            raise Failure("the server did not start")
        time.sleep(0.01)


def measure_memory(command, port, clients, home):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients + 64
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    samples = []
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(open(home / "stderr", "w+"))
        crowd = Crowd(port)
        stack.callback(crowd.close)
        server = subprocess.Popen(
            command,
            cwd=home,
            env=private_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        stack.callback(end, server)
        stack.callback(server.terminate)
        wait_until_bound(server, port)
        for count in (0, clients // 10, clients):
            if count:
                crowd.join_until(count)
            time.sleep(0.5)  # the last notices are still on their way
            if (counted := summary_count(server, log)) != count:
                raise Failure(f"the server counts {counted} clients instead of {count}")
            samples.append((count, *memory(server.pid)))
    return samples


def report_memory(samples):
    print("| clients |    VmRSS KiB |      Pss KiB |\n| ------- | ------------ | ------------ |")
    for count, resident, proportional in samples:
        print(f"| {count:7,} | {resident // 1024:12,} | {proportional // 1024:12,} |")
    last = samples[-1]
    for first in samples[:-1]:
        joined = last[0] - first[0]
        print(
            f"bytes per client, from {first[0]:,} to {last[0]:,}: "
            f"VmRSS {(last[1] - first[1]) / joined:.0f}, Pss {(last[2] - first[2]) / joined:.0f}"
        )


def first_join(command, port, home):
    """Seconds from spawning the server to a client's welcome, and its CPU seconds until then."""
    quiet = [
        (os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in (0, 1, 2)
    ]
    environment = private_environment(home)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        begin = time.monotonic()
        server = os.posix_spawn(command[0], command, environment, file_actions=quiet)
        try:
            while not select.select([client], [], [], RETRY_SECONDS)[0]:
                if time.monotonic() - begin > START_SECONDS:
                    raise Failure("the server did not welcome a client")
                client.sendto(b"x:join", ("127.0.0.1", port))
            elapsed = time.monotonic() - begin
            if (answer := client.recv(DATAGRAM_MAX)) != b"Welcome":
                raise Failure(f"the server answered {answer!r} instead of Welcome")
            time.sleep(0.002)  # a thread's figure is exact once the thread sleeps
            return elapsed, cpu_nanoseconds(server) / 1e9
        finally:
            stop(server)


def stop(pid):
    os.kill(pid, signal.SIGTERM)
    limit = time.monotonic() + START_SECONDS
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > limit:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def report_start(runs):
    for what, values in zip(("start to first join", "CPU time until then"), zip(*runs)):
        print(
            f"{what}: median {statistics.median(values) * 1e3:.2f} ms, "
            f"min {min(values) * 1e3:.2f}, max {max(values) * 1e3:.2f}, {len(values)} runs"
        )


def parse():
    parser = argparse.ArgumentParser(
        description="Memory per joined client, and time from start to first join."
    )
    parser.add_argument(
        "--chatd", type=pathlib.Path, default=ROOT / ".build/release/chatd", metavar="PATH"
    )
    parser.add_argument(
        "--clients", type=int, metavar="N", help="joined clients (10000; with --quick 1000)"
    )
    parser.add_argument("--starts", type=int, metavar="N", help="runs (21; with --quick 5)")
    parser.add_argument(
        "--port", type=int, default=23460, metavar="PORT", help="UDP port of the server (23460)"
    )
    parser.add_argument("--quick", action="store_true", help="a short look")
    options = parser.parse_args()
    options.clients = options.clients or (1000 if options.quick else 10_000)
    options.starts = options.starts or (5 if options.quick else 21)
    if options.clients < 20 or options.starts < 1:
        parser.error("at least 20 clients and one start")
    if not os.access(options.chatd, os.X_OK):
        parser.error(f"{options.chatd} is no program: swift build -c release, or give --chatd")
    return options


def main():
    options = parse()
    command = [str(part) for part in chatd_command(options.chatd, options.port)]
    if is_bound(options.port):
        raise Failure(f"port {options.port} is taken; choose another with --port")
    with tempfile.TemporaryDirectory(prefix="footprint-") as home:
        report_start(
            [first_join(command, options.port, pathlib.Path(home)) for _ in range(options.starts)]
        )
        report_memory(measure_memory(command, options.port, options.clients, pathlib.Path(home)))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        main()
    except Failure as failure:
        sys.exit(f"footprint: {failure}")
    except ConnectionError:
        sys.exit("footprint: the server ended too early")

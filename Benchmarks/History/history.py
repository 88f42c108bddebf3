#!/usr/bin/env python3
"""The history as people meet it: the real binary, a server and its clients over loopback.

    Benchmarks/History/history.py [--messages N] [--assert]

N (1,000,000) messages of 100 bytes are imported; then all of them are asked for, words are looked
for, and a client that was in the lobby before they came returns and catches up with them. Prints a
line for each; with --assert the exit status is 1 when a target is missed.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CATCH_UP_PER_SECOND_MIN = 200_000
SEARCH_MS_MAX = 50
SEARCHES = 20
PATIENCE_SECONDS = 120
TEXT = "{} of the words that people say to each other, such as w{} and w{}, until a line is full, "


class House:
    """A state folder with a server that comes and goes, and a folder for clients."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.state = os.path.join(folder, "server")
        os.mkdir(self.state)
        self.port = 0
        self.server = None
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "USER": "bench",
            "XDG_STATE_HOME": os.path.join(folder, "client"),
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}

    def start(self, *words, **streams):
        return subprocess.Popen([self.binary, *words], env=self.environment, **streams)

    def serve(self):
        self.server = self.start(
            "serve", "--state-dir", self.state, "--port", str(self.port), "--bind", "127.0.0.1",
            "--no-discovery", "--quiet", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        for line in self.server.stderr:
            if match := re.search(r"listening address=127\.0\.0\.1:(\d+)", line):
                self.port = int(match.group(1))
                self.environment["CHATD_SERVER"] = f"127.0.0.1:{self.port}"
                return
        raise RuntimeError("the server does not listen")

    def server_cpu(self):
        """Seconds of the processor that the server has used."""
        with open(f"/proc/{self.server.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(PATIENCE_SECONDS)
        if self.server:
            self.server.stderr.close()

    def take_in(self, first, count):
        """Imports messages; returns the seconds that it took."""
        path = os.path.join(self.folder, "lines")
        with open(path, "w", encoding="ascii") as file:
            for number in range(first, first + count):
                file.write(json.dumps({
                    "room": "lobby", "number": number, "time": 1_700_000_000_000 + number * 10,
                    "author": f"member{number % 50}",
                    "text": TEXT.format(number, number % 997, number % 99_991)}) + "\n")
        began = time.monotonic()
        subprocess.run(
            [self.binary, "import", "--quiet", "--state-dir", self.state, path],
            env=self.environment, check=True)
        return time.monotonic() - began

    def run(self, *words):
        """Runs a client to its end; returns its output's lines, seconds, and those of the
        processor."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        process = self.start(*words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        lines = sum(piece.count(b"\n") for piece in pieces(process))
        process.wait(PATIENCE_SECONDS)
        took = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return lines, took, cpu


def pieces(process):
    while piece := process.stdout.read1(1 << 20):
        yield piece


def show(house, count):
    for words in ([], ["--json"], ["--limit", str(count)]):
        used = house.server_cpu()
        since = [] if "--limit" in words else ["--since", "all"]
        lines, took, cpu = house.run("history", *since, *words)
        if lines != count:
            raise RuntimeError(f"{lines} lines of {count}")
        print(f"chatd history {' '.join(since + words):20} {count / took:9,.0f} messages/s; µs of "
              f"CPU each: server {(house.server_cpu() - used) / count * 1e6:.2f}, "
              f"client {cpu / count * 1e6:.2f}", flush=True)


def search(house):
    missed = []
    for what, words in (("in every message", ["people"]), ("two words", ["w99", "people"]),
                        ("a rare one", ["w99990"]), ("a phrase", ["other, such as w500"])):
        times = [house.run("search", *words)[1] * 1e3 for _ in range(SEARCHES)]
        print(f"chatd search, {what:16} {statistics.median(times):6.1f} ms, at most "
              f"{max(times):.1f}", flush=True)
        if statistics.median(times) > SEARCH_MS_MAX:
            missed.append(f"search, {what}: {statistics.median(times):.0f} ms")
    return missed


def return_after(house, first, count, *words):
    """A client is in the lobby, `count` messages come while there is no server, and it catches
    up."""
    client = house.start(
        "join", "--name", "Away", *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    try:
        # It has joined when somebody hears it.
        house.run("send", "--name", "Bell", "are you here?")
        client.stdout.readline()
        first += 1
        house.stop()
        house.take_in(first, count)
        house.serve()
        used, began, lines = house.server_cpu(), None, 0
        mark = f"{first + count - 1} of the".encode()
        tail = b""
        for piece in pieces(client):
            if b" of the words" in piece:
                began = began or time.monotonic()
            lines += piece.count(b"\n")
            tail = (tail + piece)[-(len(piece) + 4_096):]
            if mark in tail and lines >= count:
                break
        took = time.monotonic() - began
    finally:
        client.kill()
        client.wait()
    rate = count / took
    print(f"join {' '.join(words):8} catches up       {rate:9,.0f} messages/s; "
          f"µs of the server's CPU each: {(house.server_cpu() - used) / count * 1e6:.2f}",
          flush=True)
    return [] if rate >= CATCH_UP_PER_SECOND_MIN else [f"catch-up {words}: {rate:.0f} messages/s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / ".build" / "release" / "chatd"))
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--assert", dest="strict", action="store_true")
    options = parser.parse_args()
    count = options.messages
    with tempfile.TemporaryDirectory(prefix="chatd-history-") as folder:
        house = House(options.binary, folder)
        try:
            print(f"chatd import              {count / house.take_in(1, count):9,.0f} messages/s",
                  flush=True)
            house.serve()
            show(house, count)
            missed = search(house)
            missed += return_after(house, count + 1, count)
            missed += return_after(house, 2 * count + 2, count, "--json")
        finally:
            house.stop()
    for line in missed:
        print("missed:", line)
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())

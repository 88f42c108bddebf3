"""What the benchmarks share: building their C programs, starting servers and loads on processors of
their own, and measuring CPU time.

A server's cost is the CPU time of all its threads, in user and kernel mode, from
/proc/PID/task/*/schedstat in nanoseconds. The kernel does a loopback receiver's half of the work in
the sender's time, so it is in there, for every server. With two processors or more, servers run on
one and the load on another.
"""

import contextlib
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCHMARKS.parent
COMMON = [BENCHMARKS / "Common" / f"{name}.c" for name in ("flight", "options", "sockets")]
START_SECONDS = 10
JOIN_SECONDS = 120
SLICE_SECONDS = 30
SETTLE_SECONDS = 0.01
CLIENTS_MAX = 20_000


class Failure(Exception):
    pass


# ---- Programs ----


def build(folder, name, sources, libraries=()):
    """Compiles a C program and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    compiler = os.environ.get("CC", "cc")
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-o", program]
    subprocess.run(
        [compiler, *options, *sources, *(f"-l{library}" for library in (*libraries, "m"))],
        check=True,
    )
    return program


def build_relay(folder):
    return build(folder, "relay", [BENCHMARKS / "Fanout/relay.c"])


def build_classic_load(folder):
    return build(folder, "load", [BENCHMARKS / "Fanout/load.c", *COMMON])


def chatd_command(program, port):
    """A server without limits that the benchmarks would run into."""
    return [
        program.resolve(),
        "serve",
        "--bind",
        "127.0.0.1",
        "--quiet",
        # What it is compared with keeps nothing, either.
        "--no-history",
        "--messages-per-second",
        "0",
        "--joins-per-second",
        "0",
        "--clients-max",
        CLIENTS_MAX,
        "--port",
        port,
    ]


# ---- Processes ----


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


def end(process):
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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
    """Whether a UDP or a listening TCP socket of this machine is bound to the port."""
    wanted, listening = f":{port:04X}", "0A"
    for table in ("udp", "udp6", "tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/net/{table}") as rows:
            for row in list(rows)[1:]:
                fields = row.split()
                is_open = table.startswith("udp") or fields[3] == listening
                if is_open and fields[1].endswith(wanted):
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


def memory(pid):
    """Resident bytes and proportional resident bytes."""
    figures = {}
    for table in ("status", "smaps_rollup"):
        for line in pathlib.Path(f"/proc/{pid}/{table}").read_text().splitlines():
            field, _, value = line.partition(":")
            if field in ("VmRSS", "Pss"):
                figures[field] = int(value.split()[0]) * 1024
    return figures["VmRSS"], figures["Pss"]


class Load:
    """A load generator: it joins its clients, answers when it has, and then obeys commands."""

    def __init__(self, arguments):
        _, processor = processors()
        self.arguments = arguments
        self.process = start(
            arguments, processor, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def answer(self, limit):
        """Its next line."""
        readable, _, _ = select.select([self.process.stdout], [], [], limit)
        line = self.process.stdout.readline() if readable else b""
        if not line:
            raise Failure(f"no answer from {' '.join(str(part) for part in self.arguments)}")
        return json.loads(line)

    def tell(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.stdin.close()
        end(self.process)
        self.process.stdout.close()


class Server:
    """A server, and the load that speaks to it."""

    def __init__(self, arguments, port, home):
        if is_bound(port):
            raise Failure(f"port {port} is taken; choose others with --port")
        self.load = None
        self.joined = None
        self.messages = open(home / f"stderr-{port}", "w+")
        processor, _ = processors()
        self.process = start(
            arguments,
            processor,
            # A server of its own: names belong to the keys of those who used them last time.
            env=private_environment(tempfile.mkdtemp(dir=home)),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.messages,
        )
        try:
            self.wait_until_bound(port)
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
        self.messages.seek(0)
        return self.messages.read()[-500:].strip()

    def join(self, load_arguments):
        """Starts a load; returns what it says when all its clients have joined."""
        self.load = Load(load_arguments)
        self.joined = self.expect(JOIN_SECONDS)
        return self.joined

    def expect(self, limit):
        try:
            return self.load.answer(limit)
        except Failure as failure:
            raise Failure(f"{failure}; the server said: {self.last_words()}") from None

    def slice(self, command):
        """One stretch of load: what the load generator saw, and the server's CPU time."""
        before = self.cpu()
        self.load.tell(command)
        seen = self.expect(SLICE_SECONDS + 10)
        time.sleep(SETTLE_SECONDS)  # a thread's figure is exact once the thread sleeps
        seen["server_nanoseconds"] = self.cpu() - before
        return seen

    def cpu(self):
        return cpu_nanoseconds(self.process.pid)

    def stop(self):
        """The server first: its clients do not leave, and it need not see their ports close."""
        self.process.terminate()
        end(self.process)
        if self.load:
            self.load.stop()
        self.messages.close()

"""Hosts that have networks of their own, and bad links between them. Needs root.

A host is a network namespace without a name: a descriptor of this process keeps it, so it goes with
this process, however that ends. A link is a process of Tests/Link, which ends by itself too.

    with Network() as network:
        home, away = network.host(), network.host()
        link = network.link(home, away)
        link.set("delay 50 loss 0.2")
        server = home.call(Server, bind=None)
        away.call(subprocess.run, ["ping", "-c1", link.address(home)])
"""

import contextlib
import ctypes
import itertools
import json
import os
import shutil
import socket
import struct
import subprocess
import threading

from .collector import Collector
from .program import ROOT
from .waiting import PATIENCE_SECONDS, wait_until

SOURCES = ROOT / "Tests" / "Link"
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_STATISTICS = 263, 6
CAPTURE_BUFFER_BYTES = 64 << 20

_compiling = threading.Lock()
_libc = ctypes.CDLL(None, use_errno=True)


def what_is_missing():
    """Why this machine has no emulated network; None where it has."""
    if os.geteuid() != 0:
        return "needs root for network namespaces and TUN devices"
    for tool in ("cc", "ip"):
        if not shutil.which(tool):
            return f"needs {tool} for an emulated link"
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC))
        Host().close()
    except (OSError, AssertionError) as error:
        return f"no network namespaces and TUN devices here: {error}"
    return None


def link_program():
    """The emulator, compiled where it is older than its sources: once, whoever asks at a time."""
    with _compiling:
        return _link_program()


def _link_program():
    program = ROOT / ".build" / "link" / "link"
    sources = sorted(SOURCES.glob("*.[ch]"))
    newest = max(source.stat().st_mtime for source in sources)
    if not program.exists() or program.stat().st_mtime < newest:
        program.parent.mkdir(parents=True, exist_ok=True)
        made = program.with_name(f"link.{os.getpid()}")
        subprocess.run(
            ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", made,
             *(source for source in sources if source.suffix == ".c")],
            check=True, timeout=120)
        made.replace(program)
    return program


def _in_thread(function):
    """The result of a function that is run by a thread of its own, or its error."""
    outcome = []

    def run():
        try:
            outcome.append((function(), None))
        except BaseException as error:  # pylint: disable=broad-except
            outcome.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


def _check(result):
    """Fails with the error of a call of the C library that did not return 0."""
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Host:
    """A network of its own, with loopback; any thread may call."""

    def __init__(self):
        def make():
            _check(_libc.unshare(CLONE_NEWNET))
            # Of this thread, not of the process.
            self._namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        self._namespace = None
        _in_thread(make)
        self.ip("link set lo up")

    @property
    def path(self):
        """The namespace, as `nsenter --net=` takes it while this process lives."""
        return f"/proc/{os.getpid()}/fd/{self._namespace}"

    def call(self, function, *words, **options):
        """Calls the function on this host: what it opens and starts is there, and stays there."""
        def there():
            _check(_libc.setns(self._namespace, CLONE_NEWNET))
            return function(*words, **options)

        return _in_thread(there)

    def start(self, *words, **options):
        """Starts a program, by default with pipes for its output and no input."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE}
        return self.call(subprocess.Popen, list(map(os.fspath, words)), **{**streams, **options})

    def run(self, *words, given="", timeout=30):
        """Runs a program that must succeed; returns what it wrote."""
        done = self.call(subprocess.run, list(map(os.fspath, words)), input=given,
                         capture_output=True, timeout=timeout, text=True, check=False)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def ip(self, *commands):
        """Runs commands of ip(8), such as "link show"."""
        return self.run("ip", "-batch", "-", given="\n".join(commands) + "\n")

    def socket(self, address=None, kind=socket.SOCK_DGRAM):
        """A socket on this host, bound to the address where one is given, with a free port."""
        family = socket.AF_INET6 if ":" in (address or "") else socket.AF_INET
        made = self.call(socket.socket, family, kind)
        made.settimeout(PATIENCE_SECONDS)
        if address:
            made.bind((address, 0))
        return made

    def close(self):
        if self._namespace is not None:
            os.close(self._namespace)
            self._namespace = None


class Link:
    """A pair of TUN devices and the process between them. `a` and `b` are the hosts.

    Settings are those of Tests/Link/link.c: for both directions, or behind `a` or `b` for what
    that host sends.
    """

    def __init__(self, number, a, b, seed, mtu=1_500, limit_seconds=600):
        self.a, self.b = a, b
        self.device = f"link{number}"
        self._hosts = itertools.count(3)
        self._addresses = {
            a: {4: f"10.9.{number}.1", 6: f"fd09:{number}::1"},
            b: {4: f"10.9.{number}.2", 6: f"fd09:{number}::2"}}
        self._lock = threading.Lock()
        self.process = subprocess.Popen(
            [link_program(), "--a", f"{a.path}:{self.device}", "--b", f"{b.path}:{self.device}",
             "--seed", str(seed), "--seconds", str(limit_seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._output = Collector(self.process.stdout)
        self._errors = Collector(self.process.stderr)
        self._answers = 0
        try:
            assert self._next_answer() == "ready"
            for host in (a, b):
                self.bring_up(host, mtu)
        except BaseException:
            self.close()
            raise

    # What happens on the way

    def set(self, settings):
        """Such as "delay 50 loss 0.2" or "a rate 10 queue 20"; all of it at once."""
        answer = self._ask(settings)
        assert answer == "ok", f"{settings}: {answer}"

    def down(self, seconds):
        """Nothing passes for so long; 0 ends it."""
        self.set(f"down {seconds}")

    def statistics(self):
        """What was counted since the start; ["a"] and ["b"] are what these hosts sent."""
        return json.loads(self._ask("stats"))

    def _ask(self, line):
        with self._lock:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
            return self._next_answer()

    def _next_answer(self):
        self._answers += 1
        try:
            return self._output.wait_for("^", count=self._answers)[self._answers - 1]
        except AssertionError:
            raise AssertionError(f"the link does not answer: {self._errors.lines}") from None

    # The hosts' ends

    def address(self, host, family=4):
        return self._addresses[host][family]

    def addresses(self, host):
        return list(self._addresses[host].values())

    def _address_command(self, verb, address):
        length, flags = ("64", "nodad") if ":" in address else ("24", "")
        flags = "" if verb == "del" else flags
        return f"address {verb} {address}/{length} dev {self.device} {flags}"

    def move(self, host):
        """Takes the host's addresses away and gives it others; returns the new IPv4 address."""
        number = next(self._hosts)
        old = self._addresses[host]
        new = {family: address[:-1] + str(number) for family, address in old.items()}
        host.ip(*(self._address_command("del", address) for address in old.values()),
                *(self._address_command("add", address) for address in new.values()))
        self._addresses[host] = new
        self._wait_for_addresses(host)
        return new[4]

    def _wait_for_addresses(self, host):
        """The kernel takes an IPv6 address as its own a little after it was added."""
        questions = [f"route get {address}" for address in self.addresses(host)]

        def are_own():
            answers = [line for line in host.ip(*questions).splitlines() if line[0] != " "]
            return all(line.startswith("local ") for line in answers)

        wait_until(are_own, f"the addresses {self.addresses(host)}")

    def set_mtu(self, mtu, *hosts):
        """The longest packet that the hosts' devices send, of both where none is named."""
        for host in hosts or (self.a, self.b):
            host.ip(f"link set dev {self.device} mtu {mtu}")

    def bring_up(self, host, mtu=None):
        """Sets the device up and gives it its addresses, which IPv6 loses when it is down."""
        size = f"mtu {mtu}" if mtu else ""
        host.ip(f"link set dev {self.device} {size} up",
                *(self._address_command("replace", address) for address in self.addresses(host)))
        self._wait_for_addresses(host)

    def take_down(self, host):
        host.ip(f"link set dev {self.device} down")

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for collector in (self._output, self._errors):
            collector.wait_for_end()
        self.process.stdout.close()
        self.process.stderr.close()


class Capture:
    """The IP packets that pass a host's device, both ways, from now on."""

    def __init__(self, host, device):
        self.packets = []
        self._socket = host.call(socket.socket, socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, CAPTURE_BUFFER_BYTES)
        self._socket.settimeout(0.05)
        self._socket.bind((device, ETH_P_ALL))
        self._is_over = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            is_last = self._is_over
            try:
                while True:
                    self.packets.append(self._socket.recv(65_536))
            except TimeoutError:
                if is_last:
                    return

    def stop(self):
        """Ends it; returns the packets, in order. Fails where some were missed."""
        if not self._is_over:
            self._is_over = True
            self._thread.join()
            _, missed = struct.unpack(
                "=II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
            self._socket.close()
            assert missed == 0, f"{missed} packets were not captured"
        return self.packets


class Network:
    """Hosts and links, as many as are asked for; all of it is gone at the end."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._numbers = itertools.count(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def keep(self, thing):
        """Closes the thing at the end, before the hosts."""
        self._stack.callback(thing.close)
        return thing

    def host(self):
        return self.keep(Host())

    def link(self, a, b, settings=None, seed=1, **options):
        link = self.keep(Link(next(self._numbers), a, b, seed, **options))
        if settings:
            link.set(settings)
        return link

    def capture(self, link, host):
        capture = Capture(host, link.device)
        self._stack.callback(capture.stop)
        return capture


def tcp_megabits(link, sender, receiver, seconds=20):
    """What one TCP connection with CUBIC carries, in megabits of payload a second (iperf3)."""
    address = link.address(receiver)
    server = receiver.start("iperf3", "-s", "-1", "--forceflush", "-B", address)
    try:
        output = Collector(server.stdout)
        output.wait_for("Server listening")
        report = sender.run("iperf3", "-J", "-C", "cubic", "-t", str(seconds), "-c", address,
                            timeout=seconds + 30)
        wait_until(lambda: server.poll() is not None, "the end of iperf3's server")
    finally:
        server.kill()
        server.wait()
        output.wait_for_end()
        server.stdout.close()
        server.stderr.close()
    return json.loads(report)["end"]["sum_received"]["bits_per_second"] / 1e6

"""The emulated link itself: what it is told to do to packets is what it does. Needs root."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

from support.network import Host, link_program, tcp_megabits, what_is_missing
from support.waiting import wait_until

MISSING = what_is_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

# What a busy machine may add to a delay.
LATE_SECONDS = 0.02
FAMILIES = pytest.mark.parametrize("family", [4, 6])


@pytest.fixture(name="pair")
def make_pair(network):
    """A link, and a socket at either end of it."""

    def make(settings="", family=4, **options):
        a, b = network.host(), network.host()
        link = network.link(a, b, settings, **options)
        sockets = [host.socket(link.address(host, family)) for host in (a, b)]
        for item in sockets:
            item.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
            network.keep(item)
        return link, *sockets

    return make


def received(receiver, seconds=0.3):
    """The datagrams that come until none came for so long."""
    receiver.settimeout(seconds)
    found = []
    with contextlib.suppress(TimeoutError):
        while True:
            found.append(receiver.recv(65_536))
    return found


def numbers(receiver, seconds=0.3):
    """The numbers of the datagrams that come."""
    return [struct.unpack_from(">I", datagram)[0] for datagram in received(receiver, seconds)]


def send_numbers(sender, receiver, count, pause=0.0, size=4):
    for number in range(count):
        sender.sendto(struct.pack(">I", number) + bytes(size - 4), receiver.getsockname())
        if pause:
            time.sleep(pause)


def trip_seconds(sender, receiver):
    """How long one datagram is under way."""
    begin = time.monotonic()
    sender.sendto(b"ping", receiver.getsockname())
    assert receiver.recv(99) == b"ping"
    return time.monotonic() - begin


@FAMILIES
def test_a_link_that_is_told_nothing_does_nothing(pair, family):
    link, one, other = pair(family=family)
    send_numbers(one, other, 500)
    assert numbers(other, 0.1) == list(range(500))
    assert trip_seconds(other, one) < LATE_SECONDS
    counts = link.statistics()
    assert counts["a"]["packets"] == counts["a"]["delivered"] == 500
    assert counts["b"]["packets"] == 1 and counts["held"] == 0


@FAMILIES
def test_a_delay_is_kept_to_and_each_direction_has_its_own(pair, family):
    link, one, other = pair("a delay 30", family=family)
    link.set("b delay 60")
    for sender, receiver, delay in ((one, other, 0.03), (other, one, 0.06)):
        trips = sorted(trip_seconds(sender, receiver) for _ in range(5))
        assert trips[0] >= delay
        assert trips[2] < delay + 0.005, trips
        assert trips[-1] < delay + LATE_SECONDS, trips
    assert link.statistics()["overdue_us_mean"] < 2_000


def test_what_is_lost_is_the_same_with_the_same_seed_and_only_then(pair):
    seen = {}
    for name, seed, settings in (
            ("once", 7, "loss 0.2"), ("again", 7, "loss 0.2"), ("otherwise", 8, "loss 0.2"),
            ("with more", 7, "loss 0.2 double 0.1 reorder 0.3 late 3 jitter 1 corrupt 0.1")):
        link, one, other = pair(settings, seed=seed)
        send_numbers(one, other, 2_000, size=40)
        # A number may be corrupted, so the count of those that are missing is what is compared.
        wait_until(lambda: link.statistics()["a"]["packets"] == 2_000, "every packet")
        seen[name] = link.statistics()["a"]["lost"], set(numbers(other, 0.1))
    lost, arrived = seen["once"]
    assert 330 < lost < 470 and len(arrived) == 2_000 - lost
    assert seen["again"] == seen["once"]
    assert seen["otherwise"] != seen["once"]
    assert seen["with more"][0] == lost


def test_both_directions_lose_independently(pair):
    _, one, other = pair("loss 0.5")
    send_numbers(one, other, 500)
    send_numbers(other, one, 500)
    there, back = set(numbers(other, 0.1)), set(numbers(one, 0.1))
    assert 180 < len(there) < 320 and 180 < len(back) < 320
    assert 70 < len(there & back) < 180


def test_jitter_delays_and_keeps_the_order(pair):
    _, one, other = pair("delay 5 jitter 20")
    send_numbers(one, other, 300, pause=0.0005)
    assert numbers(other, 0.1) == list(range(300))


def test_reordering_changes_the_order_and_nothing_else(pair):
    link, one, other = pair("delay 5 reorder 0.2 late 5")
    send_numbers(one, other, 500, pause=0.0005)
    found = numbers(other, 0.1)
    assert sorted(found) == list(range(500))
    overtaken = sum(before > after for before, after in zip(found, found[1:]))
    assert overtaken > 25
    assert 60 < link.statistics()["a"]["reordered"] < 140


def test_doubles_come_twice(pair):
    link, one, other = pair("double 0.3")
    send_numbers(one, other, 500)
    found = numbers(other, 0.1)
    assert set(found) == set(range(500))
    assert len(found) == 500 + link.statistics()["a"]["doubled"]
    assert 100 < len(found) - 500 < 200


@FAMILIES
def test_corruption_flips_one_bit_and_gets_past_the_kernel(pair, family):
    link, one, other = pair("corrupt 1", family=family)
    for size in (1, 2, 99, 1_200, 4_001):
        sent = os.urandom(size)
        one.sendto(sent, other.getsockname())
        found = other.recv(65_536)
        difference = int.from_bytes(sent, "big") ^ int.from_bytes(found, "big")
        assert len(found) == size
        # What is longer than a packet is in pieces, and over IPv4 the first one is changed.
        flips = 0 if size > 1_500 and family == 6 else 1
        assert difference.bit_count() == flips, size
    assert link.statistics()["a"]["corrupted"] == (4 if family == 6 else 5)


def test_a_rate_paces_and_what_finds_the_queue_full_is_dropped(pair):
    link, one, other = pair("a rate 20 queue 50")
    # 600 packets of 1,028 bytes take 247 ms at this rate; about 50 ms of them find room to wait.
    send_numbers(one, other, 600, size=1_000)
    begin = time.monotonic()
    found = numbers(other, 0.1)
    taken = time.monotonic() - begin - 0.1
    counts = link.statistics()["a"]
    assert len(found) == counts["delivered"] == 600 - counts["queue_full"]
    assert found == sorted(found)
    assert 115 < len(found) < 400
    # Sending takes no time to speak of, so what arrived did so at the rate.
    assert taken > len(found) * 1_028 * 8 / 20e6 - LATE_SECONDS * 2
    link.set("a rate 0")
    send_numbers(one, other, 600, size=1_000)
    assert numbers(other, 0.1) == list(range(600))


def test_a_queue_makes_packets_wait_no_longer_than_it_is(pair):
    _, one, other = pair("rate 10 queue 80 delay 10")
    send_numbers(one, other, 2_000, size=1_000)
    waited = time.monotonic()
    last = numbers(other, 0.15)[-1]
    waited = time.monotonic() - waited - 0.15
    assert last < 1_999 and 0.06 < waited < 0.09 + 3 * LATE_SECONDS


def test_an_outage_loses_what_is_sent_and_what_is_under_way(pair):
    link, one, other = pair("delay 40")
    one.sendto(b"under way", other.getsockname())
    link.down(0.3)
    begin = time.monotonic()
    one.sendto(b"lost", other.getsockname())
    while time.monotonic() < begin + 0.31:
        time.sleep(0.01)
    one.sendto(b"after", other.getsockname())
    assert received(other, 0.2) == [b"after"]
    assert link.statistics()["a"]["outage"] == 2
    link.down(3_600)
    link.down(0)
    assert trip_seconds(one, other) < 0.04 + LATE_SECONDS


@FAMILIES
def test_packets_that_are_too_long_vanish_without_a_word(pair, family):
    link, one, other = pair("longest 1300", family=family)
    header = 28 if family == 4 else 48
    for size in (1_300 - header, 1_301 - header):
        one.sendto(bytes(size), other.getsockname())
    assert [len(datagram) for datagram in received(other, 0.1)] == [1_300 - header]
    assert link.statistics()["a"]["too_long"] == 1


def test_a_smaller_mtu_refuses_what_may_not_be_split(pair):
    link, one, other = pair(mtu=1_280)
    one.setsockopt(socket.IPPROTO_IP, 10, 3)  # IP_MTU_DISCOVER, IP_PMTUDISC_PROBE
    one.sendto(bytes(1_252), other.getsockname())
    assert len(other.recv(65_536)) == 1_252
    with pytest.raises(OSError, match="Message too long"):
        one.sendto(bytes(1_253), other.getsockname())
    link.set_mtu(1_500)
    one.sendto(bytes(1_253), other.getsockname())
    assert len(other.recv(65_536)) == 1_253


@FAMILIES
def test_a_nat_shows_another_port_and_forgets_the_old_one(pair, family):
    link, one, other = pair("a nat 100", family=family)
    seen = []
    for shift in (100, 2_000, 0):
        link.set(f"a nat {shift}")
        one.sendto(b"ping", other.getsockname())
        _, source = other.recvfrom(99)
        assert (source[1] - one.getsockname()[1] - shift) % 64_512 == 0
        other.sendto(b"pong", source)
        assert one.recv(99) == b"pong"
        for old in seen:
            if shift:
                other.sendto(b"too late", old)
        seen.append(source)
    assert received(one, 0.1) == []
    assert link.statistics()["b"]["nat_closed"] == 1


@FAMILIES
def test_a_host_that_moves_is_reached_at_its_new_address_only(pair, family):
    link, one, other = pair(family=family)
    old = link.address(link.b, family)
    other.close()
    link.move(link.b)
    new = link.address(link.b, family)
    assert new != old
    moved = link.b.socket(new)
    assert trip_seconds(one, moved) < LATE_SECONDS
    with pytest.raises(OSError, match="Cannot assign"):
        link.b.socket(old)
    moved.close()


def test_a_device_that_is_down_refuses_and_works_again_after(pair):
    link, one, other = pair()
    link.take_down(link.a)
    with pytest.raises(OSError, match="unreachable"):
        one.sendto(b"ping", other.getsockname())
    link.bring_up(link.a)
    assert trip_seconds(one, other) < LATE_SECONDS
    sockets = [host.socket(link.address(host, 6)) for host in (link.a, link.b)]
    assert trip_seconds(*sockets) < LATE_SECONDS
    for item in sockets:
        item.close()


def test_a_capture_holds_what_passes_both_ways_in_order(pair, network):
    link, one, other = pair()
    capture = network.capture(link, link.a)
    one.sendto(b"a needle", other.getsockname())
    assert other.recv(99) == b"a needle"
    other.sendto(b"and a thread", one.getsockname())
    assert one.recv(99) == b"and a thread"
    payloads = [packet[28:] for packet in capture.stop() if packet[0] == 0x45]
    assert payloads == [b"a needle", b"and a thread"]


def test_hosts_that_have_no_link_do_not_reach_each_other(pair, network):
    link, one, other = pair()
    stranger = network.host()
    third = network.link(link.b, stranger)
    outsider = network.keep(stranger.socket(third.address(stranger)))
    with pytest.raises(OSError, match="unreachable"):
        outsider.sendto(b"ping", one.getsockname())
    assert trip_seconds(one, other) < LATE_SECONDS


WRONG_LINES = [
    "", "a", "b", "c delay 5", "delay", "delay -1", "delay x", "delay 5x", "loss 1.1", "loss nan",
    "delay 5 speed 3", "delay 5 loss", "longest 65536", "down 1e9", "x" * 300, "delay " + "5" * 300]


def test_a_wrong_line_is_refused_and_changes_nothing(pair):
    link, one, other = pair()
    for line in WRONG_LINES:
        with pytest.raises(AssertionError, match="error: "):
            link.set(line)
        assert trip_seconds(one, other) < LATE_SECONDS, line
    link.set("delay 1")


def start_alone(host, *words, **options):
    return subprocess.Popen(
        [link_program(), "--a", f"{host.path}:one", "--b", f"{host.path}:other", *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_it_ends_when_its_time_is_over_or_its_input_or_it_is_told_to(network):
    host = network.host()
    for words, given in ((("--seconds", "0"), None), ((), b""), ((), b"quit\n")):
        with start_alone(host, *words) as process:
            assert process.stdout.readline() == b"ready\n"
            if given is not None:
                process.stdin.write(given)
                process.stdin.close()
            assert process.wait(5) == 0


@pytest.mark.parametrize("words", [
    ["--a", "nothing"], ["--a", ":"], ["--a", "/proc/self/ns/net:" + "x" * 16], ["--seed", "x"],
    ["--seconds", "-1"], ["--seconds", "nan"], ["--speed", "3"], ["surplus"], []])
def test_wrong_usage_ends_with_2(words):
    done = subprocess.run([link_program(), *words], stdin=subprocess.PIPE, capture_output=True,
                          timeout=5, check=False)
    assert done.returncode == 2 and b"usage" in done.stderr


ORPHAN = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from support.network import Network
network = Network()
a, b = network.host(), network.host()
print(network.link(a, b).process.pid, os.readlink(a.path), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_left_when_the_test_is_killed():
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN, pathlib.Path(__file__).parent], capture_output=True,
        timeout=20, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid, namespace = done.stdout.decode().split()

    def is_gone():
        with contextlib.suppress(OSError):
            # One that has ended and waits to be noticed has no words any more.
            return b"link" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        return True

    wait_until(is_gone, "the end of the link's process", 5)
    # The kernel forgets a namespace a little later; no process may still be in it.
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            assert os.readlink(folder / "ns" / "net") != namespace


def test_a_host_is_gone_when_it_is_closed_and_its_errors_come_back():
    host = Host()
    with pytest.raises(ZeroDivisionError):
        host.call(lambda: 1 / 0)
    assert "lo" in host.ip("link")
    host.close()
    host.close()


@pytest.mark.skipif(not shutil.which("iperf3"), reason="needs iperf3")
def test_tcp_gets_what_the_rate_leaves_it(network):
    a, b = network.host(), network.host()
    link = network.link(a, b, "delay 2 rate 50 queue 20")
    assert 35 < tcp_megabits(link, a, b, seconds=1) < 50

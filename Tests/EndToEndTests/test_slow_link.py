"""A server that decides faster than its network carries."""

import os
import selectors
import subprocess
import time

import pytest

from support.slow_link import SlowLink

LISTENERS = 30
LEAVERS = 10
MESSAGES = 500
PATIENCE_SECONDS = 30


@pytest.fixture(name="link")
def make_link():
    if os.geteuid() != 0:
        pytest.skip("needs root to make network namespaces")
    try:
        link = SlowLink("80mbit")
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        pytest.skip(f"needs ip, tc and their kernel modules: {error}")
    yield link
    link.close()


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def receive(sockets, wanted, leavers):
    """Reads at all sockets until each has heard so many messages; returns how many each did.

    Meanwhile the leavers are closed, one after the other.
    """
    leavers = list(leavers)
    gap = wanted // (len(leavers) + 1)
    heard = {sock: 0 for sock in sockets}
    deadline = time.monotonic() + PATIENCE_SECONDS
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        while min(heard.values()) < wanted and time.monotonic() < deadline:
            for key, _ in selector.select(timeout=1):
                if key.fileobj.recv(65_536).startswith(b"Speaker: "):
                    heard[key.fileobj] += 1
                if leavers and key.fileobj is sockets[0] and heard[sockets[0]] % gap == gap - 1:
                    leavers.pop().close()
    return set(heard.values())


def test_everything_arrives_over_a_slow_link_and_waiting_for_it_costs_nothing(serve, link):
    server = serve("--messages-per-second", "0", "--joins-per-second", "0", "--quiet",
                   bind=link.near, preexec_fn=link.enter_near)
    speaker, *others = link.far_sockets(1 + LISTENERS + LEAVERS)
    listeners, leavers = others[:LISTENERS], others[LISTENERS:]
    for number, sock in enumerate([speaker, *others]):
        name = "Speaker" if sock is speaker else f"Client {number}"
        sock.sendto(f"{name} has joined the chat.".encode(), server.address)
    server.wait_for_summary(clients=1 + LISTENERS + LEAVERS)
    begin, cpu = time.monotonic(), cpu_seconds(server.process)
    for number in range(MESSAGES):
        speaker.sendto(b"Speaker: %d " % number + b"x" * 1_000, server.address)
    # The network tells of those who are gone while nothing can be sent.
    assert receive(listeners, MESSAGES, leavers) == {MESSAGES}
    seconds, cpu = time.monotonic() - begin, cpu_seconds(server.process) - cpu
    assert seconds > 1, "the link is not slow"
    assert cpu < seconds / 2, "the server did not wait"
    speaker.sendto(b"Speaker: one more", server.address)
    server.wait_for_summary(clients=1 + LISTENERS, lost=LEAVERS)
    for sock in [speaker, *listeners]:
        sock.close()

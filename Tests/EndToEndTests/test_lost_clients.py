"""Clients that vanish without a word."""

import os
import signal
import socket
import struct
import time

import pytest

from support.clients import hush
from support.waiting import wait_until


def receive_notices(client, server, clients):
    """What `client` got by the time that the server counts so many clients."""
    server.wait_for_summary(clients=clients)
    return client.received()


def test_a_client_whose_socket_is_closed_is_announced_once_at_the_next_message(serve):
    server = serve()
    anoop, meera, bo = server.a("Anoop"), server.a("Meera"), server.b("Bo")
    hush(anoop, meera, bo)
    meera.close()
    anoop.say("is Meera there?")
    # The network's word comes back on the server's own socket.
    assert receive_notices(anoop, server, clients=2) == [b"Meera has left the chat."]
    anoop.say("and now?")
    anoop.say("and now?")
    anoop.settle()
    assert bo.received() == [
        b"Anoop:is Meera there?", b"User Meera left", b"Anoop:and now?", b"Anoop:and now?"]
    assert anoop.received() == []
    summary = server.summary()
    assert (summary["lost"], summary["left"]) == (1, 0)
    server.log.wait_for("lost.*Meera")


def test_a_lost_client_of_b_is_announced_and_its_name_is_free(serve):
    server = serve()
    anoop, bo = server.a("Anoop"), server.b("Bo")
    hush(anoop)
    bo.close()
    anoop.say("is Bo there?")
    assert receive_notices(anoop, server, clients=1) == [b"Bo has left the chat."]
    server.b("Bo")


def test_many_that_are_lost_at_once_are_each_announced_once(serve):
    server = serve("--joins-per-second", "0")
    anoop = server.a("Anoop")
    others = [server.a(f"Other {number}") for number in range(50)]
    hush(anoop)
    for other in others:
        other.close()
    anoop.say("who is there?")
    expected = sorted(b"Other %d has left the chat." % number for number in range(50))
    assert sorted(receive_notices(anoop, server, clients=1)) == expected


def test_a_picture_to_a_lost_client_announces_it_too(serve, jpeg):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop)
    meera.close()
    anoop.show(jpeg)
    assert receive_notices(anoop, server, clients=1) == [b"Meera has left the chat."]


def test_a_client_that_said_that_it_leaves_is_not_lost_whatever_was_on_its_way_to_it(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    # More than one batch waits before her leave, and her socket is closed when it is relayed.
    server.signal(signal.SIGSTOP)
    for number in range(150):
        anoop.say(str(number))
    meera.leave()
    server.signal(signal.SIGCONT)
    server.wait_for_summary(clients=1)
    assert anoop.received() == [b"Meera has left the chat."]
    summary = server.summary()
    assert (summary["left"], summary["lost"]) == (1, 0)


def test_an_idle_client_is_let_go_told_and_announced_once(serve):
    server = serve("--idle-timeout", "1")
    quiet, bo = server.a("Quiet"), server.b("Bo")
    hush(quiet, bo)
    deadline = time.monotonic() + 10
    told = []
    while not told:
        # Bo keeps talking and stays.
        bo.say("still here")
        told = [datagram for datagram in bo.received() if datagram == b"User Quiet left"]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    bo.say("after")
    assert b"User Quiet left" not in bo.received()
    words = [datagram for datagram in quiet.received()
             if not datagram.startswith(b"Bo")]
    assert len(words) == 1 and b"left" in words[0]
    server.log.wait_for("lost.*Quiet.*idle")


def test_idle_clients_go_even_when_nobody_says_anything(serve):
    server = serve("--idle-timeout", "0.2")
    for number in range(20):
        server.a(f"Quiet {number}")
    wait_until(lambda: server.summary()["clients"] == 0, "everyone was let go")
    assert server.summary()["lost"] == 20


def test_whoever_is_heard_is_not_idle(serve):
    server = serve("--idle-timeout", "1")
    anoop = server.a("Anoop")
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        anoop.settle()
        time.sleep(0.05)
    assert server.summary()["clients"] == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to send from port 0")
def test_an_address_that_cannot_be_sent_to_ends_nothing(serve):
    server = serve()
    words = b"Nowhere has joined the chat."
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        raw.sendto(struct.pack("!HHHH", 0, server.port, 8 + len(words), 0) + words,
                   ("127.0.0.1", 0))
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    for number in range(3):
        anoop.say(f"message {number}")
    anoop.settle()
    assert len(meera.received()) == 3
    server.wait_for_summary(clients=3, messages=3, dropped_not_sent=5)
    server.log.wait_for("not-sent.*last.*127.0.0.1:0")

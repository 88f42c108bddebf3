"""Clients of dialect A among themselves."""

import pytest

from support.clients import DATAGRAM_BYTES_MAX, ClassicA, hush
from support.waiting import wait_until


def test_a_message_reaches_every_other_client_byte_for_byte(serve):
    server = serve()
    anoop, meera, ravi = (server.a(name) for name in ("Anoop", "Meera", "Ravi"))
    hush(anoop, meera, ravi)
    anoop.say("grüß Gott 你好 🎉")
    expected = ["Anoop: grüß Gott 你好 🎉".encode()]
    assert meera.received() == expected
    assert ravi.received() == expected
    assert anoop.received() == []


def test_a_join_is_told_to_every_other_client_in_the_dialects_words(serve):
    server = serve()
    anoop = server.a("Anoop")
    meera = server.a("Meera")
    assert anoop.received() == [b"Meera has joined the chat."]
    assert meera.received() == []


def test_a_leave_is_told_once_to_every_other_client(serve):
    server = serve()
    anoop, meera, ravi = (server.a(name) for name in ("Anoop", "Meera", "Ravi"))
    hush(anoop, meera, ravi)
    meera.leave()
    for client in (anoop, ravi):
        wait_until(lambda: server.summary()["clients"] == 2, "the client left")
        assert client.received() == [b"Meera has left the chat."]
    anoop.say("are you there?")
    assert ravi.received() == [b"Anoop: are you there?"]
    # Her socket is closed: had she not been removed, she would now be reported as lost.
    assert anoop.received() == []
    assert server.summary()["lost"] == 0


def test_a_join_that_comes_twice_is_told_once(serve):
    server = serve()
    anoop = server.a("Anoop")
    meera = server.a("Meera")
    meera.join()
    meera.join()
    assert anoop.received() == [b"Meera has joined the chat."]
    assert meera.received() == []


def test_a_leave_that_comes_twice_is_told_once(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    meera.send("Meera has left the chat.")
    meera.send("Meera has left the chat.")
    meera.settle()
    assert anoop.received() == [b"Meera has left the chat."]
    assert server.summary()["clients"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "I think Ravi has left the chat.",
        "has left the chat.",
        "Anoop has left the chat.",
        "Meera has joined the chat.",
        "a: b: c",
        "IMG:Anoop:nothing",
        "server-shutdown",
        ":exit",
        "",
        " two spaces in front",
        "two lines\nin one message",
    ],
)
def test_any_text_at_all_is_text(serve, text):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    anoop.say(text)
    anoop.say("still here")
    anoop.settle()
    assert meera.received() == [f"Anoop: {text}".encode(), b"Anoop: still here"]
    assert server.summary()["clients"] == 2


def test_text_without_a_name_is_said_under_the_senders_name(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    anoop.send("no name in front")
    anoop.settle()
    assert meera.received() == [b"Anoop: no name in front"]


@pytest.mark.parametrize(
    "claim", ["Meera: I said that", "Ravi: hello", "Meera has left the chat.", "anoop: hello"])
def test_a_text_that_claims_another_name_is_text_of_who_sent_it(serve, claim):
    server = serve()
    anoop, meera, ravi = (server.a(name) for name in ("Anoop", "Meera", "Ravi"))
    hush(anoop, meera, ravi)
    anoop.send(claim)
    anoop.settle()
    for client in (meera, ravi):
        assert client.received() == [b"Anoop: " + claim.encode()]
    assert server.summary()["clients"] == 3


def test_an_address_that_joins_under_another_name_is_a_new_client(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    meera.send("Ravi has joined the chat.")
    meera.settle()
    assert anoop.received() == [b"Meera has left the chat.", b"Ravi has joined the chat."]
    meera.send("Ravi: hello")
    meera.settle()
    assert anoop.received() == [b"Ravi: hello"]


def test_a_message_that_fills_a_datagram_arrives_whole(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    text = b"x" * (DATAGRAM_BYTES_MAX - len(b"Anoop: "))
    anoop.say(text)
    anoop.settle()
    assert meera.received() == [b"Anoop: " + text]


def test_a_message_that_no_longer_fits_once_its_sender_is_named_is_refused_with_a_notice(serve):
    server = serve()
    first, second, meera = server.a("Anoop"), server.a("Anoop"), server.a("Meera")
    hush(first, second, meera)
    second.say(b"x" * (DATAGRAM_BYTES_MAX - len(b"Anoop: ")))
    notice = second.received()
    assert len(notice) == 1 and b"too long" in notice[0]
    assert meera.received() == []
    server.log.wait_for(" dropped .*reason=too-long")


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\xff", b"Anoop: \xc3\x28", b"\xed\xa0\x80", b"\xc0\xaf", b"Anoop: caf\xc3", b"\x80: x"])
def test_what_is_no_utf8_or_nothing_at_all_harms_nobody(serve, datagram):
    server = serve()
    anoop, meera, ravi = (server.a(name) for name in ("Anoop", "Meera", "Ravi"))
    hush(anoop, meera, ravi)
    anoop.send(datagram)
    anoop.settle()
    seen = meera.received()
    assert all(_is_text(relayed) for relayed in seen), seen
    assert ravi.received() == seen
    anoop.say("still here")
    anoop.settle()
    assert meera.received() == [b"Anoop: still here"]


def test_what_is_no_utf8_is_named_in_the_log(serve):
    server = serve()
    anoop = server.a("Anoop")
    anoop.send(b"Anoop: \xff")
    line = server.log.wait_for(" dropped ")[0]
    assert "reason=not-text" in line and f"127.0.0.1:{anoop.port}" in line


def test_an_empty_datagram_of_a_stranger_joins_nobody(serve):
    server = serve()
    anoop = server.a("Anoop")
    stranger = server.stranger()
    for datagram in (b"", b"\xff\xfe", b"hello", b" ", b"\n"):
        stranger.send(datagram)
    stranger.settle()
    assert anoop.received() == []
    assert server.summary()["clients"] == 1


def test_a_thousand_messages_arrive_in_order(serve):
    server = serve("--messages-per-second", "0")
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    seen = []
    for first in range(0, 1_000, 100):
        for number in range(first, first + 100):
            anoop.say(f"number {number}")
        seen += meera.received() + (anoop.settle() and meera.received())
    assert seen == [f"Anoop: number {number}".encode() for number in range(1_000)]


def test_two_clients_on_one_machine_are_two(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.stranger(ClassicA, "Meera", source="127.0.0.2")
    meera.join()
    hush(anoop, meera)
    meera.say("from another address")
    meera.settle()
    assert anoop.received() == [b"Meera: from another address"]


def _is_text(datagram):
    try:
        datagram.decode()
    except UnicodeDecodeError:
        return False
    return True

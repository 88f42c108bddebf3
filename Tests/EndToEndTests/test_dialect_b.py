"""Clients of dialect B among themselves."""

import pytest

from support.clients import ClassicB, hush


def test_a_join_is_answered_and_told_to_the_others(serve):
    server = serve()
    anoop = server.b("Anoop")
    meera = server.stranger(ClassicB, "Meera")
    assert meera.ask_to_join() == b"Welcome"
    assert anoop.received() == [b"Meera joined"]
    assert meera.received() == []


def test_a_message_reaches_every_other_client_byte_for_byte(serve):
    server = serve()
    anoop, meera, ravi = (server.b(name) for name in ("Anoop", "Meera", "Ravi"))
    hush(anoop, meera, ravi)
    anoop.say("no space: 你好")
    anoop.settle()
    assert meera.received() == ["Anoop:no space: 你好".encode()]
    assert ravi.received() == ["Anoop:no space: 你好".encode()]
    assert anoop.received() == []


def test_a_leave_is_told_once_to_every_other_client(serve):
    server = serve()
    anoop, meera, ravi = (server.b(name) for name in ("Anoop", "Meera", "Ravi"))
    hush(anoop, meera, ravi)
    meera.leave()
    server.wait_for_summary(clients=2, left=1)
    assert anoop.received() == [b"User Meera left"]
    assert ravi.received() == [b"User Meera left"]


@pytest.mark.parametrize("copies", [2, 3])
def test_what_comes_several_times_is_told_once(serve, copies):
    server = serve()
    anoop, meera = server.b("Anoop"), server.stranger(ClassicB, "Meera")
    for _ in range(copies):
        meera.send("Meera:join")
    assert meera.received() == [b"Welcome"] * copies
    assert anoop.received() == [b"Meera joined"]
    for _ in range(copies):
        meera.send("Meera:exit")
    assert meera.received() == []
    assert anoop.received() == [b"User Meera left"]
    assert server.summary()["clients"] == 1


@pytest.mark.parametrize("name", ["Anoop", "anoop", "ANOOP"])
def test_a_taken_name_is_refused(serve, name):
    server = serve()
    anoop = server.b("Anoop")
    other = server.stranger(ClassicB, name)
    assert other.ask_to_join() == b"Name already taken"
    assert anoop.received() == []
    other.settle()
    assert server.summary()["clients"] == 1


def test_a_refused_client_can_join_under_another_name(serve):
    server = serve()
    anoop = server.b("Anoop")
    other = server.stranger(ClassicB, "Anoop")
    assert other.ask_to_join() == b"Name already taken"
    other.name = "Meera"
    assert other.ask_to_join() == b"Welcome"
    assert anoop.received() == [b"Meera joined"]


def test_a_name_is_free_again_after_its_owner_left(serve):
    server = serve()
    anoop = server.b("Anoop")
    anoop.leave()
    server.wait_for_summary(clients=0)
    assert server.stranger(ClassicB, "anoop").ask_to_join() == b"Welcome"


@pytest.mark.parametrize("text", ["join us", "exit door", " Join", "a:b", "", "server-shutdown"])
def test_text_that_only_resembles_a_command_is_text(serve, text):
    server = serve()
    anoop, meera = server.b("Anoop"), server.b("Meera")
    hush(anoop, meera)
    anoop.say(text)
    anoop.settle()
    assert meera.received() == [f"Anoop:{text}".encode()]
    assert server.summary()["clients"] == 2


def test_a_text_that_claims_another_name_is_text_of_who_sent_it(serve):
    server = serve()
    anoop, meera = server.b("Anoop"), server.b("Meera")
    hush(anoop, meera)
    anoop.send("Meera:I said that")
    anoop.send("Meera:exit")
    anoop.settle()
    assert meera.received() == [b"Anoop:Meera:I said that", b"Anoop:Meera:exit"]
    assert server.summary()["clients"] == 2

"""Clients that a server knew before it was started again."""

import pytest

from support.clients import ClassicA, ClassicB, hush


def test_a_strangers_message_in_the_form_of_a_joins_it_and_is_delivered(serve):
    server = serve()
    watcher, bo = server.a("Watcher"), server.b("Bo")
    hush(watcher, bo)
    anoop = server.stranger(ClassicA, "Anoop")
    anoop.say("are we: back?")
    assert anoop.received() == []
    assert watcher.received() == [b"Anoop has joined the chat.", b"Anoop: are we: back?"]
    assert bo.received() == [b"Anoop joined", b"Anoop:are we: back?"]
    watcher.say("we are")
    watcher.settle()
    assert anoop.received() == [b"Watcher: we are"]


def test_a_strangers_message_in_the_form_of_b_joins_it_and_is_delivered(serve):
    server = serve()
    watcher = server.a("Watcher")
    bo = server.stranger(ClassicB, "Bo")
    bo.say("back?")
    bo.settle()
    assert watcher.received() == [b"Bo has joined the chat.", b"Bo: back?"]
    watcher.say("yes")
    watcher.settle()
    assert b"Watcher:yes" in bo.received()


def test_a_strangers_picture_joins_it_and_is_delivered(serve, jpeg):
    server = serve()
    watcher = server.a("Watcher")
    anoop = server.stranger(ClassicA, "Anoop")
    anoop.show(jpeg)
    anoop.settle()
    assert watcher.received() == [b"Anoop has joined the chat.", b"IMG:Anoop:" + jpeg]
    anoop.say("hello")
    anoop.settle()
    assert watcher.received() == [b"Anoop: hello"]


def test_a_stranger_under_a_taken_name_is_numbered_as_one_who_joins(serve):
    server = serve()
    first = server.a("Anoop")
    second = server.stranger(ClassicA, "Anoop")
    second.say("hello")
    told = second.received()
    assert len(told) == 1 and b"Anoop-2" in told[0]
    assert first.received() == [b"Anoop-2 has joined the chat.", b"Anoop-2: hello"]


def test_a_stranger_that_leaves_is_not_announced(serve):
    server = serve()
    watcher = server.a("Watcher")
    gone = server.stranger(ClassicA, "Gone")
    gone.send("Gone has left the chat.")
    gone.send("Gone:exit")
    assert gone.received() == []
    assert watcher.received() == []
    assert server.summary()["clients"] == 1


@pytest.mark.parametrize("text", ["hello", "DISCOVER", "has joined the chat.", "exit"])
def test_a_stranger_that_gives_no_name_is_dropped_and_named_in_the_log(serve, text):
    server = serve()
    watcher = server.a("Watcher")
    stranger = server.stranger()
    stranger.send(text)
    stranger.settle()
    assert watcher.received() == []
    assert server.summary()["clients"] == 1
    server.log.wait_for(f" dropped .*127.0.0.1:{stranger.port}")


def test_clients_of_a_server_that_was_started_again_go_on_talking(serve):
    first = serve()
    anoop, bo = first.a("Anoop"), first.b("Bo")
    port = first.port
    assert first.stop() == 0
    anoop.socket.settimeout(0)
    second = serve("--port", str(port))
    hush(anoop, bo)
    anoop.say("one")
    anoop.settle()
    bo.say("two")
    bo.settle()
    assert anoop.received() == [b"Bo has joined the chat.", b"Bo: two"]
    anoop.say("three")
    anoop.settle()
    assert b"Anoop:three" in bo.received()
    assert second.summary()["clients"] == 2

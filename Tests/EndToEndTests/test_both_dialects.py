"""Clients of dialects A and B in one lobby."""

from support.clients import DATAGRAM_BYTES_MAX, ClassicA, ClassicB, hush


def lobby(server):
    clients = (server.a("Anoop"), server.a("Meera"), server.b("Bo"), server.b("Cleo"))
    hush(*clients)
    return clients


def test_each_dialect_sees_the_others_words_in_its_own_form(serve):
    server = serve()
    anoop, meera, bo, cleo = lobby(server)
    anoop.say("from A")
    anoop.settle()
    bo.say("from B")
    bo.settle()
    assert anoop.received() == [b"Bo: from B"]
    assert meera.received() == [b"Anoop: from A", b"Bo: from B"]
    assert bo.received() == [b"Anoop:from A"]
    assert cleo.received() == [b"Anoop:from A", b"Bo:from B"]


def test_joins_and_leaves_come_in_each_dialects_own_words(serve):
    server = serve()
    anoop, meera, bo, cleo = lobby(server)
    dora = server.a("Dora")
    ed = server.b("Ed")
    dora.leave()
    server.wait_for_summary(clients=5)
    ed.leave()
    server.wait_for_summary(clients=4)
    in_a = [b"Dora has joined the chat.", b"Ed has joined the chat.",
            b"Dora has left the chat.", b"Ed has left the chat."]
    in_b = [b"Dora joined", b"Ed joined", b"User Dora left", b"User Ed left"]
    assert [client.received() for client in (anoop, meera)] == [in_a, in_a]
    assert [client.received() for client in (bo, cleo)] == [in_b, in_b]


def test_a_name_is_taken_across_dialects(serve):
    server = serve()
    anoop, bo = server.a("Anoop"), server.b("Bo")
    assert server.stranger(ClassicB, "ANOOP").ask_to_join() == b"Name already taken"
    second = server.stranger(ClassicA, "bo").join()
    told = second.received()
    assert len(told) == 1 and b"bo-2" in told[0]
    assert anoop.received()[-1] == b"bo-2 has joined the chat."
    assert bo.received() == [b"bo-2 joined"]


def test_a_client_of_b_that_says_leave_in_the_words_of_a_has_said_text(serve):
    server = serve()
    anoop, meera, bo, cleo = lobby(server)
    bo.send("Bo has left the chat.")
    anoop.send("Anoop:exit")
    bo.settle()
    anoop.settle()
    assert meera.received() == [b"Bo: Bo has left the chat.", b"Anoop: Anoop:exit"]
    assert cleo.received() == [b"Bo:Bo has left the chat.", b"Anoop:Anoop:exit"]
    assert server.summary()["clients"] == 4


def test_a_message_of_b_too_long_for_the_form_of_a_goes_to_b_and_its_sender_is_told(serve):
    server = serve()
    anoop, meera, bo, cleo = lobby(server)
    text = b"x" * (DATAGRAM_BYTES_MAX - len(b"Bo:"))
    bo.say(text)
    notice = bo.received()
    assert len(notice) == 1 and b"too long" in notice[0]
    assert cleo.received() == [b"Bo:" + text]
    assert anoop.received() == [] and meera.received() == []


def test_spaces_in_a_name_and_colons_in_a_text_go_across(serve):
    server = serve()
    first, bo = server.a("Anoop Kumar von Berg"), server.b("Bo B")
    hush(first, bo)
    first.say("see: this: works")
    first.settle()
    bo.say("so: does: this")
    bo.settle()
    assert bo.received() == [b"Anoop Kumar von Berg:see: this: works"]
    assert first.received() == [b"Bo B: so: does: this"]

"""Which names there are, and when two are the same."""

import pytest

from support.clients import ClassicA, ClassicB, hush

GOOD_NAMES = ["x", "Anoop Kumar", "n" * 32, "Zoë", "你好", "👩", "O'Neil", "a-b_c.d",
              "Jose\u0301", "ß" * 32]
BAD_NAMES = ["", " ", "n" * 33, "a/b", "../x", "tab\there", "bell\x07", "esc\x1b[31m", "nul\0",
             "new\nline", " leading", "trailing ", "IMG", "a\u202eb", "\u200b", "c1\x9b",
             "é" * 33]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_good_name_joins_in_both_dialects(serve, name):
    server = serve()
    watcher = server.a("Watcher")
    client = server.stranger(ClassicA, name).join()
    assert client.received() == []
    assert watcher.received() == [f"{name} has joined the chat.".encode()]
    client.leave()
    server.wait_for_summary(clients=1)
    assert server.stranger(ClassicB, name).ask_to_join() == b"Welcome"


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_refused_with_one_notice_that_nobody_else_gets(serve, name):
    server = serve()
    watcher = server.a("Watcher")
    for kind, datagram in ((ClassicA, f"{name} has joined the chat."), (ClassicB, f"{name}:join")):
        client = server.stranger(kind, name)
        client.send(datagram)
        answers = client.received()
        assert len(answers) == 1 and answers[0] != b"Welcome", answers
        # A refusal must not carry what a terminal would obey.
        assert answers[0].decode().isprintable()
    assert watcher.received() == []
    assert server.summary()["clients"] == 1
    assert "bad-name" in "\n".join(server.log.lines)


def test_a_colon_ends_a_name(serve):
    server = serve()
    watcher = server.a("Watcher")
    client = server.stranger(ClassicA, "a:b")
    client.send("a:b has joined the chat.")
    client.settle()
    assert not any(b"a:b has joined" == datagram[:14] for datagram in watcher.received())


@pytest.mark.parametrize(
    "first, second",
    [("Anoop", "ANOOP"), ("José", "Jose\u0301"), ("ÅSA", "a\u030asa"), ("Σίσυφος", "ΣΊΣΥΦΟΣ")])
def test_names_are_compared_without_case_and_in_nfc(serve, first, second):
    server = serve()
    server.a(first)
    assert server.stranger(ClassicB, second).ask_to_join() == b"Name already taken"
    told = server.a(second).received()
    assert len(told) == 1 and f"{second}-2".encode() in told[0]


def test_a_second_client_of_a_under_a_taken_name_is_numbered_and_told_in_one_datagram(serve):
    server = serve()
    first = server.a("Anoop")
    second = server.stranger(ClassicA, "Anoop").join()
    third = server.stranger(ClassicA, "Anoop").join()
    told = second.received()
    assert b"Anoop-2" in told[0] and told[1:] == [b"Anoop-3 has joined the chat."]
    told = third.received()
    assert len(told) == 1 and b"Anoop-3" in told[0]
    assert first.received() == [b"Anoop-2 has joined the chat.", b"Anoop-3 has joined the chat."]


def test_a_numbered_clients_words_and_leave_are_told_under_its_number(serve):
    server = serve()
    first, second = server.a("Anoop"), server.a("Anoop")
    hush(first, second)
    # Its program does not know of the number and goes on as before.
    second.say("it is me")
    second.settle()
    assert first.received() == [b"Anoop-2: it is me"]
    first.say("and me")
    first.settle()
    assert second.received() == [b"Anoop: and me"]
    second.leave()
    server.wait_for_summary(clients=1)
    assert first.received() == [b"Anoop-2 has left the chat."]


def test_a_numbered_clients_repeated_join_repeats_only_the_telling(serve):
    server = serve()
    first, second = server.a("Anoop"), server.a("Anoop")
    told = second.received()
    second.send("Anoop has joined the chat.")
    assert second.received() == told
    assert first.received() == [b"Anoop-2 has joined the chat."]


def test_a_long_taken_name_is_cut_for_its_number(serve):
    server = serve()
    first = server.a("n" * 32)
    server.a("n" * 32)
    assert first.received() == [b"n" * 30 + b"-2 has joined the chat."]


def test_the_lowest_free_number_is_given(serve):
    server = serve()
    first, second, third = server.a("Anoop"), server.a("Anoop"), server.a("Anoop")
    hush(first, third)
    second.leave()
    server.wait_for_summary(clients=2)
    server.a("Anoop")
    assert first.received() == [b"Anoop-2 has left the chat.", b"Anoop-2 has joined the chat."]

"""`chatd join --classic` against an unmodified server of dialect A."""

import subprocess

import pytest

from support.clients import ClassicA
from support.program import one_line, run_chatd


def test_it_joins_talks_and_leaves_as_the_old_client_does(classroom, join):
    server = classroom()
    piper = join(server, "--classic")
    piper.write("hello\nsecond\n")
    piper.end_input()
    assert piper.wait() == 0
    server.wait_for(b"Piper has left the chat.")
    assert server.heard == [
        b"Piper has joined the chat.", b"Piper: hello", b"Piper: second",
        b"Piper has left the chat."]


def test_it_hears_old_clients(classroom, join, jpeg, tmp_path):
    server = classroom()
    piper = join(server, "--classic", "--follow", cwd=tmp_path, stdin=subprocess.DEVNULL)
    server.wait_for(b"Piper has joined the chat.")
    meera = ClassicA(server.address, "Meera")
    meera.send("Meera has joined the chat.")
    piper.errors.wait_for("Meera joined")
    meera.say("hello: there")
    piper.output.wait_for("^Meera: hello: there$")
    meera.show(jpeg)
    piper.output.wait_for("^Meera: .*640×480")
    assert (tmp_path / "received_image_from_Meera.jpg").read_bytes() == jpeg
    meera.leave()
    piper.errors.wait_for("Meera left")


def test_old_clients_hear_it(classroom, join):
    server = classroom()
    meera = ClassicA(server.address, "Meera")
    meera.send("Meera has joined the chat.")
    server.wait_for(b"Meera has joined the chat.")
    piper = join(server, "--classic")
    assert meera.receive() == b"Piper has joined the chat."
    piper.write("hello\n")
    assert meera.receive() == b"Piper: hello"
    piper.end_input()
    assert piper.wait() == 0
    assert meera.receive() == b"Piper has left the chat."
    meera.close()


def test_a_message_that_is_no_utf8_does_not_end_it(classroom, join):
    server = classroom()
    piper = join(server, "--classic", "--follow", stdin=subprocess.DEVNULL)
    server.wait_for(b"Piper has joined the chat.")
    meera = ClassicA(server.address, "Meera")
    meera.send("Meera has joined the chat.")
    for datagram in (b"\xff\xfe", b"", b"Meera: caf\xe9", b":", b"IMG:", b"IMG::",
                     b" has left the chat."):
        meera.send(datagram)
    meera.say("still here")
    piper.output.wait_for("^Meera: still here$")
    meera.close()


def test_a_server_that_is_not_there_is_noticed_at_the_latest_when_something_is_said():
    result = run_chatd("join", "--classic", "--no-save", "--server", "127.0.0.1:1",
                       stdin=b"hello\n")
    assert result.returncode == 3
    assert "127.0.0.1:1" in one_line(result.stderr)


@pytest.mark.parametrize("line", [
    "server-shutdown", "The server is shutting down.", "Name already taken",
    "You were not let in, because of me.", "This was not passed on, because of me.",
    "This name is taken here, so you are Mud.", "CHAT_SERVER_FOUND"])
def test_an_old_client_cannot_speak_in_the_place_of_a_server_that_says_nothing(
        classroom, join, line):
    server = classroom()
    piper = join(server, "--classic", "--json")
    server.wait_for(b"Piper has joined the chat.")
    meera = ClassicA(server.address, "Meera")
    meera.send("Meera has joined the chat.")
    # An unmodified server passes on whatever it is given.
    meera.send(line)
    meera.say("still here?")
    piper.output.wait_for("still here")
    piper.write("I am\n")
    while meera.receive() != b"Piper: I am":
        pass
    meera.close()
    piper.end_input()
    assert piper.wait() == 0
    assert not {item["type"] for item in piper.objects} & {"renamed", "server-closing"}

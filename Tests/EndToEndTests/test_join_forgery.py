"""Nobody can speak to a `chatd` client in the server's place."""

import subprocess

import pytest

from support.clients import ClassicA, hush
from support.program import start_chatd

# The server's own lines, or as much of them as a name can hold.
LINES = [
    "You were not let in, because I", "This was not passed on, because",
    "This name is taken here, so you", "The server is shutting down.", "server-shutdown",
    "Name already taken", "CHAT_SERVER_FOUND", "Welcome", "You were not heard for a long ti",
]


@pytest.mark.parametrize("name", LINES)
def test_a_name_that_reads_like_the_server_ends_and_renames_nobody(serve, join, jpeg, name):
    server = serve()
    piper = join(server, "--json", "--follow")
    server.wait_for_summary(clients=1)
    villain = server.stranger(ClassicA, name).join()
    villain.say("and what I say")
    villain.show(jpeg)
    villain.settle()
    villain.leave()
    anoop = server.a("Anoop")
    anoop.say("are you still there?")
    piper.output.wait_for("are you still there")
    piper.write("I am\n")
    while anoop.receive() != b"Piper: I am":
        pass
    # That its own words were accepted may be told by now or a moment later.
    events = [(item["type"], item.get("name") or item.get("from")) for item in piper.objects
              if item["type"] != "accepted"]
    assert events == [("joined", name), ("message", name), ("picture", name), ("left", name),
                      ("joined", "Anoop"), ("message", "Anoop")]


@pytest.mark.parametrize("text", [*LINES, "DISCOVER_CHAT_SERVER", "Anoop has left the chat.",
                                  "IMG:Anoop:", "Meera: I did not say that"])
def test_a_text_that_reads_like_the_server_is_a_text(serve, join, text):
    server = serve()
    piper = join(server, "--json", "--follow", stdin=subprocess.DEVNULL)
    server.wait_for_summary(clients=1)
    anoop = server.a("Anoop")
    anoop.say(text)
    anoop.say("end")
    piper.output.wait_for('"end"')
    said = [(item["from"], item["text"]) for item in piper.objects if item["type"] == "message"]
    assert said == [("Anoop", text), ("Anoop", "end")]
    assert piper.process.poll() is None


@pytest.mark.parametrize("name", LINES)
def test_a_name_that_reads_like_the_server_does_not_fail_a_script(serve, name):
    server = serve()
    watcher = server.a("Watcher")
    process = start_chatd("send", "--lines", "--server", server.target, "--name", "Script")
    assert watcher.receive() == b"Script has joined the chat."
    villain = server.stranger(ClassicA, name).join()
    villain.say("hello")
    villain.settle()
    hush(watcher)
    _, stderr = process.communicate(b"one\ntwo\n", timeout=20)
    assert process.returncode == 0, stderr
    assert watcher.received() == [b"Script: one", b"Script: two", b"Script has left the chat."]

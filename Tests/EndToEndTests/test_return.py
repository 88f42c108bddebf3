"""Native clients whose server, or who themselves, go away and come back."""

import signal
import subprocess
import time

import pytest

from support.program import one_line, remarks, run_chatd, start_chatd
from support.waiting import wait_until


def heard(joiner):
    """Who said what, as this client heard it."""
    return [(item["from"], item["text"]) for item in joiner.objects if item["type"] == "message"]


def kinds(joiner):
    return [item["type"] for item in joiner.objects]


@pytest.mark.parametrize("is_told", [True, False])
def test_what_is_said_while_the_server_is_down_arrives_after_it(serve, join, is_told):
    server = serve()
    anna, bert = join(server, "--json", name="Anna"), None
    server.wait_for_summary(clients=1)
    bert = join(server, "--json", name="Bert")
    server.wait_for_summary(clients=2)
    anna.write("before\n")
    bert.output.wait_for('"before"')
    if is_told:
        server.stop()
        for client in (anna, bert):
            client.output.wait_for('"connection-lost".*"shut-down"')
    else:
        server.crash()
    # Who was not told notices now.
    anna.write("while it was down\n")
    bert.write("I said something, too\n")
    for client in (anna, bert):
        client.output.wait_for("connection-lost")
    again = serve("--port", str(server.port), state=server.state)
    again.wait_for_summary(clients=2, messages=2)
    for client in (anna, bert):
        client.output.wait_for("restored")
        client.write("after\n")
    for client, other in ((anna, "Bert"), (bert, "Anna")):
        wait_until(lambda: (other, "after") in heard(client), "what was said afterwards")
        for word in ("connection-lost", "restored"):
            assert kinds(client).count(word) == 1
        # Whoever was back first heard what the other had kept.
        assert [text for _, text in heard(client)].count("after") == 1
    said = [text for _, text in heard(anna) + heard(bert)]
    assert "while it was down" in said or "I said something, too" in said
    transcript = "\n".join(again.transcript.lines)
    for text in ("while it was down", "I said something, too"):
        assert transcript.count(text) == 1
    for client in (anna, bert):
        client.end_input()
        assert client.wait() == 0
    assert [item["number"] for item in anna.objects if item["type"] == "accepted"] == [1, 2, 3]


def test_a_crash_and_a_restart_are_one_line_each_for_everybody(serve, join):
    server = serve()
    people = []
    for count, name in enumerate(["Anna", "Bert", "Carl"], 1):
        people.append(join(server, "--follow", name=name))
        server.wait_for_summary(clients=count)
    anna, bert, carl = people
    for person in anna, bert:
        person.errors.wait_for("Carl joined")
    server.crash()
    again = serve("--port", str(server.port), state=server.state)
    # Each notices when it says something; who only listens, when it shows that it is there, or
    # before, where it still had something to acknowledge.
    for person, count in (anna, 1), (bert, 2):
        person.write(f"number {count}\n")
        again.wait_for_summary(messages=count)
    again.wait_for_summary(clients=3)
    wait_until(lambda: carl.output.lines == ["Anna: number 1", "Bert: number 2"],
               "what was said before Carl was back")
    carl.write("number 3\n")
    for person in people:
        wait_until(lambda: person is carl or "Carl: number 3" in person.output.lines, "Carl")
        lines = person.errors.lines
        lost = [number for number, line in enumerate(lines) if "no longer answers" in line]
        assert len(lost) == 1 and len(lines) == lost[0] + 2, lines
        back = lines[-1]
        assert "started again" in back
        assert "nobody else is here" in back or "; here: " in back
    told = [line.split(" ", 1)[1] for line in again.transcript.lines]
    assert sorted(line for line in told if line.startswith("*")) == [
        "* Anna is back", "* Bert is back", "* Carl is back"]


def test_a_server_that_is_paused_for_a_moment_is_no_outage(serve, join):
    server = serve()
    anna = join(server, "--json", name="Anna")
    server.wait_for_summary(clients=1)
    server.signal(signal.SIGSTOP)
    anna.write("one\ntwo\n")
    time.sleep(1)
    server.signal(signal.SIGCONT)
    anna.output.wait_for("accepted", count=2)
    assert kinds(anna) == ["accepted"] * 2


def test_send_to_a_server_that_is_paused_ends_with_5_in_time(serve):
    server = serve()
    process = start_chatd(
        "send", "--lines", "--server", server.target, "--name", "Script", "--timeout", "1")
    process.stdin.write(b"one\n")
    process.stdin.flush()
    server.transcript.wait_for("Script: one")
    server.signal(signal.SIGSTOP)
    before = time.monotonic()
    _, errors = process.communicate(b"two\n", timeout=20)
    took = time.monotonic() - before
    server.signal(signal.SIGCONT)
    assert process.returncode == 5
    said, *rest = remarks(errors)
    assert "did not say within 1 s that it has everything" in said
    assert rest == ["chatd: not accepted, 1 in all:", "chatd:   line 2: two"]
    assert 0.9 < took < 3


def test_send_to_a_server_that_is_paused_from_the_start_ends_with_3_in_time(serve):
    server = serve()
    server.signal(signal.SIGSTOP)
    before = time.monotonic()
    result = run_chatd("send", "--server", server.target, "--timeout", "0.7", "hello")
    took = time.monotonic() - before
    server.signal(signal.SIGCONT)
    assert result.returncode == 3
    assert "did not answer within 0.7 s" in one_line(result.stderr)
    assert 0.6 < took < 3


def test_send_outlives_a_restart_and_says_it_once(serve):
    server = serve()
    process = start_chatd(
        "send", "--lines", "--server", server.target, "--name", "Script", "--timeout", "20")
    process.stdin.write(b"one\n")
    process.stdin.flush()
    server.transcript.wait_for("Script: one")
    assert server.stop() == 0
    process.stdin.write(b"two\n")
    process.stdin.flush()
    again = serve("--port", str(server.port), state=server.state)
    _, errors = process.communicate(b"three\n", timeout=30)
    assert process.returncode == 0
    lost, back = remarks(errors)
    assert "shutting down; trying again" in lost and "back" in back
    again.wait_for_summary(clients=0)
    assert [line.split("Script")[1] for line in again.transcript.lines if ": t" in line] == [
        ": two", ": three"]


def test_the_owner_of_a_name_takes_it_back_at_once_from_its_own_ghost(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    anna = join(server, name="Anna")
    assert watcher.receive() == b"Anna has joined the chat."
    anna.process.kill()
    anna.process.wait()
    before = time.monotonic()
    result = run_chatd("send", "--server", server.target, "--name", "Anna", "me again")
    assert result.returncode == 0 and remarks(result.stderr) == []
    assert time.monotonic() - before < 2
    assert b"Anna: me again" in watcher.received()


def test_a_client_that_was_stopped_for_a_while_misses_nothing(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    anna = join(server, "--json", "--follow", name="Anna", stdin=subprocess.DEVNULL)
    assert watcher.receive() == b"Anna has joined the chat."
    anna.process.send_signal(signal.SIGSTOP)
    for number in range(300):
        watcher.say(str(number))
        watcher.settle()
    anna.process.send_signal(signal.SIGCONT)
    wait_until(lambda: len(anna.objects) >= 300, "everything")
    assert heard(anna) == [("Watcher", str(number)) for number in range(300)]

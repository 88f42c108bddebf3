"""`chatd serve --impair`: the faults are in the real socket, and the talk stays whole."""

import json
import re
import time

import pytest

from support.clients import hush
from support.joiner import Joiner
from support.lobby import Listener
from support.program import one_line, run_chatd
from support.waiting import wait_until

NAMES = ("Anoop", "Bo", "Cleo")
LINES = 300
FAULTS = "loss=20%,delay=20ms,dup=5%,reorder=5%,seed=7"
STAY_SECONDS = "120"


def said_by(name):
    return [f"{number} of {name}" for number in range(LINES)]


@pytest.fixture(name="talk")
def make_talk():
    """Has three people say all of their lines in turns; returns what each heard."""
    joiners = []

    def talk(server):
        for name in NAMES:
            joiners.append(Joiner(server.target, "--json", "--follow", "--timeout", STAY_SECONDS,
                                  "--no-save", name=name))
        listeners = [Listener(joiner) for joiner in joiners]
        wait_until(lambda: server.summary()["clients"] == len(NAMES), "everybody is here", 30)
        for number in range(LINES):
            # So that not all of it is in a few datagrams.
            time.sleep(0.005)
            for joiner in joiners:
                joiner.write(said_by(joiner.name)[number] + "\n")
        expected = LINES * (len(NAMES) - 1)
        wait_until(lambda: all(len(listener.messages) >= expected for listener in listeners),
                   "everybody has heard everything", 90)
        return {joiner.name: listener.messages for joiner, listener in zip(joiners, listeners)}

    yield talk
    for joiner in joiners:
        joiner.close()


def check(heard):
    """Nothing lost, nothing doubled, one order."""
    for name, messages in heard.items():
        assert len(messages) == LINES * (len(NAMES) - 1)
        for other in NAMES:
            if other != name:
                assert [text for source, text in messages if source == other] == said_by(other)
    # Who is heard by two others is heard by both at the same places among what a third says.
    for one in NAMES:
        for other in NAMES:
            both = {name for name in NAMES if name not in (one, other)}
            assert ([entry for entry in heard[one] if entry[0] in both]
                    == [entry for entry in heard[other] if entry[0] in both])


def test_the_log_warns_that_the_server_impairs_and_how(serve):
    server = serve("--impair", "dup=1%,loss=5%")
    line = server.log.wait_for(r" impaired ")[0]
    assert re.search(r'warning impaired faults="loss=5%,dup=1%,seed=\d+"$', line), line


def test_an_unimpaired_server_says_nothing_of_it(serve):
    server = serve()
    server.summary()
    assert "impaired" not in "\n".join(server.log.lines)


@pytest.mark.parametrize("faults, part", [
    ("los=5%", "los=5%"), ("loss=200%", "loss=200%"), ("delay=5", "delay=5"), ("", '""'),
    ("loss=1%,loss=1%", "loss stands there twice"),
])
def test_a_fault_that_is_none_is_named(faults, part):
    done = run_chatd("serve", "--port", "0", "--impair", faults)
    assert done.returncode == 2
    assert one_line(done.stderr).startswith("chatd: --impair ")
    assert part in one_line(done.stderr)


def check_figures(server):
    """What `chatd stats` measures is what --impair did."""
    done = run_chatd("stats", "--server", server.target, "--json", "--timeout", "30")
    assert done.returncode == 0, done.stderr
    first, *sessions = map(json.loads, done.stdout.splitlines())
    assert (first["type"], first["people"], first["messages"]) == ("server", 3, 900)
    people = [session for session in sessions if session["name"]]
    assert sorted(session["name"] for session in people) == sorted(NAMES)
    for session in people:
        assert session["roundTripMinMicroseconds"] >= 40_000
        assert session["roundTripMicroseconds"] >= 40_000
        assert session["datagramsRepeated"] > 0 and session["bytesRepeated"] > 0
        assert session["messagesReceived"] >= LINES
        assert session["messagesSent"] > session["messageDatagramsSent"]

    def total(field):
        return sum(session[field] for session in people)

    # What others overtook may be taken for lost, too.
    assert 0.1 < total("datagramsLost") / total("datagramsTracked") < 0.4
    missing = total("datagramsMissing") / (total("datagramsMissing") + total("datagramsReceived"))
    assert 0.1 < missing < 0.3


def test_stats_look_on_and_nobody_sees_it(serve):
    server = serve()
    done = run_chatd("stats", "--server", server.target, "--interval", "0.2", "--count", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().count("NAME ") == 3
    assert max(len(line) for line in done.stdout.decode().splitlines()) <= 80
    summary = server.summary()
    assert (summary["joined"], summary["clients"], summary["left"]) == (0, 0, 0)


def test_stats_need_the_password(serve, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    server = serve("--password-file", secret)
    refused = run_chatd("stats", "--server", server.target)
    assert refused.returncode == 4 and not refused.stdout
    shown = run_chatd("stats", "--server", server.target, "--password-file", secret)
    assert shown.returncode == 0 and shown.stdout


def test_stats_of_nobody(serve):
    server = serve()
    server.stop()
    assert run_chatd("stats", "--server", server.target).returncode == 3


def test_900_lines_over_a_harmed_socket_arrive_once_and_in_one_order(serve, talk):
    server = serve("--messages-per-second", "0", "--impair", FAULTS)
    check(talk(server))
    check_figures(server)
    summary = server.summary()
    for way in ("in", "out"):
        all_of_them = summary[f"impaired-{way}"]
        assert all_of_them > 200
        assert 0.1 < summary[f"lost-{way}"] / all_of_them < 0.3
        assert 0 < summary[f"doubled-{way}"] / all_of_them < 0.15
        assert 0 < summary[f"reordered-{way}"] / all_of_them < 0.15
        assert summary[f"no-room-{way}"] == 0


def seconds_to_relay(serve, faults, datagrams, size):
    """How long plain datagrams take from one client to another."""
    server = serve("--messages-per-second", "0", "--impair", faults)
    speaker, listener = server.a("Anoop"), server.a("Bo")
    hush(speaker, listener)
    began = time.monotonic()
    for _ in range(datagrams):
        speaker.say("x" * size)
    for _ in range(datagrams):
        listener.receive()
    return time.monotonic() - began


def test_a_rate_bounds_what_gets_through(serve):
    # 40 datagrams of 1,000 bytes, each way: a quarter of the rate takes four times as long.
    slow = seconds_to_relay(serve, "rate=200kbit", 40, 1_000)
    fast = seconds_to_relay(serve, "rate=800kbit", 40, 1_000)
    assert 2 < slow / fast < 8

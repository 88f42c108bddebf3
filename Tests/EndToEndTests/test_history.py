"""`chatd history` and `chatd search`: what was said, asked for without joining."""

import datetime
import json
import os
import re
import signal
import time

import pytest

from support.joiner import Joiner
from support.program import new_state, one_line, remarks, run_chatd, start_chatd

LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (.*)$")
PAGE = 4_096
MANY = 10_000
# When the messages of a made history were said, one each millisecond.
FIRST_TIME = 1_700_000_000_000


def chatd_folder(state):
    return os.path.join(state, "chatd")


def made(state, lines):
    """Imports objects, or lines as they are, into the history of a server that does not run."""
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    return run_chatd("import", "--state-dir", chatd_folder(state), stdin=text.encode())


def message(number, **changes):
    return {"room": "lobby", "number": number, "time": FIRST_TIME + number, "author": "Ann",
            "text": f"message {number}", **changes}


def ask(server, *words, what="history", **options):
    return run_chatd(what, "--server", server.target, *words, **options)


def told(server, *words, **options):
    """The lines of a call that succeeds, without their times."""
    result = ask(server, *words, **options)
    assert result.returncode == 0, result.stderr
    lines = [LINE.match(line) for line in result.stdout.decode().splitlines()]
    assert all(lines), result.stdout
    return [line.group(1) for line in lines]


def numbers(server, *words):
    result = ask(server, "--json", *words)
    assert result.returncode == 0, result.stderr
    return [json.loads(line)["number"] for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def house(serve_module):
    """A server with MANY messages, and some in other rooms."""
    state = new_state()
    lines = [message(number) for number in range(1, MANY + 1)]
    lines += [message(number, room="deploys", text=f"release {number} is green")
              for number in range(1, 4)]
    # Pages of these end for their bytes.
    lines += [message(number, room="long", text=f"{number} " + "x" * 9_000)
              for number in range(1, 501)]
    assert made(state, lines).returncode == 0
    return serve_module(state=state)


def test_the_newest_are_shown_oldest_first(house):
    expected = [f"Ann: message {number}" for number in range(MANY - 49, MANY + 1)]
    assert told(house) == expected
    assert told(house, "--limit", "2") == expected[-2:]
    result = ask(house, "--limit", "1")
    first = datetime.datetime.fromtimestamp((FIRST_TIME + MANY) // 1_000, datetime.timezone.utc)
    assert result.stdout.decode() == f"{first:%Y-%m-%d %H:%M:%S} Ann: message {MANY}\n"
    assert remarks(result.stderr) == []
    assert ask(house, "--limit", "1", env={"TZ": "UTC-5"}).stdout != result.stdout


@pytest.mark.parametrize(
    "limit", [1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, MANY - 1, MANY, MANY + 1])
def test_pages_have_no_borders_backwards(house, limit):
    first = max(1, MANY - limit + 1)
    assert numbers(house, "--limit", str(limit)) == list(range(first, MANY + 1))


@pytest.mark.parametrize(
    "after", [0, 1, MANY - 2 * PAGE, MANY - PAGE - 1, MANY - 1, MANY, 2 * MANY])
def test_pages_have_no_borders_onwards(house, after):
    assert numbers(house, "--since", str(after)) == list(range(after + 1, MANY + 1))


def test_since_all_since_a_time_and_with_a_limit(house):
    assert numbers(house, "--since", "all") == list(range(1, MANY + 1))
    assert numbers(house, "--since", "all", "--limit", "3") == list(range(MANY - 2, MANY + 1))
    assert numbers(house, "--since", str(MANY - 2), "--limit", "3") == [MANY - 1, MANY]
    # Nothing was said in the last ten minutes; and everything within the last hundred years.
    assert numbers(house, "--since", "10m") == []
    assert numbers(house, "--since", "36500d") == list(range(1, MANY + 1))
    age = time.time() - (FIRST_TIME + 5_000) / 1_000
    since = numbers(house, "--since", f"{age:.3f}s")
    assert since == list(range(since[0], MANY + 1)) and abs(since[0] - 5_000) < 4_000


def test_long_messages_come_whole(house):
    for words in (["--since", "all"], ["--limit", "500"]):
        lines = told(house, "--room", "long", *words)
        assert [line.split()[1] for line in lines] == [str(number) for number in range(1, 501)]


def test_another_room_and_one_where_nothing_was_said(house):
    assert told(house, "--room", "#Deploys")[0] == "Ann: release 1 is green"
    result = ask(house, "--room", "nowhere")
    assert (result.returncode, result.stdout) == (0, b"")
    assert "nowhere" in one_line(result.stderr)
    assert ask(house, "--room", "nowhere", "--quiet").stderr == b""


def test_words_are_found_in_all_rooms_the_newest_last(house):
    found = told(house, "green", what="search")
    assert found == [f"deploys#{number} Ann: release {number} is green" for number in (1, 2, 3)]
    assert told(house, "MESSAGE", "77", "--room", "lobby", what="search") == [
        "lobby#77 Ann: message 77"]
    assert told(house, "3 is green", what="search") == ["deploys#3 Ann: release 3 is green"]
    result = ask(house, "message", "--limit", "2", what="search")
    assert len(result.stdout.splitlines()) == 2 and "there are more" in one_line(result.stderr)
    result = ask(house, "--json", "message 77", what="search")
    assert json.loads(result.stdout)["room"] == "lobby"


@pytest.mark.parametrize(
    "words", [["nobody said this"], ["--room", "lobby", "green"], ["-q", "zzz"]])
def test_what_is_not_found_is_told_as_grep_does(house, words):
    result = ask(house, *words, what="search")
    assert (result.returncode, result.stdout) == (1, b"")
    assert one_line(result.stderr) == "chatd: nothing found"


@pytest.mark.parametrize(
    "words",
    [["history", "--since", "yesterday"], ["history", "--limit", "0"], ["history", "word"],
     ["history", "--room", "a b"], ["search"], ["search", "!?"], ["search", "--limit", "1001", "a"],
     ["search", "--since", "all", "a"], ["export", "word"], ["import", "a", "b"],
     ["import", "--state-dir", ""]])
def test_what_cannot_be_asked_is_an_error_of_usage(words):
    result = run_chatd(*words)
    assert (result.returncode, result.stdout) == (2, b"") and one_line(result.stderr)


def test_a_reader_that_goes_away_ends_it_quietly(house):
    process = start_chatd("history", "--server", house.target, "--since", "all", "--quiet",
                          "--room", "long")
    assert process.stdout.readline().endswith(b"x\n")
    process.stdout.close()
    assert process.wait(20) == 0 and remarks(process.stderr.read()) == []
    process.stdin.close()
    process.stderr.close()


def test_a_reader_that_is_slow_gets_everything(house):
    process = start_chatd("history", "--server", house.target, "--since", "all", "--room", "long")
    time.sleep(1)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and output.count(b"\n") == 500


def test_nobody_is_told_of_who_looks(house):
    watcher = house.a("Watcher")
    ask(house)
    assert watcher.received() == []


def test_json_has_its_fields_for_each_kind(serve):
    state = new_state()
    key = "A" * 43 + "="
    file = {"hash": "ab" * 32, "bytes": 38_000, "width": 640, "height": 480, "file": "cat.jpg"}
    lines = [message(1, key=key, run="7", author_number="1", text="two\nlines \x1b[31m"),
             message(2, kind="action", text="waves"), message(3, kind="topic", text="plans"),
             {**message(4, kind="picture"), **file},
             {**message(5, kind="file"), **file, "width": 0, "height": 0, "file": "a.txt"}]
    assert made(state, lines).returncode == 0
    server = serve(state=state)
    objects = [json.loads(line) for line in ask(server, "--json").stdout.splitlines()]
    common = ["room", "number", "time", "from", "kind"]
    assert [list(object) for object in objects] == [
        *([[*common, "text"]] * 3), [*common, "hash", "bytes", "width", "height", "file"],
        [*common, "hash", "bytes", "file"]]
    assert [object["kind"] for object in objects] == ["text", "action", "topic", "picture", "file"]
    assert objects[0]["text"] == "two\nlines \x1b[31m" and objects[3]["hash"] == "ab" * 32
    assert objects[0]["time"] == "2023-11-14T22:13:20.001Z"
    assert told(server) == [
        "Ann: two⏎lines ^[[31m", "* Ann waves", "* Ann set the topic: plans",
        "* Ann sent a picture, 640×480, 38 kB", "* Ann sent a file, a.txt, 38 kB"]


def test_what_is_said_is_there_also_after_a_restart(serve):
    server = serve()
    for text in ("one", "two"):
        assert run_chatd("send", "--server", server.target, "--name", "Ann", text).returncode == 0
    assert told(server) == ["Ann: one", "Ann: two"]
    server.crash()
    again = serve(state=server.state)
    assert told(again) == ["Ann: one", "Ann: two"]
    assert run_chatd("send", "--server", again.target, "--name", "Ann", "three").returncode == 0
    assert numbers(again) == [1, 2, 3]


def test_a_server_that_keeps_nothing_says_so(serve):
    server = serve("--no-history")
    run_chatd("send", "--server", server.target, "--name", "Ann", "one")
    for what, words in (("history", []), ("search", ["one"])):
        result = ask(server, *words, what=what)
        assert (result.returncode, result.stdout) == (1, b"")
        assert "keeps no history" in one_line(result.stderr)


def test_no_server_and_a_wrong_password(serve, tmp_path):
    result = run_chatd("history", "--server", "127.0.0.1:1", "--timeout", "1")
    assert result.returncode == 3 and one_line(result.stderr)
    password, wrong = tmp_path / "password", tmp_path / "wrong"
    password.write_text("secret\n")
    wrong.write_text("guess\n")
    for file in (password, wrong):
        file.chmod(0o600)
    server = serve("--password-file", password)
    assert ask(server).returncode == 4
    assert ask(server, "--password-file", wrong).returncode == 4
    assert ask(server, "--password-file", password).returncode == 0


def test_a_server_that_is_started_again_meanwhile_is_asked_on(serve):
    state = new_state()
    assert made(state, [message(number, text="x" * 4_000) for number in range(1, 8_001)]
                ).returncode == 0
    server = serve(state=state)
    process = start_chatd("history", "--server", server.target, "--since", "all", "--json")
    # Its reader is slow, so that the server dies in the midst of it.
    first = process.stdout.readline()
    server.crash()
    again = serve("--port", str(server.port), state=state)
    output = process.stdout.read()
    found = [json.loads(line)["number"] for line in (first + output).splitlines()]
    errors = process.stderr.read()
    assert found == list(range(1, 8_001)) and again.process.poll() is None, errors
    assert process.wait(20) == 0
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()


def away(server, tell):
    """Has a client hear `tell` after it was stopped meanwhile; returns what it heard."""
    client = Joiner(server.target, "--json", name="Away")
    try:
        run_chatd("send", "--server", server.target, "--name", "Bell", "ding")
        client.output.wait_for("ding")
        client.process.send_signal(signal.SIGSTOP)
        tell()
        client.process.send_signal(signal.SIGCONT)
        run_chatd("send", "--server", server.target, "--name", "Bell", "dong")
        client.output.wait_for("dong", seconds=60)
        return client.objects
    finally:
        client.process.send_signal(signal.SIGCONT)
        client.close()


def test_who_could_not_hear_gets_the_rest_in_order(serve):
    """More is said than the server keeps in memory, while a client stands still."""
    server = serve("--messages-per-second", "0")
    count, text = 30_000, "y" * 400
    lines = "".join(f"{number} {text}\n" for number in range(count)).encode()

    def tell():
        sent = run_chatd("send", "--server", server.target, "--name", "Talker", "--lines",
                         stdin=lines, timeout=600)
        assert sent.returncode == 0, sent.stderr

    heard = away(server, tell)
    assert [object["text"].split()[0] for object in heard
            if object["type"] == "message" and object["from"] == "Talker"] \
        == [str(number) for number in range(count)]
    assert not [object for object in heard if object["type"] == "missed"]


def test_who_was_away_gets_100000_messages_in_order(serve):
    """They come while there is no server at all."""
    server = serve()
    client = Joiner(server.target, "--json", name="Away")
    try:
        run_chatd("send", "--server", server.target, "--name", "Bell", "ding")
        client.output.wait_for("ding")
        assert server.stop() == 0
        count = 100_000
        result = made(server.state, [message(number) for number in range(2, count + 2)])
        assert result.returncode == 0, result.stderr
        serve("--port", str(server.port), state=server.state)
        client.output.wait_for(f'"message {count + 1}"', seconds=60)
        texts = [object["text"] for object in client.objects if object["type"] == "message"]
        assert texts == ["ding", *(f"message {number}" for number in range(2, count + 2))]
        assert not [object for object in client.objects if object["type"] == "missed"]
    finally:
        client.close()


def test_standard_output_that_is_full_is_a_failure(house):
    with open("/dev/full", "wb") as full:
        process = start_chatd("history", "--server", house.target, stdout=full)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1 and "standard output" in one_line(errors)

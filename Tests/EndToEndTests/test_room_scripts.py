"""Rooms in scripts: pipes, `send --room` and `send-image --room`."""

import subprocess

import pytest

from support.pictures import jpeg_photo
from support.program import one_line, run_chatd
from support.waiting import wait_until


def send(server, *words, **options):
    return run_chatd("send", "--server", server.target, "--name", "Script", *words, **options)


@pytest.fixture(name="listener")
def start_listener(serve, join):
    """A server, and somebody in the rooms `deploys` and `ops` who writes JSON objects."""
    server = serve()
    listener = join(server, "--json", "--room", "deploys", "--room", "ops", "--no-save",
                    stdin=subprocess.DEVNULL, *["--follow"])
    listener.output.wait_for('"entered".*"ops"')
    return server, listener


def messages(listener):
    return [item for item in listener.objects if item["type"] == "message"]


def test_a_text_is_said_in_a_room_and_nowhere_else(listener):
    server, heard = listener
    watcher = server.a("Watcher")
    result = send(server, "--room", "#Deploys", "deploy done")
    assert result.returncode == 0, result.stderr
    heard.output.wait_for("deploy done")
    message, = messages(heard)
    assert (message["room"], message["from"], message["text"], message["number"]) == (
        "deploys", "Script", "deploy done", 1)
    assert "action" not in message
    assert b"Script: deploy done" not in watcher.received()


def test_each_line_is_said_in_order(listener):
    server, heard = listener
    lines = [f"line {number}" for number in range(200)]
    result = send(server, "-r", "ops", "--lines", stdin="\n".join(lines).encode())
    assert result.returncode == 0, result.stderr
    heard.output.wait_for("line 199")
    assert [(item["room"], item["text"], item["number"]) for item in messages(heard)] == [
        ("ops", line, number + 1) for number, line in enumerate(lines)]


def test_a_picture_is_shown_in_a_room(listener, tmp_path):
    server, heard = listener
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_photo(320, 240))
    result = run_chatd("send-image", "--server", server.target, "--name", "Script",
                       "--room", "ops", "--path", path)
    assert result.returncode == 0, result.stderr
    heard.output.wait_for('"picture"')
    picture = next(item for item in heard.objects if item["type"] == "picture")
    assert (picture["room"], picture["from"]) == ("ops", "Script")


@pytest.mark.parametrize("room, words", [("über", 'not "ü"'), ("", "a room needs a name"),
                                         ("x" * 65, "at most 64"), ("a/b", 'not "/"')])
@pytest.mark.parametrize("command", ["join", "send", "send-image"])
def test_a_name_that_no_room_has_is_a_usage_error(command, room, words):
    result = run_chatd(command, "--server", "127.0.0.1:1", "--room", room)
    assert result.returncode == 2
    assert "--room" in one_line(result.stderr) and words in one_line(result.stderr)


@pytest.mark.parametrize("command", [["join"], ["send", "x"], ["send-image", "--path", "x.jpg"]])
def test_with_classic_a_room_is_a_usage_error_and_the_lobby_is_none(command):
    result = run_chatd(*command, "--classic", "--server", "127.0.0.1:1", "--room", "ops")
    assert result.returncode == 2
    assert "--room ops" in one_line(result.stderr) and "--classic" in one_line(result.stderr)


def test_a_pipe_says_what_it_reads_in_the_first_room(listener, join):
    server, heard = listener
    piper = join(server, "--room", "ops", "--room", "deploys")
    piper.write("early\n")
    heard.output.wait_for("early")
    piper.end_input()
    assert piper.wait() == 0
    assert [(item["room"], item["text"]) for item in messages(heard)] == [("ops", "early")]


def test_lines_of_rooms_have_their_names_in_front(serve, join):
    server = serve()
    piper = join(server, "--room", "ops", "--follow", stdin=subprocess.DEVNULL)
    piper.errors.wait_for("you are in #ops")
    assert send(server, "in the lobby").returncode == 0
    assert send(server, "--room", "ops", "in a room").returncode == 0
    piper.output.wait_for("in a room")
    assert piper.output.lines == ["Script: in the lobby", "#ops Script: in a room"]


def test_the_time_of_a_message_is_its_own_with_milliseconds(listener):
    server, heard = listener
    assert send(server, "--room", "ops", "x").returncode == 0
    heard.output.wait_for('"message"')
    assert len(messages(heard)[0]["time"]) == len("2026-11-20T09:56:16.123Z")


def test_count_counts_all_rooms(serve, join):
    server = serve()
    piper = join(server, "--room", "ops", "--count", "2", stdin=subprocess.DEVNULL)
    piper.errors.wait_for("you are in #ops")
    assert send(server, "--room", "ops", "one").returncode == 0
    assert send(server, "two").returncode == 0
    assert piper.wait() == 0
    assert len(piper.output.lines) == 2


def test_rooms_are_told_of_as_objects(serve, join):
    server = serve()
    first = join(server, "--json", "--room", "ops", "--follow", name="Anna",
                 stdin=subprocess.DEVNULL)
    first.output.wait_for('"entered"')
    second = join(server, "--json", "--room", "ops", name="Bert")
    second.output.wait_for('"entered"')
    second.end_input()
    assert second.wait() == 0
    wait_until(lambda: first.output.bytes.count(b'"left"') == 2, "both leavings")
    told = [(item["type"], item.get("room"), item.get("name", item.get("here")))
            for item in first.objects]
    assert sorted(told[1:], key=str) == sorted(
        [("joined", "lobby", "Bert"), ("joined", "ops", "Bert"), ("left", "lobby", "Bert"),
         ("left", "ops", "Bert")], key=str)
    assert told[0] == ("entered", "ops", [])
    assert [(item["room"], item["here"]) for item in second.objects
            if item["type"] == "entered"] == [("ops", ["Anna"])]


def test_where_no_more_rooms_are_made_nothing_is_said_and_the_status_is_4(serve, join):
    server = serve("--joins-per-second", "0")
    # As many rooms as there may be besides the lobby, by people who are each in as many as may be.
    for person in range(64):
        flags = [word for number in range(64) for word in ("--room", f"room.{person}.{number}")]
        crowd = join(server, *flags, "--follow", name=f"Person {person}",
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        crowd.errors.wait_for(f"#room.{person}.{62 if person == 63 else 63};")
    result = send(server, "--room", "one-more", "x")
    assert result.returncode == 4
    assert "#one-more: there are 4096 rooms" in one_line(result.stderr)
    piper = join(server, "--room", "one-more")
    piper.write("not for the lobby\n")
    assert piper.wait() == 4
    assert server.summary()["messages"] == 0


def test_more_rooms_than_one_may_be_in_are_a_usage_error():
    flags = [word for number in range(65) for word in ("--room", f"room{number}")]
    result = run_chatd("join", "--server", "127.0.0.1:1", *flags)
    assert result.returncode == 2
    assert "64" in one_line(result.stderr)

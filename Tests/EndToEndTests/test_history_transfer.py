"""`chatd export` and `chatd import`: the history as lines of JSON, on the machine of the server."""

import json
import os
import stat

import pytest

from support.program import new_state, one_line, run_chatd, start_chatd
from test_history import chatd_folder, made, message, numbers


def export(state, *words):
    return run_chatd("export", "--state-dir", chatd_folder(state), *words)


def test_an_export_of_a_running_server_is_equal_after_an_import(serve, tmp_path):
    server = serve()
    for text in ("one", "zwei ☃", "three\nlines"):
        assert run_chatd("send", "--server", server.target, "--name", "Ann", text).returncode == 0
    first = export(server.state)
    assert (first.returncode, first.stderr, first.stdout.count(b"\n")) == (0, b"", 3)
    assert [json.loads(line)["text"] for line in first.stdout.splitlines()] \
        == ["one", "zwei ☃", "three\nlines"]
    other = new_state()
    result = run_chatd("import", "--state-dir", chatd_folder(other), stdin=first.stdout)
    assert (result.returncode, result.stdout) == (0, b"")
    assert one_line(result.stderr) == "3 messages added, 0 there already, 0 lines not taken"
    assert export(other).stdout == first.stdout
    file = tmp_path / "lines"
    file.write_bytes(first.stdout)
    result = run_chatd("import", "--state-dir", chatd_folder(other), file)
    assert one_line(result.stderr) == "0 messages added, 3 there already, 0 lines not taken"
    assert numbers(serve(state=other)) == [1, 2, 3]


def test_an_export_to_a_file_is_whole_or_not_there(tmp_path):
    state = new_state()
    assert made(state, [message(number) for number in range(1, 3_000)]).returncode == 0
    path = tmp_path / "out.jsonl"
    assert export(state, "--output", path).returncode == 0
    assert path.read_bytes().count(b"\n") == 2_999 and os.listdir(tmp_path) == ["out.jsonl"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert export(state, "--room", "nowhere", "--output", path).returncode == 0
    assert path.read_bytes() == b""
    assert export(state, "--output", tmp_path / "no" / "folder").returncode == 1
    result = export(state, "--output", "/dev/full")
    assert result.returncode == 1 and "/dev/full" in one_line(result.stderr)


def test_a_reader_that_goes_away_ends_an_export_quietly():
    state = new_state()
    assert made(state, [message(number) for number in range(1, 30_000)]).returncode == 0
    process = start_chatd("export", "--state-dir", chatd_folder(state))
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(20) == 0 and process.stderr.read() == b""
    process.stdin.close()
    process.stderr.close()


def test_where_there_is_no_history_nothing_is_made(tmp_path):
    result = run_chatd("export", "--state-dir", tmp_path / "none")
    assert result.returncode == 1 and "--state-dir" in one_line(result.stderr)
    assert not (tmp_path / "none").exists()
    result = run_chatd("export", "--state-dir", tmp_path)
    assert result.returncode == 1 and os.listdir(tmp_path) == []


def test_an_import_beside_a_server_is_refused(serve):
    server = serve()
    result = made(server.state, [message(1)])
    assert result.returncode == 1 and "a server uses" in one_line(result.stderr)
    assert numbers(server) == []


GOOD = json.dumps(message(1)) + "\n"


@pytest.mark.parametrize(
    "line",
    ["{}", "[]", "null", "{", '{"room":"lobby"}', "\0", "x" * 2_000_000, "[" * 100_000,
     json.dumps(message(0, room="../etc")), json.dumps(message(2, room="")),
     json.dumps(message(2**40)), json.dumps(message(-1)), json.dumps(message(2, author="")),
     json.dumps(message(2, author="x" * 129)), json.dumps(message(2, kind="worm")),
     json.dumps(message(2, text=7)), json.dumps(message(2, text="x" * 900_000)),
     json.dumps(message(2, kind="file")), json.dumps(message(2, key="short")),
     json.dumps(message(2, time="now")), json.dumps(message(2, run="-1")),
     '{"room":"lobby","time":1e400,"author":"Ann","text":"x"}'],
    ids=range(22))
def test_a_hostile_line_is_named_and_the_rest_is_taken(line):
    state = new_state()
    result = made(state, [GOOD, line + "\n", "\n", json.dumps(message(3))])
    assert result.returncode == 6, result.stderr
    lines = result.stderr.decode().splitlines()
    assert lines[0].startswith("chatd: line 2 ") and len(lines[0]) < 200
    assert lines[1] == "chatd: 2 messages added, 0 there already, 1 line not taken"
    assert len(lines) == 2
    exported = [json.loads(line)["number"] for line in export(state).stdout.splitlines()]
    assert exported == [1, 3]


def test_where_no_line_is_good_the_import_has_failed():
    result = made(new_state(), ["junk\n"] * 150)
    assert result.returncode == 1
    lines = result.stderr.decode().splitlines()
    assert lines[-2:] == ["chatd: and 50 more lines",
                          "chatd: 0 messages added, 0 there already, 150 lines not taken"]


def test_bytes_that_are_no_text_are_a_bad_line():
    state = new_state()
    line = GOOD.encode().replace(b"message 1", b"\xff\xfe")
    result = run_chatd("import", "--state-dir", chatd_folder(state), stdin=line + GOOD.encode())
    assert result.returncode == 6
    assert run_chatd("import", "--quiet", "--state-dir", chatd_folder(state)).stderr == b""

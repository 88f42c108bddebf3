"""What the server writes: the transcript to standard output, the log to standard error."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from support.clients import hush
from support.program import chatd_path, one_line, run_chatd, start_chatd
from support.waiting import wait_until


def test_the_transcript_has_a_line_for_everything_that_happened(serve, jpeg):
    server = serve()
    anoop, bo = server.a("Anoop"), server.b("Bo")
    anoop.say("hello: there")
    anoop.show(jpeg)
    anoop.settle()
    bo.leave()
    server.wait_for_summary(clients=1)
    server.stop()
    lines = server.transcript.lines
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    texts = [line[9:] for line in lines]
    assert texts[:3] == ["* Anoop joined", "* Bo joined", "Anoop: hello: there"]
    assert "Anoop" in texts[3] and "picture" in texts[3] and "640×480" in texts[3]
    assert texts[4:] == ["* Bo left"]


def test_the_transcript_shows_control_characters_and_does_not_obey_them(serve):
    server = serve()
    anoop = server.a("Anoop")
    anoop.say("\x1b[31mred\x07 \x9b2J one\ntwo\rthree \u202eright to left")
    anoop.settle()
    server.stop()
    line = server.transcript.lines[-1]
    assert "^[[31mred^G" in line and "one" in line and "two^Mthree" in line
    raw = server.transcript.bytes.decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", raw)
    assert len(server.transcript.lines) == 2


def test_transcript_lines_come_at_once_and_not_at_the_end(serve):
    server = serve()
    server.a("Anoop").say("now")
    server.transcript.wait_for("Anoop: now")


def test_quiet_writes_no_transcript(serve):
    server = serve("--quiet")
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    anoop.say("hello")
    anoop.settle()
    assert meera.received() == [b"Anoop: hello"]
    server.stop()
    assert server.transcript.bytes == b""
    assert "stopped" in server.log.lines[-1]


def test_standard_output_holds_nothing_but_the_transcript(serve):
    server = serve()
    server.stop()
    assert server.transcript.bytes == b""


def test_the_log_in_json_is_one_object_a_line(serve):
    server = serve("--log-format", "json")
    anoop = server.a("Anoop")
    anoop.send(b"\xff")
    anoop.settle()
    anoop.close()
    server.a("Meera").say("where is Anoop?")
    server.log.wait_for('"lost"')
    server.stop()
    records = [json.loads(line) for line in server.log.lines]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", r["time"]) for r in records)
    assert {record["level"] for record in records} <= {"debug", "info", "warning", "error"}
    events = [record["event"] for record in records]
    assert events[0] == "listening" and events[-1] == "stopped"
    dropped = records[events.index("dropped")]
    assert dropped["reason"] == "not-text"
    assert records[events.index("lost")]["name"] == "Anoop"


def test_the_log_level_leaves_out_what_is_less_serious(serve):
    server = serve("--log-level", "warning", "--messages-per-second", "1", waits=False)
    # Without `listening` in the log the port has to be looked up.
    port = wait_until(lambda: udp_port_of(server.process.pid), "the port")
    server.address = ("127.0.0.1", port)
    anoop = server.a("Anoop")
    for _ in range(500):
        anoop.say("flood")
    anoop.settle()
    server.stop()
    assert server.log.lines and all(" warning " in line for line in server.log.lines)


def udp_port_of(pid):
    """The UDP port of a process of ours, or None."""
    sockets = set()
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            sockets.add(os.readlink(f"/proc/{pid}/fd/{entry}"))
        except FileNotFoundError:
            pass
    for table in ("udp", "udp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as file:
            for line in list(file)[1:]:
                fields = line.split()
                if f"socket:[{fields[9]}]" in sockets:
                    return int(fields[1].split(":")[1], 16)
    return None


def test_the_log_in_text_quotes_what_would_break_a_line(serve):
    server = serve()
    stranger = server.a("Anoop B")
    stranger.close()
    server.a("Meera").say("where is Anoop?")
    assert 'name="Anoop B"' in server.log.wait_for(" lost ")[0]


def test_under_the_journal_lines_begin_with_their_priority(serve):
    script = 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$0" serve --port 0'
    server = subprocess.Popen(["sh", "-c", script, chatd_path()], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    first = server.stderr.readline()
    server.terminate()
    rest = server.stderr.readlines()
    assert server.wait() == 0
    assert first.startswith("<6>info listening") and all(line.startswith("<6>") for line in rest)


def test_the_journal_of_another_stream_changes_nothing(serve):
    server = serve(env={"JOURNAL_STREAM": "1:2"})
    server.stop()
    assert server.log.lines and not any(line.startswith("<") for line in server.log.lines)


def test_a_reader_of_the_transcript_that_goes_away_does_not_harm_the_server(serve):
    reading, writing = os.pipe()
    server = serve(stdout=writing)
    os.close(writing)
    anoop, meera = server.a("Anoop"), server.a("Meera")
    os.close(reading)
    hush(anoop, meera)
    for number in range(100):
        anoop.say(str(number))
    anoop.settle()
    assert meera.received() == [b"Anoop: %d" % number for number in range(100)]


def test_a_reader_of_the_transcript_that_stalls_does_not_stall_the_server(serve):
    reading, writing = os.pipe()
    try:
        server = serve("--messages-per-second", "0", stdout=writing)
        os.close(writing)
        anoop, meera = server.a("Anoop"), server.a("Meera")
        hush(anoop, meera)
        text = b"x" * 60_000
        for _ in range(120):
            # Far more than a pipe and the server's own backlog hold.
            anoop.say(text)
            anoop.settle()
            assert meera.received() == [b"Anoop: " + text]
        assert server.summary()["transcript-bytes-dropped"] > 0
        before = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - before < 5
    finally:
        os.close(reading)


def test_a_closed_standard_output_does_not_harm_the_server():
    process = start_chatd(
        "serve", "--port", "0", "--bind", "127.0.0.1", stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, preexec_fn=lambda: os.close(1))
    try:
        assert b"listening" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("flag", ["--transcript", "--log"])
def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path, flag):
    file = tmp_path / "missing" / "file"
    result = run_chatd("serve", "--port", "0", "--bind", "127.0.0.1", flag, file, timeout=5)
    assert result.returncode == 1
    line = one_line(result.stderr)
    assert str(file) in line and flag in line


def test_a_transcript_on_a_full_disk_is_an_error_in_the_log_and_counted(serve):
    server = serve("--transcript", "/dev/full")
    anoop = server.a("Anoop")
    anoop.say("hello")
    anoop.settle()
    assert "No space left on device" in server.log.wait_for("error not-written ")[0]
    wait_until(lambda: server.summary()["transcript-bytes-dropped"] > 0, "the bytes are counted")

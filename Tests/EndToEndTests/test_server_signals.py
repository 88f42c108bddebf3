"""Signals of a running server."""

import os
import re
import signal
import time

import pytest

from support.clients import hush
from support.terminal import Terminal, ctrl
from support.waiting import wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_tells_everyone_and_exits_0(serve, number):
    server = serve()
    anoop, bo = server.a("Anoop"), server.b("Bo")
    hush(anoop, bo)
    before = time.monotonic()
    assert server.stop(number) == 0
    assert time.monotonic() - before < 5
    line = anoop.receive()
    assert b"shutting down" in line and b": " not in line
    assert bo.receive() == b"server-shutdown"
    for client in (anoop, bo):
        client.socket.setblocking(False)
        with pytest.raises(OSError):
            client.socket.recv(65_536)


def test_what_was_said_just_before_the_end_is_still_delivered(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    anoop.say("last words")
    anoop.settle()
    assert server.stop() == 0
    assert meera.receive() == b"Anoop: last words"


def test_the_last_line_of_the_log_counts_what_happened(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    anoop.say("one")
    anoop.say("two")
    anoop.settle()
    meera.leave()
    server.wait_for_summary(clients=1)
    server.stop()
    last = server.log.lines[-1]
    assert "stopped" in last
    for field in ("clients=1", "joined=2", "left=1", "lost=0", "messages=2", "pictures=0"):
        assert f" {field}" in last


def test_sigusr1_writes_a_summary_and_the_server_goes_on(serve, jpeg):
    server = serve()
    anoop, bo = server.a("Anoop"), server.b("Bo")
    anoop.say("hello")
    anoop.show(jpeg)
    anoop.send(b"\xff")
    anoop.settle()
    summary = server.summary()
    assert summary["clients"] == 2 and summary["joined"] == 2
    assert summary["messages"] == 1 and summary["pictures"] == 1
    assert summary["dropped-not-text"] == 1
    assert summary["kernel-drops"] == 0
    anoop.say("again")
    anoop.settle()
    assert b"Anoop:again" in bo.received()
    assert server.summary()["messages"] == 2


def test_sighup_reopens_the_transcript_and_the_log(serve, tmp_path):
    transcript, log = tmp_path / "transcript", tmp_path / "log"
    server = serve("--transcript", transcript, "--log", log, waits=False)
    wait_until(lambda: log.exists() and "listening" in log.read_text(), "the log")
    server.wait_until_listening(log.read_text())
    anoop = server.a("Anoop")
    anoop.say("before")
    wait_until(lambda: "before" in transcript.read_text(), "the transcript")
    for file in (transcript, log):
        os.rename(file, f"{file}.1")
    anoop.say("not yet reopened")
    wait_until(lambda: "not yet" in (tmp_path / "transcript.1").read_text(), "the old file")
    server.signal(signal.SIGHUP)
    wait_until(lambda: log.exists() and "reopened" in log.read_text(), "the new log")
    anoop.say("after")
    wait_until(lambda: transcript.exists() and "after" in transcript.read_text(), "the new file")
    assert "after" not in (tmp_path / "transcript.1").read_text()
    assert "before" not in transcript.read_text()
    # Reopening keeps what a file holds.
    server.signal(signal.SIGHUP)
    anoop.say("and on")
    wait_until(lambda: "and on" in transcript.read_text(), "the same file")
    assert "after" in transcript.read_text()
    assert server.transcript.bytes == b"" and server.log.bytes == b""


def test_sighup_without_files_disturbs_nobody(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    server.signal(signal.SIGHUP)
    server.log.wait_for("reopened")
    anoop.say("still here")
    anoop.settle()
    assert meera.received() == [b"Anoop: still here"]
    server.transcript.wait_for("Anoop: still here")


def test_a_file_that_cannot_be_reopened_is_said_and_the_server_goes_on(serve, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    server = serve("--transcript", folder / "transcript")
    anoop = server.a("Anoop")
    (folder / "transcript").unlink()
    folder.rmdir()
    server.signal(signal.SIGHUP)
    line = server.log.wait_for("not-reopened")[0]
    assert str(folder) in line
    anoop.settle()


def test_at_a_terminal_it_says_how_to_join_and_ctrl_c_ends_it():
    terminal = Terminal("serve", "--port", "0", "--bind", "127.0.0.1", columns=120)
    try:
        port = re.search(r"address=127.0.0.1:(\d+)", terminal.wait_for("listening")).group(1)
        assert terminal.wait_for("chatd join --name NAME").endswith(f"--server localhost:{port}")
        terminal.type(ctrl("C"))
        assert terminal.wait() == 0
        terminal.wait_for("stopped")
    finally:
        terminal.close()

"""`chatd send`: a message, or a line for a message, and an exit code that can be relied on."""

import socket
import subprocess
import threading
import time

import pytest

from support.clients import hush
from support.program import one_line, remarks, run_chatd, start_chatd

MESSAGE_BYTES_MAX = 65_507 - 128 - 16


def send(server, *words, name="Script", **options):
    return run_chatd("send", "--server", server.target, "--name", name, *words, **options)


def said(client, name="Script"):
    """The texts that `name` said, after its join and before its leave."""
    seen = client.received()
    assert seen[0] == f"{name} has joined the chat.".encode(), seen
    assert seen[-1] == f"{name} has left the chat.".encode(), seen
    prefix = f"{name}: ".encode()
    assert all(datagram.startswith(prefix) for datagram in seen[1:-1]), seen
    return [datagram[len(prefix):] for datagram in seen[1:-1]]


def test_a_word_is_said_once_and_the_exit_code_is_0(serve):
    server = serve()
    watcher = server.a("Watcher")
    result = send(server, "deploy done: all green")
    assert (result.returncode, result.stdout, remarks(result.stderr)) == (0, b"", [])
    assert said(watcher) == [b"deploy done: all green"]


def test_a_client_of_b_hears_it_too(serve):
    server = serve()
    bo = server.b("Bo")
    assert send(server, "hello").returncode == 0
    assert bo.received() == [b"Script joined", b"Script:hello", b"User Script left"]


@pytest.mark.parametrize("words", [[], ["-"]])
@pytest.mark.parametrize(
    "stdin, message",
    [(b"one line\n", b"one line"), (b"no line end", b"no line end"),
     (b"two\nlines\n", b"two\nlines"), (b"dos\r\n", b"dos"), (b"dos\r\nlines\r\n", b"dos\r\nlines"),
     (b"\n\nspaced\n\n", b"\n\nspaced\n"), (b"/quit\n", b"/quit"), (b"exit\n", b"exit"),
     (b"send image\n", b"send image")])
def test_all_of_standard_input_is_one_message(serve, words, stdin, message):
    server = serve()
    watcher = server.a("Watcher")
    result = send(server, *words, stdin=stdin)
    assert result.returncode == 0 and remarks(result.stderr) == []
    assert said(watcher) == [message]


def test_input_that_comes_slowly_and_in_pieces_is_one_message(serve):
    server = serve()
    watcher = server.a("Watcher")
    process = start_chatd("send", "--server", server.target, "--name", "Script")
    for piece in (b"a piece", b" and", b" another\n", b"and a line\n"):
        process.stdin.write(piece)
        process.stdin.flush()
        watcher.settle()
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0 and remarks(stderr) == []
    assert said(watcher) == [b"a piece and another\nand a line"]


@pytest.mark.parametrize(
    "stdin, messages",
    [(b"one\ntwo\n", [b"one", b"two"]), (b"one\nlast, no end", [b"one", b"last, no end"]),
     (b"dos\r\nlines\r\n", [b"dos", b"lines"]), (b"empty\n\n\nbetween\n", [b"empty", b"between"]),
     (b"/quit\nexit\n", [b"/quit", b"exit"]), (b"", []), (b"\n", [])])
def test_with_lines_each_line_is_a_message(serve, stdin, messages):
    server = serve()
    watcher = server.a("Watcher")
    assert send(server, "--lines", stdin=stdin).returncode == 0
    assert said(watcher) == messages


def test_with_lines_each_line_is_said_as_soon_as_it_is_there(serve):
    server = serve()
    watcher = server.a("Watcher")
    process = start_chatd("send", "--lines", "--server", server.target, "--name", "Script")
    assert watcher.receive() == b"Script has joined the chat."
    for number in range(3):
        process.stdin.write(b"line %d\n" % number)
        process.stdin.flush()
        assert watcher.receive() == b"Script: line %d" % number
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert watcher.receive(5) == b"Script has left the chat."


def test_three_thousand_lines_all_arrive_in_order(serve):
    server = serve()
    watcher = server.a("Watcher")
    lines = b"".join(b"line number %d\n" % number for number in range(3_000))
    # It goes at a pace of its own, below what the server accepts.
    seen = []
    reader = threading.Thread(target=_collect, args=(watcher, 3_002, seen))
    reader.start()
    result = send(server, "--lines", stdin=lines, timeout=90)
    reader.join()
    assert result.returncode == 0 and remarks(result.stderr) == []
    assert seen[1:-1] == [b"Script: line number %d" % number for number in range(3_000)]
    assert "dropped-messages-per-second" not in server.summary()


def _collect(client, count, seen):
    while len(seen) < count:
        seen.append(client.receive())


@pytest.mark.parametrize("stdin", [b"", b"\n", b"\r\n"])
def test_nothing_to_say_is_one_line_and_exit_code_1(serve, stdin):
    server = serve()
    watcher = server.a("Watcher")
    result = send(server, stdin=stdin)
    assert result.returncode == 1
    assert "empty" in one_line(result.stderr)
    assert watcher.received() == []


def test_a_message_that_is_just_short_enough_arrives_whole(serve):
    server = serve()
    watcher = server.a("Watcher")
    text = b"x" * MESSAGE_BYTES_MAX
    assert send(server, stdin=text).returncode == 0
    assert said(watcher) == [text]


@pytest.mark.parametrize("extra", [1, 3, 10_000_000])
def test_a_message_that_is_too_long_is_one_line_and_exit_code_1(serve, extra):
    server = serve()
    watcher = server.a("Watcher")
    result = send(server, stdin=b"x" * (MESSAGE_BYTES_MAX + extra))
    assert result.returncode == 1
    line = one_line(result.stderr)
    assert str(MESSAGE_BYTES_MAX) in line and "--lines" in line
    assert watcher.received() == []


def test_a_line_that_is_too_long_is_said_to_be_and_the_others_arrive(serve):
    server = serve()
    watcher = server.a("Watcher")
    result = send(server, "--lines", stdin=b"one\n" + b"x" * 100_000 + b"\ntwo\n")
    assert result.returncode == 6
    assert b"100000 bytes" in result.stderr
    assert said(watcher) == [b"one", b"two"]


def test_a_name_that_is_taken_is_refused_with_exit_code_4(serve):
    server = serve()
    server.a("Script")
    watcher = server.a("Watcher")
    result = send(server, "hello")
    assert result.returncode == 4 and result.stdout == b""
    assert "has the name" in one_line(result.stderr)
    assert watcher.received() == []


def test_a_login_name_that_is_taken_gets_a_number_and_it_says_so(serve):
    server = serve()
    server.a("Script")
    watcher = server.a("Watcher")
    result = run_chatd("send", "--server", server.target, "hello", env={"USER": "Script"})
    assert result.returncode == 0 and result.stdout == b""
    assert "Script-2" in one_line(result.stderr)
    assert said(watcher, "Script-2") == [b"hello"]


def test_a_notice_of_an_old_server_goes_to_standard_error(serve):
    server = serve()
    server.a("Script")
    watcher = server.a("Watcher")
    hush(watcher)
    result = send(server, "--classic", "hello")
    assert result.returncode == 0 and result.stdout == b""
    assert "Script-2" in one_line(result.stderr)
    assert said(watcher, "Script-2") == [b"hello"]


def test_nobody_there_is_said_at_once_and_exits_with_3():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    before = time.monotonic()
    result = run_chatd("send", "--server", f"127.0.0.1:{port}", "--timeout", "60", "hello")
    assert time.monotonic() - before < 30
    assert result.returncode == 3
    assert f"127.0.0.1:{port}" in one_line(result.stderr)


def test_a_server_that_does_not_answer_is_given_up_after_the_timeout():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        before = time.monotonic()
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        result = run_chatd("send", "--server", target, "--timeout", "0.5", "hello")
    assert 0.5 <= time.monotonic() - before < 5
    assert result.returncode == 3
    line = one_line(result.stderr)
    assert target in line and "0.5 s" in line


def test_a_server_that_goes_away_before_the_end_is_not_a_success(serve):
    server = serve()
    process = start_chatd(
        "send", "--lines", "--server", server.target, "--name", "Script", "--timeout", "1")
    watcher = server.a("Watcher")
    process.stdin.write(b"one\n")
    process.stdin.flush()
    watcher.receive()
    server.stop()
    _, stderr = process.communicate(b"two\n", timeout=20)
    assert process.returncode == 5
    lost, failed, *named = remarks(stderr)
    assert "is shutting down; trying again" in lost
    assert "did not say within 1 s that it has everything" in failed
    assert named[-1] == "chatd:   line 2: two"


def test_a_full_server_refuses_with_exit_code_4(serve):
    server = serve("--clients-max", "1")
    server.a("Watcher")
    result = send(server, "hello")
    assert result.returncode == 4
    assert "full" in one_line(result.stderr)


def test_what_is_said_too_fast_waits_and_is_not_lost(serve):
    server = serve("--messages-per-second", "50")
    watcher = server.a("Watcher")
    before = time.monotonic()
    lines = b"".join(b"flood %d\n" % number for number in range(200))
    result = send(server, "--lines", stdin=lines)
    assert result.returncode == 0 and remarks(result.stderr) == []
    # Two seconds' worth may come at once.
    assert time.monotonic() - before > 1.5
    assert said(watcher) == lines.splitlines()


def test_with_classic_the_servers_complaint_is_shown_and_nothing_is_confirmed(serve):
    server = serve("--messages-per-second", "1")
    watcher = server.a("Watcher")
    result = send(server, "--classic", "--lines", stdin=b"flood\n" * 50)
    assert result.returncode == 0
    assert "fast" in one_line(result.stderr)
    assert 1 <= len(said(watcher)) < 50


def test_chatd_server_names_the_server(serve):
    server = serve()
    watcher = server.a("Watcher")
    result = run_chatd("send", "--name", "Script", "hello", env={"CHATD_SERVER": server.target})
    assert result.returncode == 0
    assert said(watcher) == [b"hello"]


def test_the_flag_goes_before_chatd_server(serve):
    server = serve()
    watcher = server.a("Watcher")
    assert send(server, "hello", env={"CHATD_SERVER": "192.0.2.1:9"}).returncode == 0
    assert said(watcher) == [b"hello"]


@pytest.mark.parametrize("value", ["127.0.0.1:", "127.0.0.1:x", "127.0.0.1:0", ":12345", "a b"])
def test_a_bad_address_is_named_and_exits_with_2(value):
    result = run_chatd("send", "hello", env={"CHATD_SERVER": value})
    assert result.returncode == 2 and "CHATD_SERVER" in one_line(result.stderr)
    result = run_chatd("send", "--server", value, "hello")
    assert result.returncode == 2 and "--server" in one_line(result.stderr)


@pytest.mark.parametrize("name", ["a/b", "a:b", "", "n" * 33, "IMG", "x\x1b[2J"])
def test_a_bad_name_is_refused_before_anything_is_sent(serve, name):
    server = serve()
    result = send(server, "hello", name=name)
    assert result.returncode == 2
    line = one_line(result.stderr)
    assert "--name" in line and "\x1b" not in line
    assert server.summary()["datagrams"] == 0


@pytest.mark.parametrize("words", [["one", "two"], ["--nonsense"], ["--timeout", "soon", "x"],
                                   ["--timeout", "0", "x"], ["--server"]])
def test_wrong_usage_exits_with_2(words):
    result = run_chatd("send", *words)
    assert result.returncode == 2 and result.stdout == b""
    assert one_line(result.stderr)


def test_after_two_dashes_a_word_is_text(serve):
    server = serve()
    watcher = server.a("Watcher")
    assert send(server, "--", "--help").returncode == 0
    assert said(watcher) == [b"--help"]


def test_it_works_against_an_unmodified_server(classroom):
    server = classroom()
    result = run_chatd(
        "send", "--classic", "--server", server.target, "--name", "Script", "hello")
    assert result.returncode == 0 and remarks(result.stderr) == []
    server.wait_for(b"Script has left the chat.")
    assert server.heard == [
        b"Script has joined the chat.", b"Script: hello", b"Script has left the chat."]


@pytest.mark.parametrize("number, code", [(2, 130), (15, 143)])
def test_a_signal_ends_it_with_its_own_exit_code(serve, number, code):
    server = serve()
    watcher = server.a("Watcher")
    process = start_chatd("send", "--lines", "--server", server.target, "--name", "Script")
    assert watcher.receive() == b"Script has joined the chat."
    process.send_signal(number)
    assert process.wait(20) == code
    process.communicate()
    assert watcher.receive(5) == b"Script has left the chat."


def test_a_closed_standard_input_is_no_crash(serve):
    server = serve()
    result = run_chatd("send", "--server", server.target, stdin=subprocess.DEVNULL)
    assert result.returncode == 1 and "empty" in one_line(result.stderr)

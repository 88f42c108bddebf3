"""`chatd join` in a pipe: lines in, lines out."""

import os
import signal
import socket
import subprocess
import time

import pytest

from support.clients import hush
from support.program import one_line, run_chatd, start_chatd
from support.waiting import wait_until


def joined(watcher, name="Piper"):
    """Waits until the watcher sees somebody join."""
    while watcher.receive() != f"{name} has joined the chat.".encode():
        pass


def test_each_line_of_standard_input_is_one_message(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server)
    piper.write("one\ntwo: with a colon\n\nthree\r\nlast without its end")
    piper.end_input()
    assert piper.wait() == 0
    assert watcher.received() == [
        b"Piper has joined the chat.", b"Piper: one", b"Piper: two: with a colon",
        b"Piper: three", b"Piper: last without its end", b"Piper has left the chat."]
    assert piper.output.bytes == b""


def test_commands_are_not_read_where_standard_input_is_no_terminal(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    lines = ["/quit", "exit", "send image", "/image x.jpg", "/who", "//slash", "/nonsense", "last"]
    piper = join(server)
    piper.write("".join(f"{line}\n" for line in lines))
    piper.end_input()
    assert piper.wait() == 0
    said = watcher.received()[1:-1]
    assert said == [f"Piper: {line}".encode() for line in lines]


def test_a_line_is_sent_as_soon_as_it_is_there(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server)
    joined(watcher)
    for number in range(3):
        piper.write(f"line {number}\n")
        assert watcher.receive() == b"Piper: line %d" % number


def test_what_others_say_is_a_line_on_standard_output_at_once(serve, join):
    server = serve()
    anoop, bo = server.a("Anoop B"), server.b("Bo")
    piper = join(server)
    joined(anoop)
    anoop.say("hello: there")
    piper.output.wait_for("^Anoop B: hello: there$")
    bo.say("你好")
    piper.output.wait_for("^Bo: 你好$")
    piper.end_input()
    assert piper.wait() == 0
    assert piper.output.bytes.decode() == "Anoop B: hello: there\nBo: 你好\n"


def test_joins_leaves_and_notices_go_to_standard_error(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, name=None, env={"USER": "watcher"})
    joined(watcher, "watcher-2")
    meera = server.a("Meera")
    piper.errors.wait_for("Meera joined")
    meera.leave()
    piper.errors.wait_for("Meera left")
    piper.errors.wait_for("watcher-2")
    piper.end_input()
    assert piper.wait() == 0
    assert piper.output.bytes == b""


def test_quiet_says_nothing_on_standard_error(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--quiet")
    joined(watcher)
    server.a("Meera")
    watcher.say("hello")
    piper.output.wait_for("Watcher: hello")
    piper.end_input()
    assert piper.wait() == 0
    assert piper.errors.bytes == b""


def test_the_end_of_input_leaves_after_everything_is_out(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server)
    piper.write("".join(f"line {number}\n" for number in range(400)))
    piper.end_input()
    assert piper.wait(60) == 0
    said = watcher.received()
    assert said[1:-1] == [b"Piper: line %d" % number for number in range(400)]
    assert said[-1] == b"Piper has left the chat."
    assert server.summary()["lost"] == 0


def test_follow_stays_after_the_end_of_input(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--follow", stdin=subprocess.DEVNULL)
    joined(watcher)
    for number in range(3):
        watcher.say(str(number))
        piper.output.wait_for(f"Watcher: {number}")
    assert piper.process.poll() is None
    piper.process.send_signal(signal.SIGTERM)
    assert piper.wait() == 143


def test_no_follow_leaves_as_soon_as_the_input_is_out(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--no-follow", "--count", "5", "--timeout", "60")
    joined(watcher)
    piper.write("one\n")
    assert watcher.receive() == b"Piper: one"
    assert piper.process.poll() is None
    piper.end_input()
    assert piper.wait() == 0
    assert watcher.receive() == b"Piper has left the chat."


def test_count_ends_it_after_so_many_messages(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--count", "2", stdin=subprocess.DEVNULL)
    joined(watcher)
    server.a("Meera")
    for number in range(4):
        watcher.say(str(number))
    assert piper.wait() == 0
    assert piper.output.lines == ["Watcher: 0", "Watcher: 1"]
    watcher.settle()
    server.wait_for_summary(clients=2)


def test_count_counts_pictures_too(serve, join, jpeg):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--count", "2", stdin=subprocess.DEVNULL)
    joined(watcher)
    watcher.show(jpeg)
    watcher.say("look")
    assert piper.wait() == 0
    # A picture takes longer than a word.
    text, picture = sorted(piper.output.lines, key=lambda line: "640×480" in line)
    assert text == "Watcher: look" and "640×480" in picture


def test_a_count_that_is_not_met_within_the_timeout_exits_with_5(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    before = time.monotonic()
    piper = join(server, "--count", "2", "--timeout", "1", stdin=subprocess.DEVNULL)
    joined(watcher)
    watcher.say("only one")
    assert piper.wait() == 5
    assert time.monotonic() - before >= 1
    assert piper.output.lines == ["Watcher: only one"]
    server.wait_for_summary(clients=1)
    assert watcher.received() == [b"Piper has left the chat."]


def test_a_timeout_alone_ends_a_session_with_0(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--timeout", "0.5", stdin=subprocess.DEVNULL)
    joined(watcher)
    assert piper.wait() == 0
    server.wait_for_summary(clients=1)


def test_no_answer_within_the_timeout_exits_with_3():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        result = run_chatd("join", "--server", target, "--no-save", "--timeout", "0.3",
                           stdin=b"hello\n")
        silent.setblocking(False)
        assert b"hello" not in silent.recv(100)
    assert result.returncode == 3 and result.stdout == b""
    assert target in one_line(result.stderr)


def test_nobody_there_is_said_at_once_and_exits_with_3():
    before = time.monotonic()
    result = run_chatd("join", "--no-save", "--server", "127.0.0.1:1", "--timeout", "60", stdin=b"")
    assert time.monotonic() - before < 30
    assert result.returncode == 3
    assert "127.0.0.1:1" in one_line(result.stderr)


def test_a_full_server_refuses_with_exit_code_4(serve, join):
    server = serve("--clients-max", "1")
    server.a("Watcher")
    piper = join(server)
    assert piper.wait() == 4
    assert "full" in piper.errors.lines[-1]


def test_a_server_that_stops_and_comes_back_is_said_once(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server)
    joined(watcher)
    assert server.stop() == 0
    piper.errors.wait_for("shutting down; coming back")
    # Long enough for several tries.
    time.sleep(1.5)
    assert piper.process.poll() is None
    again = serve("--port", str(server.port), state=server.state)
    piper.errors.wait_for("back; the server was started again")
    newcomer = again.a("Newcomer")
    piper.write("still me\n")
    assert newcomer.receive() == b"Piper: still me"
    piper.end_input()
    assert piper.wait() == 0
    assert [line[:4] for line in piper.errors.lines if "back" in line] == ["* th", "* ba"]


def test_with_classic_a_server_that_stopped_ends_it_with_the_next_word(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--classic")
    joined(watcher)
    assert server.stop() == 0
    piper.errors.wait_for("The server is shutting down")
    piper.write("is anybody there?\n")
    assert piper.wait() == 3
    assert f"no server at {server.target}" in piper.errors.lines[-1]


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_and_ends_it_with_its_own_exit_code(serve, join, number, code):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server)
    joined(watcher)
    piper.process.send_signal(number)
    assert piper.wait() == code
    assert watcher.receive() == b"Piper has left the chat."


def test_a_reader_that_goes_away_ends_it_quietly(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    reading, writing = os.pipe()
    piper = join(server, "--follow", stdout=writing, stdin=subprocess.DEVNULL)
    os.close(writing)
    joined(watcher)
    os.close(reading)
    watcher.say("is anybody reading?")
    assert piper.wait() == 0
    assert "roken" not in piper.errors.bytes.decode()
    server.wait_for_summary(clients=1)
    assert watcher.received() == [b"Piper has left the chat."]


@pytest.mark.parametrize(
    "text, shown",
    [("\x1b[31mred", "^[[31mred"), ("bell\x07", "bell^G"), ("c1 \x9b2J", "c1 \\u{9b}2J"),
     ("two\nlines", "two⏎lines"), ("over\rwrite", "over^Mwrite"),
     ("bidi \u202e", "bidi \\u{202e}"), ("\x1b]0;title\x07", "^[]0;title^G"),
     ("tab\there", "tab\there"), ("del\x7f", "del^?")])
def test_what_a_terminal_would_obey_is_shown(serve, join, text, shown):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--count", "1", stdin=subprocess.DEVNULL)
    joined(watcher)
    watcher.say(text)
    assert piper.wait() == 0
    assert piper.output.bytes.decode() == f"Watcher: {shown}\n"


def test_input_that_is_no_utf8_is_sent_as_text_anyway(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server)
    piper.write(b"caf\xe9\nnext\n")
    piper.end_input()
    assert piper.wait() == 0
    assert watcher.received()[1:-1] == ["Piper: caf\ufffd".encode(), b"Piper: next"]


def test_a_line_that_is_too_long_is_refused_and_the_others_are_sent(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server)
    piper.write(b"one\n" + b"x" * 100_000 + b"\ntwo\n")
    piper.end_input()
    assert piper.wait() == 6
    assert "100000" in piper.errors.bytes.decode()
    assert watcher.received()[1:-1] == [b"Piper: one", b"Piper: two"]


def test_two_programs_can_talk_to_each_other(serve, join):
    server = serve()
    first, second = join(server, name="First"), None
    server.wait_for_summary(clients=1)
    second = join(server, name="Second")
    first.errors.wait_for("Second joined")
    first.write("ping\n")
    second.output.wait_for("First: ping")
    second.write("pong\n")
    first.output.wait_for("Second: pong")


def test_a_slow_reader_gets_everything(serve, join):
    server = serve("--messages-per-second", "0")
    watcher = server.a("Watcher")
    reading, writing = os.pipe()
    piper = join(server, "--follow", stdout=writing, stdin=subprocess.DEVNULL)
    os.close(writing)
    joined(watcher)
    hush(watcher)
    for number in range(200):
        watcher.say(b"%03d " % number + b"x" * 1_000)
        watcher.settle()
    seen = b""
    with os.fdopen(reading, "rb") as output:
        while seen.count(b"\n") < 200:
            seen += output.read1(65_536)
        assert [line[9:12] for line in seen.splitlines()] == [b"%03d" % n for n in range(200)]
        piper.process.terminate()
        wait_until(lambda: piper.process.poll() is not None, "the end")


@pytest.mark.parametrize("words, named", [
    (["--count", "0"], "--count"), (["--count", "x"], "--count"),
    (["--timeout", "-1"], "--timeout"), (["--nonsense"], "--nonsense"), (["word"], "word"),
    (["--save-dir"], "--save-dir"), (["--name", "a/b"], "--name"),
    (["--server", "a:b"], "--server")])
def test_wrong_usage_names_the_flag_and_exits_with_2(words, named):
    result = run_chatd("join", *words, stdin=b"")
    assert result.returncode == 2
    assert named in one_line(result.stderr)


def test_output_that_cannot_be_written_ends_it_with_the_reason(serve):
    server = serve()
    with open("/dev/full", "wb") as full:
        joiner = start_chatd("join", "--server", server.target, "--name", "J", "--count", "1",
                             "--timeout", "30", stdin=subprocess.DEVNULL, stdout=full,
                             stderr=subprocess.PIPE)
        anoop = server.a("Anoop")
        server.wait_for_summary(clients=2)
        anoop.say("hello")
        _, stderr = joiner.communicate(timeout=30)
    assert joiner.returncode == 1
    assert "standard output: No space left on device" in stderr.decode()


def test_a_reader_that_is_slow_at_the_end_loses_nothing(serve):
    server = serve()
    joiner = start_chatd("join", "--server", server.target, "--name", "J", "--count", "10",
                         stdin=subprocess.DEVNULL)
    anoop = server.a("Anoop")
    server.wait_for_summary(clients=2)
    texts = [f"{number} ".ljust(60_000, "x") for number in range(10)]
    for text in texts:
        anoop.say(text)
        anoop.settle()
    server.wait_for_summary(clients=1)
    # Longer than a process that was told to end gives its streams.
    time.sleep(1.5)
    stdout, _ = joiner.communicate(timeout=30)
    assert joiner.returncode == 0
    assert stdout.decode().splitlines() == [f"Anoop: {text}" for text in texts]

"""What a person and a script are told of what was said and is not accepted."""

import re
import signal
import subprocess

import pytest

from support import native_wire as wire
from support.pictures import jpeg_photo
from support.program import remarks, run_chatd, start_chatd
from support.terminal import ENTER, ctrl

WAITING = "    … Typist "
DIM = "\x1b[2m"


@pytest.fixture(name="paused")
def make_paused():
    """Pauses servers; they go on at the end."""
    servers = []

    def pause(server):
        server.signal(signal.SIGSTOP)
        servers.append(server)

    yield pause
    for server in servers:
        if server.process.poll() is None:
            server.signal(signal.SIGCONT)


def waiting(screen):
    """What stands above the prompt as not accepted, and nothing else may stand between."""
    lines = list(screen.lines)
    start = next((index for index, line in enumerate(lines) if line.startswith("    … ")),
                 len(lines) - 1)
    assert all(line.startswith("    … ") for line in lines[start:-1]), lines
    return [line.strip() for line in lines[start:-1]]


@pytest.mark.parametrize("columns, rows", [(200, 50), (40, 12)])
def test_what_is_not_accepted_stands_above_the_prompt_until_it_is(
        serve, terminal, paused, columns, rows):
    server = serve()
    typist = terminal(server, columns=columns, rows=rows)
    typist.say("before")
    paused(server)
    typist.type("first" + ENTER + "second" + ENTER + "half")
    typist.wait_for_prompt("Typist (2 not accepted yet)> half")
    assert waiting(typist.screen) == ["… Typist first", "… Typist second"]
    assert f"{DIM}{WAITING}first".encode() in bytes(typist.bytes)
    typist.type(ctrl("U") + "".join(f"number {n}{ENTER}" for n in range(5)) + "half")
    typist.wait_for_prompt("Typist (7 not accepted yet)> half")
    shown = [f"… Typist number {n}" for n in range(1, 5)]
    assert waiting(typist.screen) == ["… 3 more before", *shown]
    server.signal(signal.SIGCONT)
    # That something is accepted may be known a moment before its place is.
    typist.wait_until(
        lambda screen: screen.cursor_line == "Typist> half" and waiting(screen) == [],
        "everything in its place")
    said = [line[6:] for line in typist.lines() if re.match(r"\d\d:\d\d Typist ", line)]
    texts = ["before", "first", "second", *(f"number {n}" for n in range(5))]
    assert said == [f"Typist {text}" for text in texts]
    assert not [line for line in typist.lines() if "…" in line]
    assert typist.screen.unknown == set()


def test_a_long_line_that_waits_takes_one_row_and_none_of_it_stays(serve, terminal, paused):
    server = serve()
    typist = terminal(server, columns=40, rows=12)
    meera = server.a("Meera")
    typist.wait_for("Meera joined")
    paused(server)
    long = "long 你好 " * 20
    typist.type(long + ENTER + long)
    typist.wait_until(lambda screen: any(line.startswith(WAITING) for line in screen.lines),
                      "what waits")
    row, = [line for line in typist.screen.lines if line.startswith(WAITING)]
    assert row.endswith("…") and len(row) <= 39
    server.signal(signal.SIGCONT)
    meera.say("interruption")
    typist.wait_for("interruption")
    typist.wait_until(lambda screen: "not accepted" not in "".join(screen.history), "the prompt")
    text = "".join(typist.lines())
    assert text.count("long 你好") in (39, 40) and "…" not in text, text


def test_what_is_accepted_at_once_is_never_shown_as_waiting(serve, terminal):
    typist = terminal(serve())
    for number in range(20):
        typist.say(f"number {number}")
    assert "…".encode() not in bytes(typist.bytes)


def test_who_leaves_a_terminal_is_told_what_was_not_accepted(serve, terminal, paused):
    server = serve()
    typist = terminal(server, "--timeout", "1")
    paused(server)
    typist.type("never heard" + ENTER)
    typist.wait_for_prompt("Typist (1 not accepted yet)>")
    typist.type(ctrl("D"))
    assert typist.wait() == 5
    typist.wait_for("chatd:   never heard")
    assert typist.lines()[-2:] == ["chatd: not accepted, 1 in all:", "chatd:   never heard"]


@pytest.mark.parametrize("command", ["send", "join"])
def test_a_script_is_told_which_lines_were_not_accepted(serve, paused, tmp_path, command):
    server = serve()
    lines = ["--lines"] if command == "send" else []
    process = start_chatd(command, *lines, "--server", server.target, "--name", "Script",
                          "--timeout", "2", cwd=tmp_path)
    process.stdin.write(b"one\n\n")
    process.stdin.flush()
    server.transcript.wait_for("Script: one")
    paused(server)
    texts = [f"text {number} " + "x" * 100 for number in range(3, 18)]
    _, errors = process.communicate("".join(text + "\n" for text in texts).encode(), timeout=20)
    assert process.returncode == 5
    told = [line.removeprefix("chatd: ") for line in remarks(errors)]
    start = told.index("not accepted, 15 in all:")
    assert "did not say within 2 s that it has everything" in told[start - 1]
    assert told[start + 1:] == [
        *(f"  line {number}: {text[:72]}…" for number, text in enumerate(texts[:10], start=3)),
        "  and 5 more"]


@pytest.mark.parametrize("command", ["send", "join"])
def test_a_script_is_told_which_lines_were_too_long(serve, tmp_path, command):
    server = serve()
    lines = ["--lines"] if command == "send" else []
    given = "short\n" + 12 * ("x" * 70_000 + "\n") + "short again\n"
    result = run_chatd(command, *lines, "--server", server.target, "--name", "Script",
                       stdin=given.encode(), cwd=tmp_path)
    assert result.returncode == 6
    *named, last = [line for line in remarks(result.stderr) if "*" not in line]
    assert [re.search(r"line (\d+) of 70000 bytes was not sent", line).group(1)
            for line in named] == [str(number) for number in range(2, 12)]
    assert "12 of" in last


@pytest.fixture(name="refuses_pictures")
def make_refuser(serve, native):
    """A server that is busy with as many bytes of pictures as it takes at once."""
    server = serve()
    for number in range(16):
        uploader = native(server, f"Uploader {number}")
        uploader.offer(bytes(4 << 20))
        uploader.pump(lambda: any(said.type == wire.WANT for said in uploader.control), "WANT")
    return server


def test_a_picture_that_is_refused_is_named_at_the_terminal(
        refuses_pictures, terminal, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(jpeg_photo(320, 200))
    typist = terminal(refuses_pictures, cwd=tmp_path, columns=200)
    typist.type("/image photo.jpg" + ENTER)
    line = typist.wait_for("! not sent: ")
    assert re.fullmatch(r"! not sent: photo.jpg 320×200 .* \(too many pictures are under way.*\)",
                        line)
    typist.wait_for_prompt("Typist>")
    assert waiting(typist.screen) == []


def test_a_picture_that_is_refused_is_named_to_a_script(refuses_pictures, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(jpeg_photo(320, 200))
    result = run_chatd("send-image", "--server", refuses_pictures.target, "--name", "Script",
                       tmp_path / "photo.jpg")
    assert result.returncode == 6
    refused, last = remarks(result.stderr)
    assert "not sent: the picture (" in refused and "too many pictures" in refused
    assert last.endswith("1 of 1 not passed on")


def test_a_slow_reader_is_told_what_is_missing_and_why(serve):
    server = serve("--no-history", "--messages-per-second", "0", "--quiet")
    listener = start_chatd("join", "--follow", "--server", server.target, "--name", "Listener",
                           stdin=subprocess.DEVNULL)
    server.wait_for_summary(clients=1)
    lines = [(b"%d " % number).ljust(1_000, b"x") + b"\n" for number in range(20_000)]
    done = run_chatd("send", "--lines", "--server", server.target, "--name", "Speaker",
                     stdin=b"".join(lines))
    assert done.returncode == 0, done.stderr
    numbers = []
    for line in listener.stdout:
        numbers.append(int(line.split()[1]))
        if numbers[-1] == len(lines) - 1:
            break
    listener.terminate()
    _, errors = listener.communicate(timeout=20)
    told = re.findall(
        r"! missing here: (\d+) of what others said and showed and of who came and went, because "
        r"standard output was read too slowly; the server keeps the last 8 MiB",
        errors.decode())
    assert told and sum(map(int, told)) == len(lines) - len(numbers)

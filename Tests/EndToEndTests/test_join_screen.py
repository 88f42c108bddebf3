"""What `chatd join` draws: colours, sizes, pictures, and what it does not let others draw."""

import os
import re
import shutil
import signal
import subprocess
import termios

import pytest

from support.pictures import jpeg_photo
from support.program import chatd_path, environment
from support.terminal import ENTER, ctrl
from support.waiting import wait_until


@pytest.fixture(name="look")
def start_look(serve, terminal):
    """Starts a server, somebody who talks, and a person at a terminal of that kind."""

    def start(*flags, **options):
        server = serve()
        anoop = server.a("Anoop")
        typist = terminal(server, *flags, **options)
        assert anoop.receive() == b"Typist has joined the chat."
        return anoop, typist

    return start


def test_each_name_has_a_colour_of_its_own(look):
    anoop, typist = look()
    anoop.say("hello")
    typist.wait_for("Anoop hello")
    typist.say("hello")
    raw = bytes(typist.bytes).decode()
    colours = {name: re.search(f"\x1b\\[([\\d;]+)m{name}\x1b\\[0m hello", raw).group(1)
               for name in ("Anoop", "Typist")}
    assert colours["Anoop"] != colours["Typist"]


def test_no_color_is_honoured(look, jpeg):
    anoop, typist = look(env={"NO_COLOR": "1"})
    anoop.say("hello")
    anoop.show(jpeg_photo(320, 240))
    anoop.show(jpeg)
    typist.wait_for("Anoop hello")
    typist.wait_for("→ received_image")
    typist.type("/nonsense" + ENTER)
    typist.wait_for("is no command")
    assert typist.screen.styled <= {""} and not re.search(rb"\x1b\[[\d;]*m", bytes(typist.bytes))


def test_an_empty_no_color_is_none(look):
    anoop, typist = look(env={"NO_COLOR": ""})
    anoop.say("hello")
    typist.wait_for("Anoop hello")
    assert typist.screen.styled


def test_a_dumb_terminal_gets_plain_lines(look):
    anoop, typist = look(env={"TERM": "dumb"}, prompt="")
    anoop.say("hello \x1b[31mred")
    typist.wait_for("Anoop: hello ^[[31mred")
    typist.type("typed" + "\n")
    wait_until(lambda: b"Typist: typed" in anoop.received(), "the typed line")
    anoop.show(jpeg_photo(320, 240))
    typist.wait_for("→ received_image")
    assert b"\x1b" not in bytes(typist.bytes)
    typist.type("/quit\n")
    assert typist.wait() == 0


@pytest.mark.parametrize("text", ["\x1b[31mred", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x9b31m",
                                  "\r\x1b[Aover", "\u202eright", "\x1bc", "\x0e", "\x08\x08\x08"])
def test_what_others_say_never_reaches_the_terminal_as_a_command(look, text):
    anoop, typist = look()
    mark = len(typist.bytes)
    anoop.say(f"begin {text} end")
    typist.wait_for("Anoop begin ")
    typist.wait_for_prompt("Typist>")
    raw = bytes(typist.bytes[mark:]).decode()
    shown = raw[raw.index("begin"):raw.index("end")]
    assert shown.isprintable(), repr(shown)
    assert "\u202e" not in raw


def test_a_resized_terminal_keeps_the_prompt_and_the_typed_line(look):
    anoop, typist = look()
    typist.type("half a line that is rather long for a small terminal")
    typist.wait_for_prompt("Typist> half a line that is rather long for a small terminal")
    typist.resize(100, 30)
    anoop.say("after growing")
    typist.wait_for("Anoop after growing")
    typist.wait_for_prompt("Typist> half a line that is rather long for a small terminal")
    typist.resize(70, 10)
    anoop.say("after shrinking")
    typist.wait_for("Anoop after shrinking")
    typist.wait_for_prompt("Typist> half a line that is rather long for a small terminal")
    typist.type("!" + ENTER)
    typist.wait_for_prompt("Typist>")
    assert anoop.received() == [
        b"Typist: half a line that is rather long for a small terminal!"]


def test_the_new_width_is_where_lines_wrap(look):
    anoop, typist = look(columns=40)
    typist.resize(60, 24)
    typist.type("x" * 70)
    typist.wait_until(lambda screen: "x" * 52 in "".join(screen.lines[-2:-1]), "the width in use")
    anoop.say("interruption")
    typist.wait_for("interruption")
    typist.wait_until(
        lambda screen: screen.lines[-2:] == ["Typist> " + "x" * 52, "x" * 18], "the line wrapped")
    text = "".join(typist.lines())
    assert text.count("Typist>") == 1


def test_a_stopped_process_gives_the_terminal_back_and_continues_with_the_prompt(look):
    anoop, typist = look()
    typist.type("half")
    typist.wait_for_prompt("Typist> half")
    typist.type(ctrl("Z"))
    wait_until(lambda: os.waitid(os.P_PID, typist.process.pid,
                                 os.WSTOPPED | os.WNOHANG | os.WNOWAIT), "a stopped process")
    assert typist.modes == typist.modes_before
    # A shell may leave other modes behind.
    modes = termios.tcgetattr(typist.slave)
    typist.process.send_signal(signal.SIGCONT)
    wait_until(lambda: typist.modes != modes, "the terminal taken again")
    typist.type(" a line" + ENTER)
    typist.wait_for("Typist half a line")
    assert anoop.received() == [b"Typist: half a line"]


def picture_rows(typist):
    """The rows below the picture's line that are full of block symbols."""
    return [line for line in typist.lines() if re.search("[▀-▟─-╿]", line)]


def test_a_picture_is_drawn_as_symbols_and_saved(look, tmp_path):
    anoop, typist = look(cwd=tmp_path, columns=120)
    typist.type("half a line")
    typist.wait_for_prompt("Typist> half a line")
    anoop.show(jpeg_photo(640, 480, 50))
    assert "640×480" in typist.wait_for("received_image_from_Anoop.jpg")
    typist.wait_until(lambda _: len(picture_rows(typist)) >= 10, "the picture")
    typist.wait_for_prompt("Typist> half a line")
    assert len(typist.screen.styled) > 50
    assert (tmp_path / "received_image_from_Anoop.jpg").exists()
    assert typist.screen.unknown == set()


def test_a_picture_is_no_wider_than_the_terminal(look):
    anoop, typist = look(columns=30, rows=40, prompt="Typist>")
    anoop.show(jpeg_photo(640, 100, 50))
    typist.wait_until(lambda _: picture_rows(typist), "the picture")
    typist.wait_for_prompt("Typist>")
    assert len(picture_rows(typist)) <= 4


@pytest.mark.parametrize("changes, beginning", [
    ({"TERM": "xterm-kitty"}, b"\x1b_G"), ({"TERM": "foot"}, b"\x1bP")], ids=["kitty", "sixel"])
def test_a_terminal_with_graphics_gets_graphics(look, changes, beginning):
    anoop, typist = look(env=changes)
    anoop.show(jpeg_photo(64, 48, 50))
    typist.wait_for("64×48")
    typist.wait_until(lambda _: beginning in bytes(typist.bytes), "graphics")
    typist.say("still here")


@pytest.mark.parametrize("words", ["/image {}", "/image '{}'", "send image\r{}"])
def test_a_picture_is_sent_from_the_prompt(look, tmp_path, words):
    anoop, typist = look()
    photo = tmp_path / "my photo.jpg"
    photo.write_bytes(jpeg_photo(1_200, 900))
    first, _, second = words.format(photo).partition("\r")
    typist.type(first + ENTER)
    if second:
        typist.wait_for_prompt("Enter the full image path:")
        typist.type(second + ENTER)
    typist.wait_for("→ 640×480")
    typist.wait_for_prompt("Typist>")
    picture, = anoop.received()
    assert picture.startswith(b"IMG:Typist:\xff\xd8")


def test_a_picture_that_is_not_there_is_one_line_and_nothing_is_sent(look):
    anoop, typist = look()
    typist.type("/image /nowhere/at-all.jpg" + ENTER)
    typist.wait_for("at-all.jpg does not exist")
    typist.type("send image" + ENTER)
    typist.wait_for_prompt("Enter the full image path:")
    typist.type(ENTER)
    typist.wait_for_prompt("Typist>")
    typist.say("still here")
    assert anoop.received() == [b"Typist: still here"]


def test_where_a_path_is_asked_for_a_command_is_one(look):
    anoop, typist = look()
    typist.type("send image" + ENTER)
    typist.wait_for_prompt("Enter the full image path:")
    typist.type("/who" + ENTER)
    typist.wait_for(" here: Anoop, and you")
    typist.wait_for_prompt("Typist>")
    assert "does not exist" not in "".join(typist.lines())
    assert anoop.received() == []


@pytest.mark.parametrize("key", [ctrl("C"), ctrl("D")], ids=["Ctrl-C", "Ctrl-D"])
def test_asking_for_a_path_can_be_given_up(look, key):
    anoop, typist = look()
    typist.type("send image" + ENTER)
    typist.wait_for_prompt("Enter the full image path:")
    anoop.say("interruption")
    typist.wait_for("interruption")
    typist.wait_for_prompt("Enter the full image path:")
    typist.type(key)
    typist.wait_for_prompt("Typist>")
    typist.say("still here")
    assert anoop.received() == [b"Typist: still here"]


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
def test_in_tmux_the_screen_looks_the_same(serve, tmp_path):
    server = serve()
    anoop = server.a("Anoop")

    def tmux(*words):
        command = ["tmux", "-S", tmp_path / "socket", "-f", "/dev/null", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True,
                              env=environment(TERM="xterm-256color", SHELL="/bin/sh")).stdout

    def shown():
        return [line.rstrip() for line in tmux("capture-pane", "-p").splitlines() if line.strip()]

    tmux("new-session", "-d", "-x", "60", "-y", "20",
         f"{chatd_path()} join --server {server.target} --name Typist --no-save")
    try:
        wait_until(lambda: shown()[-1:] == ["Typist>"], "the prompt")
        tmux("send-keys", "-l", "half a 你好 line that is long enough to be wrapped-at-the-edge")
        wait_until(lambda: "the-edge" in "".join(shown()), "the typed line")
        anoop.say("hello 你好")
        anoop.show(jpeg_photo(320, 240))
        wait_until(lambda: any("320×240" in line for line in shown()), "the picture's line")
        anoop.say("after the picture")
        wait_until(lambda: any("after the picture" in line for line in shown()), "what follows")
        # tmux breaks before a wide character that does not fit, as every terminal does.
        wait_until(
            lambda: "".join(shown()[-2:])
            == "Typist> half a 你好 line that is long enough to be wrapped-at-the-edge",
            "the typed line below everything")
        assert sum("Typist>" in line for line in shown()) == 1
        assert any(re.search("[▀-▟]", line) for line in shown())
        tmux("send-keys", "Enter")
        wait_until(lambda: shown()[-1:] == ["Typist>"], "an empty prompt")
    finally:
        tmux("kill-server")

"""`chatd join` at a terminal: the prompt, keys, commands and the end."""

import re
import signal
import termios
import time

import pytest

from support.clients import hush
from support.terminal import DOWN, ENTER, ESCAPE, LEFT, TAB, UP, ctrl
from support.waiting import PATIENCE_SECONDS


@pytest.fixture(name="chat")
def start_chat(serve, terminal):
    """A server, somebody who talks, and a person at a terminal."""
    server = serve()
    anoop = server.a("Anoop")
    typist = terminal(server)
    hush(anoop)
    return server, anoop, typist


def said(anoop):
    """What the typist said, as Anoop hears it."""
    return [datagram.decode().removeprefix("Typist: ") for datagram in anoop.received()]


def test_a_line_is_said_and_shown_with_its_time_and_name(chat):
    _, anoop, typist = chat
    typist.enter("hello there", "Typist hello there")
    assert re.fullmatch(r"\d\d:\d\d Typist hello there", typist.wait_for("Typist hello there"))
    assert said(anoop) == ["hello there"]


def test_what_others_say_is_shown_with_its_time_and_name(chat):
    _, anoop, typist = chat
    anoop.say("good morning: 你好")
    assert re.fullmatch(r"\d\d:\d\d Anoop good morning: 你好", typist.wait_for("good morning"))
    typist.wait_for_prompt("Typist>")


@pytest.mark.parametrize("typed", ["half a li", "übergröße 你好 ", "x" * 71, "x" * 72,
                                   "x" * 73, "long " * 60, "你" * 36, "你" * 40])
def test_a_half_typed_line_survives_what_comes_in(chat, typed):
    _, anoop, typist = chat
    typist.type(typed)
    shown = f"Typist> {typed}"
    typist.wait_until(lambda screen: typed.strip() in "".join(screen.history), "what is typed")
    for number in range(5):
        anoop.say(f"interruption {number}")
        typist.wait_for(f"interruption {number}")
    typist.wait_until(lambda screen: shown.strip() in "".join(screen.lines), "the typed line")
    # Nothing of an older prompt is left above.
    text = "".join(typist.lines())
    assert text.count("Typist>") == 1, text
    typist.type("." + ENTER)
    typist.wait_for_prompt("Typist>")
    assert said(anoop) == [typed + "."]
    lines = typist.lines()
    assert [line for line in lines if "interruption" in line] == [
        line for line in lines if re.fullmatch(r"\d\d:\d\d Anoop interruption \d", line)]


def test_a_cursor_in_the_middle_stays_there(chat):
    _, anoop, typist = chat
    typist.type("hello word" + LEFT)
    typist.wait_until(lambda screen: screen.column == 17, "the cursor")
    anoop.say("interruption")
    typist.wait_for("interruption")
    typist.wait_until(lambda screen: screen.column == 17, "the cursor")
    typist.type("l" + ENTER)
    typist.wait_for("Typist hello world")
    assert said(anoop) == ["hello world"]


def test_many_lines_scroll_and_the_prompt_stays_below(chat):
    _, anoop, typist = chat
    typist.type("unfinished")
    typist.wait_for_prompt("Typist> unfinished")
    for number in range(60):
        anoop.say(f"line {number}")
    typist.wait_for("line 59")
    typist.wait_for_prompt("Typist> unfinished")
    seen = [int(line.split()[-1]) for line in typist.lines() if "line " in line]
    assert seen == list(range(60))
    assert typist.screen.unknown == set()


def test_history_comes_back_with_up_and_down(chat):
    _, anoop, typist = chat
    for text in ("first", "second", "third"):
        typist.say(text)
    typist.type(UP)
    typist.wait_for_prompt("Typist> third")
    typist.type(UP + UP)
    typist.wait_for_prompt("Typist> first")
    typist.type(DOWN)
    typist.wait_for_prompt("Typist> second")
    typist.type(" again" + ENTER)
    typist.wait_for("Typist second again")
    assert said(anoop) == ["first", "second", "third", "second again"]


def test_the_usual_keys_edit_the_line(chat):
    _, anoop, typist = chat
    typist.type("world" + ctrl("A") + "hello " + ctrl("E") + "!" + ENTER)
    typist.type("gone" + ctrl("U") + "kept" + ENTER)
    typist.type("one two" + ctrl("W") + "three" + ENTER)
    typist.type("typoo\x7f" + ENTER)
    typist.wait_for("Typist typo")
    assert said(anoop) == ["hello world!", "kept", "one three", "typo"]


def test_tab_completes_names_and_commands(chat):
    server, anoop, typist = chat
    meera = server.a("Meera")
    typist.wait_for("Meera joined")
    hush(anoop, meera)
    typist.type("Mee" + TAB)
    typist.wait_until(lambda screen: "Typist> Meera" in screen.cursor_line, "the name")
    typist.type(": hi" + ENTER)
    typist.wait_for_prompt("Typist>")
    text, = said(anoop)
    assert text.startswith("Meera") and text.endswith("hi")
    typist.type("/wh" + TAB)
    typist.wait_until(lambda screen: "Typist> /who" in screen.cursor_line, "the command")
    typist.type(ENTER)
    assert "Meera" in typist.wait_for(" here: ")
    typist.wait_for_prompt("Typist>")
    typist.type("and mee" + TAB)
    typist.wait_until(lambda screen: "Typist> and Meera" in screen.cursor_line, "a later word")


def test_who_lists_who_was_heard_and_forgets_who_left(chat):
    server, anoop, typist = chat
    meera = server.a("Meera")
    typist.wait_for("Meera joined")
    anoop.say("I am here")
    typist.wait_for("I am here")
    typist.enter("/who", "here: Anoop, Meera, and you")
    meera.leave()
    typist.wait_for("Meera left")
    typist.type("/who" + ENTER)
    typist.wait_until(
        lambda screen: any(line.endswith(" here: Anoop, and you") for line in screen.lines),
        "Anoop alone")
    assert "Typist: /who" not in said(anoop)


def test_help_lists_every_command_and_nothing_is_sent(chat):
    _, anoop, typist = chat
    typist.type("/help" + ENTER)
    for command in ("/image", "/who", "/help", "/quit"):
        typist.wait_for(command)
    typist.wait_for_prompt("Typist>")
    assert anoop.received() == []


@pytest.mark.parametrize("line", ["/nonsense", "/msg Anoop hello", "/", "/QUIT", "  /nope"])
def test_an_unknown_command_is_an_error_and_is_not_sent(chat, line):
    _, anoop, typist = chat
    typist.enter(line, "is no command")
    typist.say("still here")
    assert said(anoop) == ["still here"]


@pytest.mark.parametrize("line, text", [("//quit", "/quit"), ("//", "/"), ("// a", "/ a"),
                                        ("///x", "//x"), ("exit now", "exit now"),
                                        ("please exit", "please exit")])
def test_two_slashes_say_a_line_that_begins_with_one(chat, line, text):
    _, anoop, typist = chat
    typist.type(line + ENTER)
    typist.wait_for(f"Typist {text}")
    assert said(anoop) == [text]


def test_an_empty_line_says_nothing(chat):
    _, anoop, typist = chat
    typist.type(ENTER + "   " + ENTER + "real" + ENTER)
    typist.wait_for("Typist real")
    assert said(anoop) == ["real"]


@pytest.mark.parametrize("keys", ["exit" + ENTER, "/quit" + ENTER, ctrl("D"), ctrl("C"),
                                  "text" + ctrl("U") + ctrl("D")],
                         ids=["exit", "quit", "Ctrl-D", "Ctrl-C", "emptied, Ctrl-D"])
def test_every_way_to_leave_leaves_and_gives_the_terminal_back(chat, keys):
    _, anoop, typist = chat
    assert typist.modes != typist.modes_before
    typist.type(keys)
    assert typist.wait() in (0, 130)
    assert (typist.process.returncode == 130) == (ctrl("C") in keys)
    assert typist.modes == typist.modes_before
    assert anoop.received() == [b"Typist has left the chat."]
    # The shell's prompt begins on a line of its own.
    typist.wait_until(lambda screen: screen.column == 0, "the beginning of a line")


def test_ctrl_c_empties_the_line_first(chat):
    _, anoop, typist = chat
    typist.type("never mind")
    typist.wait_for_prompt("Typist> never mind")
    typist.type(ctrl("C"))
    typist.wait_for_prompt("Typist>")
    typist.say("this instead")
    assert said(anoop) == ["this instead"]
    typist.type(ctrl("C"))
    assert typist.wait() == 130


def test_ctrl_d_on_a_line_with_text_does_not_leave(chat):
    _, anoop, typist = chat
    typist.type("text" + ctrl("D"))
    typist.type(" stays" + ENTER)
    typist.wait_for("Typist text stays")
    assert said(anoop) == ["text stays"]


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_gives_the_terminal_back(chat, number, code):
    _, anoop, typist = chat
    typist.type("half a line")
    typist.wait_for_prompt("Typist> half a line")
    typist.process.send_signal(number)
    assert typist.wait() == code
    assert typist.modes == typist.modes_before
    assert anoop.received() == [b"Typist has left the chat."]


def test_a_server_that_stops_is_said_and_the_prompt_counts_what_waits_for_it(chat, serve):
    server, _, typist = chat
    typist.type("half")
    typist.wait_for_prompt("Typist> half")
    server.stop()
    typist.wait_for("the server is shutting down; coming back when it does")
    typist.type(" a line" + ENTER + "and another" + ENTER)
    typist.wait_for_prompt("Typist (2 not accepted yet)>")
    again = serve("--port", str(server.port), state=server.state)
    typist.wait_for("back; the server was started again")
    typist.wait_for_prompt("Typist>")
    for text in ("half a line", "and another"):
        assert re.fullmatch(rf"\d\d:\d\d Typist {text}", typist.wait_for(f"Typist {text}"))
    assert again.summary()["messages"] == 2
    typist.type("/quit" + ENTER)
    assert typist.wait() == 0
    assert typist.modes == typist.modes_before


def test_who_is_somewhere_else_after_a_restart_is_no_longer_listed(chat, serve):
    server, _, typist = chat
    typist.enter("/who", " here: Anoop, and you")
    server.stop()
    again = serve("--port", str(server.port), state=server.state)
    typist.wait_for("back; the server was started again")
    typist.enter("/who", "nobody else is here")
    again.a("Bea")
    typist.wait_for("Bea joined")
    typist.enter("/who", " here: Bea, and you")


def test_with_classic_a_server_that_stopped_ends_it_and_gives_the_terminal_back(serve, terminal):
    server = serve()
    typist = terminal(server, "--classic")
    server.wait_for_summary(clients=1)
    server.stop()
    typist.wait_for("The server is shutting down")
    typist.type("is anybody there?" + ENTER)
    assert typist.wait() == 3
    typist.wait_for(f"no server at {server.target}")
    assert typist.modes == typist.modes_before


def test_a_server_that_is_not_there_is_said_on_one_line(terminal):
    typist = terminal("127.0.0.1:1", prompt="")
    assert typist.wait() == 3
    typist.wait_for("127.0.0.1:1")
    assert len([line for line in typist.lines() if line]) == 1
    assert typist.modes == typist.modes_before


def test_a_name_that_is_taken_is_refused_on_one_line(serve, terminal):
    server = serve()
    server.a("Typist")
    typist = terminal(server, "--quiet", prompt="")
    assert typist.wait() == 4
    typist.wait_for("has the name")
    assert typist.modes == typist.modes_before


def test_a_login_name_that_is_taken_changes_the_prompt(serve, terminal):
    server = serve()
    server.a("Typist")
    anoop = server.a("Anoop")
    typist = terminal(server, name=None, prompt="Typist-2>", env={"USER": "Typist"})
    typist.wait_for("your name is taken, so you are Typist-2")
    typist.type("hello" + ENTER)
    typist.wait_for("Typist-2 hello")
    assert anoop.received()[-1] == b"Typist-2: hello"


def test_a_lone_escape_does_not_swallow_what_follows(chat):
    _, anoop, typist = chat
    typist.type(ESCAPE)
    # An escape that is followed at once is the beginning of another key; nothing shows when that
    # time is over.
    time.sleep(0.5)
    typist.say("hello")
    assert said(anoop) == ["hello"]


def test_a_large_paste_is_said_whole_and_shown_tidily(chat):
    _, anoop, typist = chat
    # More than one read takes, so that lines come in while others are being said.
    lines = [f"pasted line {number} with some more words to make it longer" for number in range(90)]
    typist.type("".join(f"{line}\r" for line in lines))
    typist.wait_for(f"Typist {lines[-1]}")
    typist.wait_for_prompt("Typist>")
    assert said(anoop) == lines
    shown = [line for line in typist.lines() if "pasted" in line]
    assert [line[6:] for line in shown] == [f"Typist {line}" for line in lines]


def test_what_is_typed_ahead_is_never_shown_twice(chat):
    _, anoop, typist = chat
    for number in range(100):
        typist.type(f"{number} quickly\r")
    typist.wait_for("Typist 99 quickly")
    typist.wait_for_prompt("Typist>")
    assert said(anoop) == [f"{number} quickly" for number in range(100)]
    shown = [line for line in typist.lines() if "quickly" in line]
    assert [line[6:] for line in shown] == [f"Typist {number} quickly" for number in range(100)]


def test_the_terminal_never_echoes_by_itself_while_a_line_is_handled(chat):
    _, _, typist = chat
    for number in range(200):
        typist.type(f"line {number}\r")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(line.endswith(f"Typist line {number}") for line in typist.lines()[-3:]):
            for _ in range(100):
                assert not typist.local_modes & termios.ECHO, f"at line {number}"
            assert time.monotonic() < deadline


def test_several_pasted_lines_are_several_messages(chat):
    _, anoop, typist = chat
    typist.type("".join(f"pasted {number}\r" for number in range(20)))
    typist.wait_for("Typist pasted 19")
    assert said(anoop) == [f"pasted {number}" for number in range(20)]

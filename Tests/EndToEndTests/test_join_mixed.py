"""`chatd join` where only some of its streams are a terminal."""

import subprocess

import pytest

from support.collector import Collector
from support.terminal import Terminal, ctrl


@pytest.fixture(name="start")
def make_start(serve, tmp_path):
    """Starts a server, somebody who talks, and a person at a terminal with other streams."""
    terminals = []

    def start(*flags, **streams):
        server = serve()
        anoop = server.a("Anoop")
        terminals.append(Terminal("join", "--server", server.target, "--name", "Typist", *flags,
                                  cwd=tmp_path, **streams))
        assert anoop.receive() == b"Typist has joined the chat."
        return anoop, terminals[-1]

    yield start
    for item in terminals:
        item.close()


def test_with_the_output_in_a_pipe_lines_are_typed_and_commands_are_read(start):
    anoop, typist = start(stdout=subprocess.PIPE)
    output = Collector(typist.process.stdout)
    anoop.say("hello \x1b[31mred")
    output.wait_for(r"^Anoop: hello \^\[\[31mred$")
    typist.type("typed\n")
    assert anoop.receive() == b"Typist: typed"
    typist.type("/nonsense\n")
    typist.wait_for("is no command")
    typist.type("//slash\n")
    assert anoop.receive() == b"Typist: /slash"
    typist.type("exit\n")
    assert typist.wait() == 0
    assert anoop.receive() == b"Typist has left the chat."
    assert output.wait_for_end() == b"Anoop: hello ^[[31mred\n"
    assert typist.modes == typist.modes_before


def test_ctrl_d_ends_the_input_with_the_output_in_a_pipe(start):
    anoop, typist = start("--json", stdout=subprocess.PIPE)
    typist.type("typed\n")
    assert anoop.receive() == b"Typist: typed"
    typist.type(ctrl("D"))
    assert typist.wait() == 0
    assert anoop.receive() == b"Typist has left the chat."


def test_with_the_input_from_a_pipe_no_command_is_read_and_no_prompt_is_shown(start):
    anoop, typist = start(stdin=subprocess.PIPE)
    typist.process.stdin.write(b"/quit\nsend image\n")
    typist.process.stdin.flush()
    assert anoop.receive() == b"Typist: /quit"
    assert anoop.receive() == b"Typist: send image"
    anoop.say("hello")
    typist.wait_for("Anoop: hello")
    typist.process.stdin.close()
    assert typist.wait() == 0
    assert b"Typist>" not in bytes(typist.bytes)


def test_no_follow_at_a_terminal_leaves_at_once(start):
    anoop, typist = start("--no-follow")
    assert typist.wait() == 0
    assert anoop.receive() == b"Typist has left the chat."
    assert typist.modes == typist.modes_before


def test_count_ends_it_at_a_terminal_too(start):
    anoop, typist = start("--count", "1")
    typist.wait_for_prompt("Typist>")
    anoop.say("one")
    assert typist.wait() == 0
    typist.wait_for("Anoop one")
    assert typist.modes == typist.modes_before

"""Several rooms at a terminal: coming, going, going between them, and what is unread."""

import re
import subprocess

import pytest

from support.terminal import ENTER, TAB, ctrl
from support.waiting import wait_until


def alt(digit):
    return f"\x1b{digit}"


@pytest.fixture(name="rooms")
def start_rooms(serve, terminal, join):
    """A server, Bea in a pipe in the room `deploys`, and a person at a terminal in the lobby."""
    server = serve()
    bea = join(server, "--room", "deploys", "--follow", name="Bea")
    bea.errors.wait_for("you are in #deploys")
    typist = terminal(server)
    bea.errors.wait_for("Typist joined")
    return server, bea, typist


def shown(typist, text):
    """How often a line of what was shown ends so."""
    return sum(line.endswith(text) for line in typist.lines())


def come_in(typist, room):
    typist.type(f"/join {room}{ENTER}")
    typist.wait_for(f"you are in #{room}; ")
    typist.wait_for_prompt(f"#{room} Typist>")


def test_a_room_is_entered_spoken_in_and_left(rooms):
    _, bea, typist = rooms
    typist.type("/join #Deploys" + ENTER)
    typist.wait_for("── #deploys ──")
    typist.wait_for("* you are in #deploys; here: Bea")
    typist.wait_for_prompt("#deploys Typist>")
    typist.say("is it done?")
    bea.output.wait_for("^#deploys Typist: is it done\\?$")
    bea.write("yes\n")
    assert re.fullmatch(r"\d\d:\d\d Bea yes", typist.wait_for("Bea yes"))
    typist.type("/part" + ENTER)
    typist.wait_for("* you left #deploys")
    typist.wait_for_prompt("Typist>")
    bea.errors.wait_for("#deploys \\* Typist left")
    typist.say("in the lobby")
    bea.output.wait_for("^Typist: in the lobby$")


def test_what_is_said_in_another_room_is_marked_and_shown_when_the_room_is(rooms):
    server, bea, typist = rooms
    come_in(typist, "deploys")
    typist.type(alt(1))
    typist.wait_for("── #lobby ──")
    typist.wait_for_prompt("Typist>")
    bea.write("the build is green\n")
    typist.wait_for("[2:deploys 1+]")
    assert shown(typist, "the build is green") == 0
    bea.write("shall we deploy, typist?\n")
    assert re.fullmatch(r"\d\d:\d\d #deploys \(Alt-2\) Bea: shall we deploy, typist\?",
                        typist.wait_for("#deploys (Alt-2)"))
    typist.wait_for("[2:deploys 2!]")
    typist.type(alt(2))
    typist.wait_for("Bea the build is green")
    typist.wait_for_prompt("#deploys Typist>")
    assert not any(line.startswith("[2:") for line in typist.screen.lines)
    assert shown(typist, "Bea shall we deploy, typist?") == 1
    # Now the lobby is the one that is not shown.
    server.a("Watcher").say("anybody?")
    typist.wait_for("[1:lobby 1+]")
    typist.type(alt(1))
    typist.wait_for("Watcher anybody?")


def test_keys_go_around_the_rooms_and_keep_what_was_begun(rooms):
    _, bea, typist = rooms
    come_in(typist, "deploys")
    come_in(typist, "ops")
    typist.type("for ops")
    typist.wait_for_prompt("#ops Typist> for ops")
    typist.type(ctrl("N"))
    typist.wait_for_prompt("Typist>")
    typist.type(ctrl("P"))
    typist.wait_for_prompt("#ops Typist> for ops")
    typist.type(ctrl("P"))
    typist.wait_for_prompt("#deploys Typist>")
    typist.type("for deploys" + alt(3))
    typist.wait_for_prompt("#ops Typist> for ops")
    typist.type(alt(7) + ENTER)
    typist.wait_for("Typist for ops")
    typist.wait_for_prompt("#ops Typist>")
    typist.type("/join deploys" + ENTER)
    typist.wait_for_prompt("#deploys Typist> for deploys")
    typist.type(ENTER)
    bea.output.wait_for("^#deploys Typist: for deploys$")
    assert b"for ops" not in bea.output.bytes


def test_rooms_lists_those_that_one_is_in(rooms):
    _, bea, typist = rooms
    come_in(typist, "deploys")
    come_in(typist, "ops")
    bea.write("news\n")
    typist.wait_for("[2:deploys 1+]")
    typist.enter("/rooms", "* 3  #ops      1 here")
    typist.wait_for("  2  #deploys  2 here, 1 unread")
    typist.wait_for("  1  #lobby    2 here")
    typist.enter("/names", "nobody else is here")


def test_me_and_topic(rooms):
    server, bea, typist = rooms
    watcher = server.a("Watcher")
    come_in(typist, "deploys")
    typist.enter("/topic", "nobody said what #deploys is about")
    typist.enter("/topic release of the week", "* you set the topic: release of the week")
    bea.errors.wait_for("#deploys \\* Typist set the topic: release of the week")
    typist.enter("/me waves", "* Typist waves")
    bea.output.wait_for("^#deploys \\* Typist waves$")
    typist.enter("/topic", "#deploys is about: release of the week")
    typist.enter("/topic " + "x" * 513, "at most 512 bytes")
    # Whoever comes in later is told.
    typist.type("/part" + ENTER)
    typist.wait_for_prompt("Typist>")
    typist.type("/j deploys" + ENTER)
    typist.wait_for("the topic: release of the week")
    typist.wait_for_prompt("#deploys Typist>")
    typist.enter("/topic -delete", "* you took the topic away")
    typist.enter("/topic", "nobody said what #deploys is about")
    bea.errors.wait_for("#deploys \\* Typist took the topic away")
    typist.type(alt(1) + "/me is in the lobby" + ENTER)
    typist.wait_for("* Typist is in the lobby")
    wait_until(lambda: b"Typist: * is in the lobby" in watcher.received(), "the action")


@pytest.mark.parametrize("line, complaint", [
    ("/join", "which room? /join ROOM"), ("/join #", "a room needs a name"),
    ("/join bad/name", 'and not "/"'), ("/join über", 'and not "ü"'),
    ("/join " + "x" * 65, "at most 64 characters"), ("/join a b", 'and not " "'),
    ("/part", "everybody stays in the lobby"), ("/part lobby", "everybody stays in the lobby"),
    ("/part ops", "you are not in #ops"), ("/me", "what do you do?")])
def test_what_cannot_be_done_is_said_and_nothing_is_sent(rooms, line, complaint):
    _, bea, typist = rooms
    typist.enter(line, complaint)
    typist.wait_for_prompt("Typist>")
    typist.say("still here")
    bea.output.wait_for("^Typist: still here$")
    assert bea.output.bytes.count(b"\n") == 1


def test_tab_completes_rooms(rooms):
    _, _, typist = rooms
    come_in(typist, "deploys")
    typist.type(alt(1) + "/join de" + TAB)
    typist.wait_until(lambda screen: "/join deploys" in screen.cursor_line, "the room")
    typist.type(ENTER)
    typist.wait_for_prompt("#deploys Typist>")
    typist.type("see #lo" + TAB)
    typist.wait_until(lambda screen: "see #lobby" in screen.cursor_line, "the room")
    typist.type(ctrl("U") + "Be" + TAB)
    typist.wait_until(lambda screen: "#deploys Typist> Bea" in screen.cursor_line, "the name")


def test_a_server_that_is_started_again_finds_everybody_in_their_rooms(rooms, serve):
    server, bea, typist = rooms
    come_in(typist, "deploys")
    server.stop()
    typist.wait_for("the server is shutting down; coming back when it does")
    typist.type("said meanwhile" + ENTER)
    typist.wait_for_prompt("#deploys Typist (1 not accepted yet)>")
    serve("--port", str(server.port), state=server.state)
    typist.wait_for("back; the server was started again")
    typist.wait_for("Typist said meanwhile")
    typist.wait_for_prompt("#deploys Typist>")
    bea.output.wait_for("^#deploys Typist: said meanwhile$")
    bea.write("and I am back, too\n")
    typist.wait_for("Bea and I am back, too")
    typist.enter("/who", "here: Bea, and you")
    assert bea.output.bytes.count(b"said meanwhile") == 1


def test_several_rooms_from_the_beginning_the_first_is_shown(serve, terminal, join):
    server = serve()
    bea = join(server, "--room", "ops", "--follow", name="Bea")
    bea.errors.wait_for("you are in #ops")
    typist = terminal(server, "--room", "#Deploys", "--room", "ops", prompt="#deploys Typist>")
    typist.wait_for("you are in #ops, too (Alt-3)")
    bea.write("hello\n")
    typist.wait_for("[3:ops 1+]")
    typist.type(alt(3))
    typist.wait_for("Bea hello")


@pytest.mark.parametrize("columns", [40, 80])
def test_nothing_of_an_older_prompt_is_left_however_narrow_it_is(serve, terminal, join, columns):
    server = serve()
    name = "a-room-with-a-name-as-long-as-rooms-may-have"
    bea = join(server, "--room", name, "--follow", name="Bea")
    bea.errors.wait_for("you are in")
    typist = terminal(server, columns=columns)
    typist.type(f"/join {name}{ENTER}")
    typist.wait_for("; here: Bea" if columns == 80 else "here: Bea")
    typist.type("half a line")
    typist.wait_until(lambda screen: screen.cursor_line.endswith("half a line"), "the line")
    typist.type(alt(1))
    typist.wait_for_prompt("Typist>")
    for number in range(3):
        bea.write(f"number {number} for the typist\n")
    typist.wait_until(lambda screen: sum("Alt-2" in line for line in screen.history) == 3, "rows")
    typist.wait_for("[2:a-room")
    assert sum(line.startswith("[2:") for line in typist.lines()) == 1
    typist.type(alt(2))
    typist.wait_for("Bea number 2 for the typist")
    typist.wait_until(lambda screen: screen.cursor_line.endswith("half a line"), "the line")
    assert sum("half a line" in line for line in typist.lines()) == 1
    assert not any(line.startswith("[2:") for line in typist.lines())
    assert typist.screen.unknown == set()


def test_clear_empties_the_screen_and_keeps_what_is_typed(rooms):
    _, _, typist = rooms
    typist.say("before")
    typist.type("half" + ctrl("L"))
    typist.wait_until(lambda screen: screen.lines == ["Typist> half"], "an empty screen")
    typist.type(ctrl("U") + "/clear" + ENTER)
    typist.wait_until(lambda screen: screen.lines == ["Typist>"], "an empty screen")


def test_with_classic_there_is_only_the_lobby(serve, terminal):
    server = serve()
    watcher = server.a("Watcher")
    typist = terminal(server, "--classic")
    typist.enter("/join ops", "knows no room but the lobby")
    typist.enter("/topic tea", "there are no topics")
    typist.type("/me waves" + ENTER)
    wait_until(lambda: b"Typist: * waves" in watcher.received(), "the action")


def test_a_typed_command_joins_a_room_where_output_is_no_terminal(serve, terminal):
    server = serve()
    typist = terminal(server, prompt="", stdout=subprocess.PIPE)
    typist.wait_for("met for the first time")
    typist.type("/join ops" + ENTER)
    typist.wait_for("* what you type is said in #ops now")
    typist.type("/quit" + ENTER)
    assert typist.wait() == 0


def test_the_past_of_a_room_and_words_in_all_rooms(rooms):
    _, bea, typist = rooms
    for number in range(3):
        bea.write(f"deploy {number} done\n")
    typist.type("/history" + ENTER)
    typist.wait_for("nothing of #lobby is kept")
    typist.say("who deploys?")
    bea.output.wait_for("who deploys")
    come_in(typist, "deploys")
    typist.type("/history 2" + ENTER)
    typist.wait_for("Bea: deploy 1 done")
    typist.wait_for("Bea: deploy 2 done")
    assert shown(typist, "Bea: deploy 0 done") == 0
    typist.type("/search deploy done" + ENTER)
    typist.wait_for("deploys#1 Bea: deploy 0 done")
    typist.type('/search "who deploys"' + ENTER)
    typist.wait_for("lobby#1 Typist: who deploys?")
    typist.type("/search nowhere" + ENTER)
    typist.wait_for("nothing found")
    typist.type("/history many" + ENTER)
    typist.wait_for("/history N, from 1 to 1000")
    typist.type("/search" + ENTER)
    typist.wait_for("which words?")

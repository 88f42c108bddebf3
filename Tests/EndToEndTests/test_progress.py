"""How far a picture has come, at a terminal. Needs root for a slow link."""

import re

import pytest

from support.network import what_is_missing
from support.pictures import jpeg_photo
from support.terminal import Terminal

MISSING = what_is_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@pytest.fixture(name="send")
def make_send(serve, network, tmp_path):
    """Sends a picture over a link from a terminal."""
    terminals = []

    def send(settings, *flags, **options):
        home, away = network.host(), network.host()
        link = network.link(home, away, settings)
        server = home.call(serve, bind=link.address(home))
        photo = tmp_path / "a photograph with a long name.jpg"
        photo.write_bytes(jpeg_photo(640, 480, quality=90))
        terminals.append(
            away.call(Terminal, "send-image", "--server", server.target, "--name", "Script",
                      "--timeout", "20", "--quality", "90", *flags, photo, cwd=tmp_path,
                      **options))
        return terminals[-1], link

    yield send
    for terminal in terminals:
        terminal.close()


@pytest.mark.parametrize("columns", [200, 40])
def test_it_ends_with_all_of_it_on_a_line_of_its_own(send, columns):
    script, _ = send("delay 20 rate 0.2", columns=columns)
    script.wait_until(lambda screen: re.search(r"  [1-9]\d? %$", screen.cursor_line), "progress")
    script.wait_for("→ 640×480")
    assert script.wait() == 0
    lines = script.lines()
    index, = (number for number, line in enumerate(lines) if line.endswith("%"))
    name = f"a photograph with a long name.j{'pg' if columns == 200 else '…'}"
    assert lines[index] == f"{name}  100 %"
    assert lines[index + 1].startswith("a photograph with a long name.jpg 640×48")


def test_of_what_is_over_in_a_moment_nothing_is_shown(send):
    script, _ = send("delay 1")
    script.wait_for("→ 640×480")
    assert script.wait() == 0
    assert b"%" not in script.bytes


def test_where_it_fails_no_progress_stays(send):
    script, link = send("delay 20 rate 0.2", "--timeout", "2", columns=200)
    script.wait_until(lambda screen: re.search(r"  [1-9]\d? %$", screen.cursor_line), "progress")
    link.down(10)
    assert script.wait() == 5
    script.wait_for("not accepted, 1 in all:")
    assert not [line for line in script.lines() if "%" in line]

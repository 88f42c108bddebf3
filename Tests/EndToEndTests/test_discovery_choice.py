"""A client that was told no server finds one, asks, or says which there are. Needs root."""

import shutil
import socket
import subprocess

import pytest

from support.network import what_is_missing
from support.program import remarks, run_chatd
from support.segment import serve_on
from support.terminal import ENTER, Terminal
from support.waiting import PATIENCE_SECONDS

MISSING = what_is_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
USUAL_PORT = ("--port", "12345")


def send_from(host, *words, env=None):
    return host.call(run_chatd, "send", "--name", "Anoop", *words, "hello", env=env)


def test_the_server_of_this_machine_is_taken_without_a_word(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home)
    segment.connect(lab)
    serve_on(serve, lab, "lab")
    here = serve_on(serve, home, "here", *USUAL_PORT)
    serve_on(serve, home, "second")
    done = send_from(home)
    assert (done.returncode, remarks(done.stderr)) == (0, [])
    assert b"localhost:12345 is met" in done.stderr
    here.transcript.wait_for("Anoop: hello")


def test_a_server_that_is_not_to_be_found_is_taken_on_its_own_machine(network, serve):
    alone = network.host()
    hidden = serve_on(serve, alone, "hidden", "--no-discovery", *USUAL_PORT)
    assert send_from(alone).returncode == 0
    hidden.transcript.wait_for("Anoop: hello")


def test_something_silent_on_this_machine_is_waited_for_as_before(network):
    alone = network.host()
    network.keep(alone.call(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)).bind(
        ("127.0.0.1", 12_345))
    done = send_from(alone, "--timeout", "0.5")
    assert done.returncode == 3
    assert b"localhost:12345 did not answer within 0.5 s" in done.stderr


@pytest.mark.parametrize("is_here", [True, False], ids=["here", "there"])
def test_the_only_server_is_taken_and_named(network, segment, serve, is_here):
    home, lab = network.host(), network.host()
    segment.connect(home)
    at = segment.connect(lab)
    server = serve_on(serve, home if is_here else lab, "lab")
    done = send_from(home)
    assert done.returncode == 0, done.stderr
    place = f"localhost:{server.port}" if is_here else f"{at[4]}:{server.port}"
    [line] = remarks(done.stderr)
    assert line == f"* using lab at {place}"
    assert send_from(home, "--quiet").stderr == b""
    server.transcript.wait_for("Anoop: hello", count=2)


def test_one_on_this_machine_comes_before_others(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home)
    segment.connect(lab)
    serve_on(serve, lab, "lab")
    here = serve_on(serve, home, "here")
    assert send_from(home).returncode == 0
    here.transcript.wait_for("Anoop: hello")


def test_several_are_listed_where_nobody_can_choose(network, segment, serve):
    home, lab, attic = (network.host() for _ in range(3))
    segment.connect(home)
    at = {"lab": segment.connect(lab), "attic": segment.connect(attic)}
    servers = {name: serve_on(serve, host, name) for name, host in (("lab", lab), ("attic", attic))}
    done = send_from(home)
    assert done.returncode == 3 and done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "chatd: 2 servers answer on this network; say which with --server"
    for name, server in servers.items():
        assert any(f"{name} " in line and f"{at[name][4]}:{server.port}" in line
                   for line in lines[1:])
    joined = home.call(run_chatd, "join", "--name", "Anoop", stdin=b"hello\n")
    assert joined.returncode == 3
    named = send_from(home, env={"CHATD_SERVER": f"{at['lab'][4]}:{servers['lab'].port}"})
    assert named.returncode == 0
    servers["lab"].transcript.wait_for("Anoop: hello")


def test_where_none_is_that_is_said(network, segment):
    home = network.host()
    segment.connect(home)
    for host in (home, network.host()):
        done = send_from(host)
        assert done.returncode == 3
        assert b"no server on this machine or on this network" in done.stderr


def test_a_person_chooses(network, segment, serve):
    home, lab, attic = (network.host() for _ in range(3))
    for host in (home, lab, attic):
        segment.connect(host)
    servers = {name: serve_on(serve, host, name) for name, host in (("lab", lab), ("attic", attic))}
    terminal = home.call(Terminal, "join", "--name", "Anoop", columns=120)
    try:
        terminal.wait_for("Which one? [1-2]")
        terminal.type("9" + ENTER)
        number = 1 + sorted(servers).index("lab")
        terminal.type(f"{number}{ENTER}")
        terminal.wait_for("using lab at")
        servers["lab"].transcript.wait_for("Anoop joined")
    finally:
        terminal.close()


def test_nobody_is_asked_without_a_terminal_for_the_answer(network, segment, serve):
    home, lab, attic = (network.host() for _ in range(3))
    for host in (home, lab, attic):
        segment.connect(host)
    for name, host in (("lab", lab), ("attic", attic)):
        serve_on(serve, host, name)
    terminal = home.call(
        Terminal, "send", "--name", "Anoop", "hello", stdin=subprocess.DEVNULL)
    try:
        assert terminal.process.wait(PATIENCE_SECONDS) == 3
    finally:
        terminal.close()


# Names with several addresses


def with_hosts(host, tmp_path, lines, *words):
    """Runs chatd where /etc/hosts is another: in a mount namespace of its own."""
    (tmp_path / "hosts").write_text("".join(f"{line}\n" for line in lines))
    return host.call(run_chatd, *words, mounts=f"mount --bind {tmp_path / 'hosts'} /etc/hosts")


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare for a hosts file")
@pytest.mark.parametrize("order", [[0, 1, 2], [1, 2, 0], [2, 0, 1]])
def test_an_address_that_swallows_everything_keeps_nobody_from_the_others(
        network, segment, serve, tmp_path, order):
    home, lab, silent = (network.host() for _ in range(3))
    segment.connect(home)
    at, hole = segment.connect(lab), segment.connect(silent)
    silent.run("nft", "-f", "-", given="""table inet hole { chain here {
        type filter hook input priority 0; udp dport 1-65535 drop; }
        }
""")
    server = serve_on(serve, lab, "lab")
    addresses = [hole[4], hole[6], at[4]]
    done = with_hosts(
        home, tmp_path, [f"{addresses[index]} lab.test" for index in order], "send", "--name",
        "Anoop", "--server", f"lab.test:{server.port}", "--timeout", "3", "hello")
    assert done.returncode == 0, done.stderr
    server.transcript.wait_for("Anoop: hello")


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare for a hosts file")
def test_where_no_address_has_a_server_that_is_said(network, segment, tmp_path):
    home, lab = network.host(), network.host()
    segment.connect(home)
    at = segment.connect(lab)
    done = with_hosts(
        home, tmp_path, [f"{at[4]} lab.test", f"{at[6]} lab.test"], "send", "--name", "Anoop",
        "--server", "lab.test", "hello")
    assert done.returncode == 3
    assert b"no server at lab.test:12345" in done.stderr

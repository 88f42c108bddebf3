"""Servers are found on the links of a machine, and only there. Needs root for the networks."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from support.network import what_is_missing
from support.program import STATE, chatd_path, new_state, run_chatd, start_chatd
from support.segment import Segment, link_local, serve_on
from support.waiting import PATIENCE_SECONDS, wait_until

MISSING = what_is_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

QUESTION, ANSWER = b"DISCOVER_CHAT_SERVER", b"CHAT_SERVER_FOUND"
SEEK = bytes([0x8B, 1]) + bytes(range(8)) + bytes(246)
USUAL_PORT = ("--port", "12345")


def found_on(host, *flags, status=0):
    """What `discover --json` lists on a host, by the servers' names."""
    done = host.call(run_chatd, "discover", "--json", "--timeout", "0.5", *flags)
    assert done.returncode == status, done.stderr
    servers = [json.loads(line) for line in done.stdout.splitlines()]
    names = [server["name"] for server in servers]
    assert len(set(names)) == len(names), f"a server is listed twice: {names}"
    return dict(zip(names, servers))


def ask(host, question, address, source=None, broadcasts=False):
    """What answers a question within a moment; None where nothing does."""
    asker = host.call(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    with asker:
        asker.settimeout(0.5)
        if broadcasts:
            asker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asker.sendto(question, address)
        try:
            return asker.recvfrom(65_536)
        except TimeoutError:
            return None


def test_each_server_is_listed_once_with_all_that_it_says(network, segment, serve):
    home, lab, attic = (network.host() for _ in range(3))
    segment.connect(home)
    at = {"lab": segment.connect(lab), "attic": segment.connect(attic)}
    password = os.path.join(new_state(), "password")
    with open(password, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write("secret\n")
    in_lab = serve_on(serve, lab, "lab")
    in_attic = serve_on(serve, attic, "attic", "--password-file", password)
    lab.call(in_lab.a, "Anoop", host="127.0.0.1")
    found = found_on(home)
    assert set(found) == {"lab", "attic"}
    for name, server in (("lab", in_lab), ("attic", in_attic)):
        one = found[name]
        assert one["address"] == f"{at[name][4]}:{server.port}"
        assert one["port"] == server.port and one["interface"] == "eth0"
        assert f"{at[name][4]}:{server.port}" in one["addresses"]
        assert {"broadcast eth0", "multicast eth0"} <= set(one["via"])
        assert one["plain"] is False
        assert one["words"] == re.search(r"key=(\S+)", server.log.lines[0])[1]
    assert (found["lab"]["people"], found["attic"]["people"]) == (1, 0)
    assert (found["lab"]["password"], found["attic"]["password"]) == (False, True)
    table = home.call(run_chatd, "discover").stdout.decode().splitlines()
    assert table[0].split() == ["NAME", "ADDRESS", "KEY", "PEOPLE", "PASSWORD"]
    assert sorted(line.split()[0] for line in table[1:]) == ["attic", "lab"]


def test_servers_of_this_machine_are_found_without_any_network(network, serve):
    alone = network.host()
    ports = {name: serve_on(serve, alone, name).port for name in ("one", "two", "three")}
    ports["bound"] = serve_on(serve, alone, "bound", bind="127.0.0.1").port
    found = found_on(alone)
    assert {name: server["port"] for name, server in found.items()} == ports
    for name, server in found.items():
        assert server["address"] == f"localhost:{ports[name]}"


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_who_is_interrupted_lists_what_was_found(network, segment, serve, number, status):
    home, lab, near = (network.host() for _ in range(3))
    for host in (home, lab, near):
        segment.connect(host)
    server = serve_on(serve, lab, "lab")
    ear = network.keep(near.socket())
    ear.bind(("0.0.0.0", 9002))
    program = home.call(start_chatd, "discover", "--json", "--timeout", "60")
    ear.recv(4_096)
    asked = time.monotonic()
    # When it asks once more it has heard who answered the first question.
    while time.monotonic() < asked + 0.2:
        ear.recv(4_096)
    program.send_signal(number)
    output, errors = program.communicate(timeout=PATIENCE_SECONDS)
    assert (program.returncode, errors) == (status, b"")
    assert json.loads(output)["port"] == server.port


def test_nothing_is_found_where_nothing_is(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home)
    segment.connect(lab)
    assert found_on(home, status=3) == {}
    hidden = serve_on(serve, lab, "hidden", "--no-discovery")
    assert found_on(home, status=3) == {}
    assert found_on(lab, "--port", str(hidden.port), status=3) == {}
    assert hidden.summary()["dropped-discovery-off"] >= 1


def test_one_interface_that_is_down_or_has_no_address_stops_nothing(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home, "eth0")
    down, bare = Segment(network), Segment(network)
    down.connect(home, "eth1")
    home.ip("link set dev eth1 down")
    bare.connect(home, "eth2", families=())
    home.run("ip", "-6", "address", "flush", "dev", "eth2")
    segment.connect(lab)
    serve_on(serve, lab, "lab")
    assert set(found_on(home)) == {"lab"}


def test_servers_on_two_links_are_found_at_once(network, segment, serve):
    home, near, other = (network.host() for _ in range(3))
    second = Segment(network)
    segment.connect(home, "eth0")
    second.connect(home, "eth1")
    segment.connect(near)
    second.connect(other)
    serve_on(serve, near, "near")
    serve_on(serve, other, "other")
    found = found_on(home)
    assert (found["near"]["interface"], found["other"]["interface"]) == ("eth0", "eth1")


@pytest.mark.skipif(not shutil.which("nft"), reason="needs nft to block broadcasts")
@pytest.mark.parametrize("blocked", ["home", "lab"])
def test_where_broadcasts_are_blocked_the_group_finds(network, segment, serve, blocked):
    home, lab = network.host(), network.host()
    segment.connect(home)
    at = segment.connect(lab)
    chain = "output" if blocked == "home" else "input"
    broadcasts = ["255.255.255.255", re.sub(r"\d+$", "255", at[4])]
    {"home": home, "lab": lab}[blocked].run(
        "nft", "-f", "-",
        given=f"""table ip blocked {{ chain here {{ type filter hook {chain} priority 0;
                  ip daddr {{ {", ".join(broadcasts)} }} drop; }}
                  }}
""")
    serve_on(serve, lab, "lab")
    assert found_on(home)["lab"]["via"] == ["multicast eth0"]


def test_without_ipv6_broadcasts_find(network, segment, serve):
    home, lab = network.host(), network.host()
    for host in (home, lab):
        segment.connect(host)
        host.run("ip", "-6", "address", "flush", "dev", "eth0")
    serve_on(serve, lab, "lab")
    assert found_on(home)["lab"]["via"] == ["broadcast eth0"]


def test_without_ipv4_the_group_finds_and_the_link_local_address_is_good(
        network, segment, serve, tmp_path):
    home, lab = network.host(), network.host()
    segment.connect(home, families=())
    segment.connect(lab, families=())
    server = serve_on(serve, lab, "lab")
    address = f"[{link_local(lab)}%eth0]:{server.port}"
    one = found_on(home)["lab"]
    assert one["address"] == address
    for _ in range(2):
        done = home.call(run_chatd, "send", "--name", "Anoop", "--server", address, "hello")
        assert done.returncode == 0, done.stderr
    assert b"met for the first time" not in done.stderr
    server.transcript.wait_for("Anoop: hello", count=2)


def test_a_point_to_point_link_is_asked_too(network, serve):
    home, lab = network.host(), network.host()
    link = network.link(home, lab)
    server = serve_on(serve, lab, "lab")
    assert found_on(home)["lab"]["address"] == f"{link.address(lab)}:{server.port}"


def test_a_server_on_the_usual_port_is_found_there_alone(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home)
    segment.connect(lab)
    serve_on(serve, lab, "lab", *USUAL_PORT, "--discovery-port", "4002")
    assert set(found_on(home)) == {"lab"}
    assert set(found_on(home, "--port", "4003", "--discovery-port", "4002")) == {"lab"}
    assert found_on(home, "--port", "4003", status=3) == {}


def test_a_port_that_is_taken_is_said_and_the_server_serves(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home)
    segment.connect(lab)
    other = network.keep(lab.call(socket.socket, socket.AF_INET6, socket.SOCK_DGRAM))
    other.bind(("::", 9002))
    server = serve_on(serve, lab, "lab", *USUAL_PORT)
    server.log.wait_for("warning discovery .*9002")
    assert set(found_on(home)) == {"lab"}


def test_an_interface_that_comes_later_is_served(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home)
    serve_on(serve, lab, "lab")
    assert found_on(home, status=3) == {}
    segment.connect(lab)
    wait_until(lambda: _answers(home), "the server is found")
    assert {"broadcast eth0", "multicast eth0"} <= set(found_on(home)["lab"]["via"])


def _answers(host):
    done = host.call(run_chatd, "discover", "--json", "--timeout", "0.5")
    return b"multicast" in done.stdout and b"broadcast" in done.stdout


# Programs of before


def test_a_client_of_dialect_d_finds_a_server(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home)
    at = segment.connect(lab)
    server = serve_on(serve, lab, "lab")
    anywhere = "255.255.255.255"
    home.ip("route add default dev eth0")
    assert ask(home, QUESTION, (anywhere, 9002), broadcasts=True) == (ANSWER, (at[4], 9002))
    assert ask(home, QUESTION, (at[4], 9002)) == (ANSWER, (at[4], 9002))
    assert ask(home, QUESTION, (at[4], server.port)) == (ANSWER, (at[4], server.port))
    assert ask(home, QUESTION + b"\n", (at[4], 9002)) is None
    assert server.summary()["clients"] == 0


OLD_SERVER = """
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 9002))
print("listening", flush=True)
while True:
    question, address = server.recvfrom(1024)
    if question == b"DISCOVER_CHAT_SERVER":
        server.sendto(b"CHAT_SERVER_FOUND", address)
"""


def test_a_server_of_dialect_d_is_listed_as_plain(network, segment, serve):
    home, lab, old = (network.host() for _ in range(3))
    segment.connect(home)
    segment.connect(lab)
    at = segment.connect(old)
    serve_on(serve, lab, "lab")
    program = old.start(sys.executable, "-c", OLD_SERVER)
    try:
        assert program.stdout.readline() == b"listening\n"
        found = found_on(home)
    finally:
        program.kill()
        program.wait(PATIENCE_SECONDS)
        program.stdout.close()
        program.stderr.close()
    assert set(found) == {"lab", ""}
    assert found[""]["plain"] is True and found[""]["address"] == at[4]
    assert "key" not in found[""] and found["lab"]["plain"] is False


# Beyond the link


@pytest.mark.parametrize("question", [QUESTION, SEEK], ids=["text", "seek"])
def test_who_is_beyond_a_router_is_answered_only_where_any_is(
        network, segment, serve, question):
    home, router, lab = (network.host() for _ in range(3))
    outer = Segment(network)
    at_home = outer.connect(home)
    out = outer.connect(router, "eth1")
    inner = segment.connect(router, "eth0")
    at = segment.connect(lab)
    router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    home.ip(f"route add default via {out[4]}")
    lab.ip(f"route add default via {inner[4]}")
    server = serve_on(serve, lab, "lab")
    open_one = serve_on(serve, lab, "open", "--discovery", "any", "--discovery-port", "9003")
    for port in (9002, server.port):
        assert ask(home, question, (at[4], port)) is None
        assert ask(router, question, (at[4], port)) is not None
    assert server.summary()["dropped-not-on-link"] == 2
    assert at_home[4] in server.log.wait_for("reason=not-on-link")[0]
    for port in (9003, open_one.port):
        assert ask(home, question, (at[4], port)) is not None


def test_a_bound_server_is_found_on_its_own_link_only(network, segment, serve):
    home, stranger, lab = (network.host() for _ in range(3))
    second = Segment(network)
    segment.connect(home)
    at = segment.connect(lab, "eth0")
    second.connect(stranger)
    second.connect(lab, "eth1")
    server = serve_on(serve, lab, "lab", bind=at[4])
    assert found_on(home)["lab"]["address"] == f"{at[4]}:{server.port}"
    assert found_on(stranger, status=3) == {}
    assert found_on(lab)["lab"]["address"] == f"{at[4]}:{server.port}"


# Who asks


def test_an_ordinary_user_may_ask(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home)
    segment.connect(lab)
    serve_on(serve, lab, "lab")
    done = home.call(
        subprocess.run, [program_for_everybody(), "discover", "--json", "--timeout", "1"],
        capture_output=True, timeout=PATIENCE_SECONDS, check=False, user=65_534, group=65_534,
        extra_groups=[], cwd="/", env={})
    assert done.returncode == 0, done.stderr
    assert {"broadcast eth0", "multicast eth0"} <= set(json.loads(done.stdout)["via"])


def program_for_everybody():
    """A copy of chatd that any user can run, wherever the checkout is."""
    os.chmod(STATE.name, 0o711)
    copy = os.path.join(STATE.name, "chatd")
    shutil.copy(chatd_path(), copy)
    os.chmod(copy, 0o755)
    return copy


@pytest.mark.parametrize("flags", [
    ["--timeout", "0"], ["--port", "0"], ["--port", "65536"], ["--discovery-port", "x"], ["lab"]])
def test_wrong_usage_is_told(flags):
    done = run_chatd("discover", *flags)
    assert done.returncode == 2
    assert done.stderr.startswith(b"chatd: ")

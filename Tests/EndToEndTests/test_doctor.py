"""`chatd doctor` names the fault that was built in. Needs root for the networks."""

import concurrent.futures
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

from support.diagnosis import Diagnosis, block, key_file, target
from support.network import what_is_missing
from support.program import chatd_path, environment, new_state, run_chatd
from support.segment import pair_of, serve_on

MISSING = what_is_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
needs_nft = pytest.mark.skipif(not shutil.which("nft"), reason="needs nft to block datagrams")


def on_lab(serve, host, *flags):
    return serve_on(serve, host, "lab", *flags)


# All is well

def test_where_all_is_well_each_check_has_its_figure(pair, serve):
    home, lab, at = pair
    server = on_lab(serve, lab)
    seen = Diagnosis(home, "--server", target(at, server))
    assert (seen.status, seen.fault, seen.verdict("summary")) == (0, None, "ok")
    assert not {"failed", "warning"} & {line["verdict"] for line in seen.checks.values()}
    assert seen["whole"]["bytes"] == 1_472 and seen["fragments"]["bytes"] == 65_507
    trip = seen["round-trip"]
    assert (trip["sent"], trip["answered"]) == (20, 20)
    assert 0 < trip["microseconds-least"] <= trip["microseconds"] <= trip["microseconds-most"]
    assert abs(seen["clock"]["ahead-seconds"]) <= 2
    assert "broadcast eth0" in seen["discovery"]["figure"]
    assert "multicast eth0" in seen["discovery"]["figure"]
    assert at[4] in seen["route"]["figure"] and "eth0" in seen["route"]["figure"]
    assert "first time" in seen["key"]["figure"]
    # Nobody heard of it, and nothing is left.
    summary = server.summary()
    assert summary["joined"] == 0 and summary["clients"] == 0
    assert home.call(run_chatd, "send", "--server", target(at, server), "hello").returncode == 0
    again = Diagnosis(home, "--server", target(at, server))
    assert again.verdict("key") == "ok" and "met before" in again["key"]["figure"]
    assert again["state"]["free-bytes"] > 0


def test_the_only_server_is_found_and_looked_at(pair, serve):
    home, lab, at = pair
    server = on_lab(serve, lab)
    seen = Diagnosis(home)
    assert seen.status == 0
    assert target(at, server) in seen["server"]["figure"]
    here = Diagnosis(lab)
    assert here.status == 0 and "heard by" in here["discovery"]["figure"]


def test_it_makes_no_file(pair, serve):
    home, lab, at = pair
    server = on_lab(serve, lab)
    state = new_state()
    seen = Diagnosis(home, "--server", target(at, server), env={"XDG_STATE_HOME": state})
    assert seen.status == 0 and os.listdir(state) == []


def test_a_person_reads_it_at_80_columns(pair, serve):
    home, lab, at = pair
    server = on_lab(serve, lab)
    done = home.call(run_chatd, "doctor", "--server", target(at, server))
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0 and max(map(len, lines)) <= 80, lines
    assert lines[-1] == "A conversation would work."
    done = home.call(run_chatd, "doctor", "--server", f"{at[4]}:9")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 3 and max(map(len, lines)) <= 80, lines
    text = " ".join(lines)
    assert "A conversation would not work" in text and "(port-closed)" in text
    assert f"First: a server of that machine answers elsewhere: use --server {at[4]}" in text


def test_nobody_needs_to_be_root(pair, serve):
    home, lab, at = pair
    server = on_lab(serve, lab)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(chatd_path(), folder)
        done = home.call(
            subprocess.run, [program, "doctor", "--json", "--server", target(at, server)],
            capture_output=True, timeout=60, check=False, user=65_534, group=65_534,
            extra_groups=[], cwd="/", env=environment(XDG_STATE_HOME="/nonexistent"))
    lines = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, lines
    assert lines["firewall"]["verdict"] in ("skipped", "note")
    assert "not readable" in lines["firewall"]["figure"]
    assert lines["state"]["fault"] == "state-folder"
    assert lines["handshake"]["verdict"] == "ok"


# This machine

def test_only_loopback(network):
    alone = network.host()
    seen = Diagnosis(alone, "--server", "10.8.1.2")
    seen.assert_fault("only-loopback", "route")
    assert seen["interfaces"]["fault"] == "only-loopback"
    assert seen.verdict("handshake") == "skipped" and "udp" in seen["handshake"]["figure"]


def test_a_link_that_is_down(pair):
    home, _, at = pair
    home.ip("link set dev eth0 down")
    seen = Diagnosis(home, "--server", at[4])
    seen.assert_fault("only-loopback", "route")
    assert "ip link set dev eth0 up" in seen["interfaces"]["advice"]


def test_an_interface_without_an_address(network, segment):
    home = network.host()
    segment.connect(home, families=())
    Diagnosis(home, "--server", "10.8.1.2").assert_fault("no-address", "route")


def test_no_route(pair):
    Diagnosis(pair[0], "--server", "192.0.2.1").assert_fault("no-route", "route")


@needs_nft
def test_own_firewall_lets_nothing_out(pair, serve):
    home, lab, at = pair
    server = on_lab(serve, lab)
    block(home, ("output", f"udp dport {server.port} drop;"))
    seen = Diagnosis(home, "--server", target(at, server))
    seen.assert_fault("sending-blocked", "udp")
    assert "1 rule on output" in seen["firewall"]["figure"]


# The server's address

def test_no_such_host(network, pair):
    seen = Diagnosis(pair[0], "--server", "no..such.host")
    seen.assert_fault("no-such-host", "server")


def test_no_server_at_all(pair):
    Diagnosis(pair[0]).assert_fault("no-server", "server")


def test_a_closed_port_and_where_the_server_is_instead(pair, serve):
    home, lab, at = pair
    seen = Diagnosis(home, "--server", at[4])
    seen.assert_fault("port-closed", "udp")
    assert "chatd serve" in seen["udp"]["advice"]
    server = on_lab(serve, lab)
    seen = Diagnosis(home, "--server", at[4])
    seen.assert_fault("port-closed", "udp")
    assert f"--server {target(at, server)}" in seen["udp"]["advice"]


# Where nothing comes back, which a doctor waits for: all of these are looked at beside each other.

# Answers to each datagram, or to the question alone.
RESPONDER = """
import socket, sys
port, question, answer = int(sys.argv[1]), sys.argv[2].encode(), sys.argv[3].encode()
ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ear.bind(("0.0.0.0", port))
print("ready", flush=True)
for _ in range(10_000):
    heard, source = ear.recvfrom(65_536)
    if heard.startswith(question):
        ear.sendto(answer, source)
"""


class Silence:
    """Two hosts, one of which asks in vain; `doctor` looks from it."""

    def __init__(self, network, serve, pool, stack):
        self.home, self.lab, self.at = pair_of(network)
        self._network, self._serve, self._pool, self._stack = network, serve, pool, stack
        self._seen = None

    def look(self, server):
        self._seen = self._pool.submit(Diagnosis, self.home, "--server", server)

    @property
    def seen(self):
        return self._seen.result()

    def block(self, host, hook, rule):
        """A server is there, and this is done by a host's firewall; PORT is the server's."""
        server = on_lab(self._serve, self.lab)
        block(host, (hook, rule.replace("PORT", str(server.port))))
        self.look(target(self.at, server))

    def respond(self, port, question, answer):
        """No chatd answers at the port; what is looked for is there or at a silent port."""
        silent = self._network.keep(self.lab.socket("0.0.0.0")).getsockname()[1]
        process = self.lab.start(sys.executable, "-c", RESPONDER, str(port), question, answer)
        self._stack.callback(process.communicate)
        self._stack.callback(process.kill)
        assert process.stdout.readline() == b"ready\n"
        self.look(self.at[4] if port == 12_345 else f"{self.at[4]}:{silent}")


SILENCES = {
    "answers-dropped-here": lambda s: s.block(
        s.home, "input", f"ip saddr {s.at[4]} meta l4proto udp drop;"),
    "questions-dropped": lambda s: s.block(s.lab, "input", "udp dport PORT drop;"),
    "udp-dropped": lambda s: s.block(s.lab, "input", "meta l4proto udp drop;"),
    "all-dropped": lambda s: s.block(s.lab, "input", "meta l4proto { udp, tcp } drop;"),
    "nobody": lambda s: s.look(s.at[4].rsplit(".", 1)[0] + ".77"),
    "old-server": lambda s: s.respond(9_002, "DISCOVER_CHAT_SERVER", "CHAT_SERVER_FOUND"),
    "other-program": lambda s: s.respond(12_345, "", "what?"),
}


@pytest.fixture(scope="module", name="silences")
def look_at_silences(network_module, serve_module):
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(len(SILENCES)))
        silences = {}
        for name, build in SILENCES.items():
            silences[name] = Silence(network_module, serve_module, pool, stack)
            build(silences[name])
        yield silences


@needs_nft
@pytest.mark.parametrize("name, fault, words", [
    ("answers-dropped-here", "answers-blocked", "this machine's own firewall"),
    ("questions-dropped", "questions-blocked", "one way"),
    ("udp-dropped", "silence", "its machine is there"),
    ("all-dropped", "silence", "nothing at all"),
    ("nobody", "host-not-reached", "the network says"),
    ("old-server", "old-server", "server of before"),
    ("other-program", "other-program", "no chatd"),
])
def test_a_silence_is_explained(silences, name, fault, words):
    seen = silences[name].seen
    seen.assert_fault(fault, "udp")
    assert words in seen["udp"]["figure"]
    if name == "udp-dropped":
        assert seen.verdict("tcp") == "note"


@needs_nft
def test_broadcast_is_blocked_and_the_server_is_reached(pair, serve):
    home, lab, at = pair
    server = on_lab(serve, lab)
    broadcast = at[4].rsplit(".", 1)[0] + ".255"
    block(lab, ("input", f"ip daddr {{ 255.255.255.255, {broadcast} }} drop;"),
          ("input", "ip6 daddr ff12::/16 drop;"))
    seen = Diagnosis(home, "--server", target(at, server))
    seen.assert_fault("broadcast-blocked", "discovery", status=0)
    assert seen.verdict("handshake") == "ok"


# Lengths

def test_a_small_mtu_behind_a_router(routed, serve):
    home, router, lab, at = routed
    server = on_lab(serve, lab)
    router.ip("link set dev eth1 mtu 576")
    lab.ip("link set dev eth0 mtu 576")
    seen = Diagnosis(home, "--server", target(at, server))
    seen.assert_fault("small-mtu", "whole", status=0)
    assert seen["whole"]["bytes"] == 576 - 28
    assert seen["fragments"]["bytes"] == 65_507
    assert seen.verdict("discovery") == "note"
    assert "beyond this network" in seen["discovery"]["advice"]


@needs_nft
def test_only_small_datagrams_get_through(routed, serve):
    home, router, lab, at = routed
    server = on_lab(serve, lab)
    router.ip("link set dev eth1 mtu 576")
    # Nobody is told that a datagram was too long, and what was cut is dropped.
    block(router, ("output", "icmp type destination-unreachable drop;"))
    seen = Diagnosis(home, "--server", target(at, server))
    seen.assert_fault("small-datagrams", "whole")
    assert seen["whole"]["bytes"] == 576 - 28 and seen.verdict("udp") == "ok"


@needs_nft
def test_fragments_are_dropped(pair, serve):
    home, lab, at = pair
    server = on_lab(serve, lab)
    lab.run("nft", "-f", "-", given="""table ip blocked { chain here {
      type filter hook prerouting priority -450; ip frag-off & 0x3fff != 0 drop; }
    }
""")
    seen = Diagnosis(home, "--server", target(at, server))
    seen.assert_fault("fragments-blocked", "fragments", status=0)
    assert seen["whole"]["bytes"] == seen["fragments"]["bytes"] == 1_472


def test_loss_is_counted(network, serve):
    home, lab = network.host(), network.host()
    link = network.link(home, lab, "loss 0.3")
    server = on_lab(serve, lab)
    seen = Diagnosis(home, "--server", f"{link.address(lab)}:{server.port}")
    assert seen["round-trip"]["verdict"] == "warning"
    assert seen["round-trip"]["fault"] == "loss"
    assert 0 < seen["round-trip"]["answered"] < 20


# Trust

def test_another_key(pair, serve):
    home, lab, at = pair
    first = on_lab(serve, lab, "--port", "12345")
    assert home.call(run_chatd, "send", "--server", at[4], "hello").returncode == 0
    first.stop()
    on_lab(serve, lab, "--port", "12345")
    seen = Diagnosis(home, "--server", at[4])
    seen.assert_fault("key-changed", "key", status=4)
    assert seen.verdict("handshake") == "skipped"


def test_passwords(pair, serve):
    home, lab, at = pair
    right, wrong = key_file("secret\n"), key_file("secrte\n")
    server = target(at, on_lab(serve, lab, "--password-file", right))
    given = [[], [wrong], [right], ["/nonexistent"]]
    with concurrent.futures.ThreadPoolExecutor(len(given)) as pool:
        none, bad, good, missing = pool.map(
            lambda files: Diagnosis(
                home, "--server", server, *(word for file in files
                                            for word in ("--password-file", file))), given)
    none.assert_fault("password-needed", "password", status=4)
    bad.assert_fault("password-wrong", "password", status=4)
    assert good.status == 0 and good["password"]["figure"] == "it is right"
    missing.assert_fault("password-file", "password", status=4)


def test_a_password_that_is_not_asked_for(pair, serve):
    home, lab, at = pair
    server = target(at, on_lab(serve, lab))
    seen = Diagnosis(home, "--server", server, "--password-file", key_file("secret\n"))
    seen.assert_fault("password-not-asked", "password", status=4)


def test_a_key_of_ones_own_that_others_can_read(pair, serve):
    home, lab, at = pair
    server = target(at, on_lab(serve, lab))
    state = new_state()
    env = {"XDG_STATE_HOME": state}
    assert home.call(run_chatd, "id", env=env).returncode == 0
    os.chmod(os.path.join(state, "chatd", "client.key"), 0o644)
    Diagnosis(home, "--server", server, env=env).assert_fault("own-key", "state")


def test_a_chat_that_is_full_is_named(serve):
    server = serve("--clients-max", "1")
    assert run_chatd("doctor", "--server", server.target).returncode == 0
    server.a("Only")
    done = run_chatd("doctor", "--json", "--server", server.target)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 4
    assert [line["fault"] for line in lines if line.get("verdict") == "failed"][0] == "refused"

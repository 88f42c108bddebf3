"""`chatd doctor` names faults of what surrounds it: files, names, clocks, other programs, routers.

Needs root for the networks.
"""

import concurrent.futures
import os
import shutil
import sys

import pytest

from support.diagnosis import Diagnosis, block, target
from support.network import what_is_missing
from support.program import new_state, run_chatd
from support.segment import link_local, serve_on

MISSING = what_is_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
needs_nft = pytest.mark.skipif(not shutil.which("nft"), reason="needs nft to block datagrams")
needs_unshare = pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare for mounts")


# The firewall, where its rules or its front end can be read

@needs_unshare
@pytest.mark.skipif(not os.path.isdir("/etc/ufw"), reason="needs a folder to mount ufw's over")
@pytest.mark.parametrize("is_on", [True, False], ids=["on", "off"])
def test_ufw(pair, is_on):
    home, _, at = pair
    setting = f"ENABLED={'yes' if is_on else 'no'}"
    seen = Diagnosis(
        home, "--server", at[4],
        mounts=f"mount -t tmpfs tmpfs /etc/ufw; echo {setting} >/etc/ufw/ufw.conf")
    assert ("ufw is on" in seen["firewall"]["figure"]) == is_on
    assert (seen.verdict("firewall") == "note") == is_on
    seen.assert_fault("port-closed", "udp")


@needs_unshare
def test_firewalld(pair, tmp_path):
    home, _, at = pair
    program = tmp_path / "firewall-cmd"
    program.write_text("#!/bin/sh\necho running\n")
    program.chmod(0o755)
    seen = Diagnosis(home, "--server", at[4], mounts=f"mount --bind {tmp_path} /usr/sbin")
    assert seen.verdict("firewall") == "note" and "9002" in seen["firewall"]["advice"]
    assert "firewalld is running" in seen["firewall"]["figure"]


@needs_nft
def test_a_policy_of_nftables(pair, serve):
    home, lab, at = pair
    server = serve_on(serve, lab, "lab")
    block(home, ("input", "policy drop; iif lo accept; ct state established accept;"))
    seen = Diagnosis(home, "--server", target(at, server))
    assert seen.status == 0 and seen.verdict("firewall") == "note"
    assert seen["firewall"]["figure"] == "input drops what no rule lets through"


# Addresses and names

def test_ipv6_alone(network, segment, serve):
    home, lab = network.host(), network.host()
    segment.connect(home, families=(6,))
    at = segment.connect(lab, families=(6,))
    server = serve_on(serve, lab, "lab", "--port", "12345")
    places = [f"[{at[6]}]:{server.port}", f"[{link_local(lab)}%eth0]:{server.port}"]
    for place in places:
        seen = Diagnosis(home, "--server", place)
        assert seen.status == 0, seen.checks
        assert seen["whole"]["bytes"] == seen["whole"]["bytes-back"] == 1_452
        assert place in seen["udp"]["figure"]
        assert f"unicast {place}" in seen["discovery"]["figure"]
        assert "multicast eth0" in seen["discovery"]["figure"]
    bare = f"[{link_local(lab)}]"
    seen = Diagnosis(home, "--server", bare)
    seen.assert_fault("no-route", "server")
    assert f"[{link_local(lab)}%eth0]" in seen["server"]["advice"]
    done = home.call(run_chatd, "send", "--server", bare, "hello", timeout=15)
    assert done.returncode == 2 and b"%eth0]" in done.stderr


def test_names_that_nobody_looks_up(pair):
    # There is no name server on these networks.
    Diagnosis(pair[0], "--server", "lab.test").assert_fault("name-service", "server")


def test_several_servers(network, segment, serve):
    home, lab, attic = (network.host() for _ in range(3))
    segment.connect(home)
    at = segment.connect(lab)
    segment.connect(attic)
    servers = {"lab": serve_on(serve, lab, "lab"), "attic": serve_on(serve, attic, "attic")}
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        unnamed, named, here = pool.map(
            lambda words: Diagnosis(*words),
            [[home], [home, "--server", target(at, servers["lab"])], [lab]])
    unnamed.assert_fault("several-servers", "server", status=0)
    assert named.fault is None
    assert here.fault is None and "only one on this machine" in here["server"]["figure"]


# The state folder

@needs_unshare
def test_a_disk_that_is_full(pair, serve, tmp_path):
    home, lab, at = pair
    server = serve_on(serve, lab, "lab")
    seen = Diagnosis(
        home, "--server", target(at, server), env={"XDG_STATE_HOME": str(tmp_path)},
        mounts=f"mount -t tmpfs -o size=64k tmpfs {tmp_path}; mkdir -m 700 {tmp_path}/chatd")
    seen.assert_fault("disk-full", "state", status=0)
    assert seen["state"]["free-bytes"] <= 64 << 10


def test_a_damaged_line_of_known_servers(pair, serve):
    home, lab, at = pair
    server = serve_on(serve, lab, "lab")
    state = new_state()
    folder = os.path.join(state, "chatd")
    os.mkdir(folder, 0o700)
    with open(os.path.join(folder, "known_servers"), "w", encoding="ascii") as file:
        os.chmod(file.name, 0o600)
        file.write("elsewhere.test:12345 nonsense\n")
    env = {"XDG_STATE_HOME": state}
    seen = Diagnosis(home, "--server", target(at, server), env=env)
    seen.assert_fault("key-in-doubt", "state", status=0)
    assert "line 1 of" in seen["state"]["figure"]


# What is between the two

# Passes datagrams on to a server of the same host and back, and does something to them.
RELAY = """
import select, socket, sys, time
port, server, change = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
front.bind(("0.0.0.0", port))
print("ready", flush=True)
backs = {}
for _ in range(100_000):
    for ear in select.select([front, *backs.values()], [], [])[0]:
        datagram, source = ear.recvfrom(65_536)
        if ear is front:
            if source not in backs:
                backs[source] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                backs[source].connect(("127.0.0.1", server))
            if change != "no-session" or datagram[0] == 0x80:
                backs[source].send(datagram)
            continue
        if datagram[0] == 0x81 and change == "other-version":
            datagram = datagram[:1] + b"\\x09" + datagram[2:]
        # Behind the fields of fixed length and the name, lab.
        if datagram[0] == 0x81 and change == "clock":
            datagram = datagram[:91] + int(time.time() + 3_600).to_bytes(8, "big") + datagram[99:]
        front.sendto(datagram, next(key for key in backs if backs[key] is ear))
"""


@pytest.mark.parametrize("change, fault, check, status", [
    ("other-version", "other-version", "udp", 3),
    ("no-session", "handshake", "handshake", 3),
    ("clock", "clock", "clock", 0),
])
def test_what_is_answered_otherwise(pair, serve, change, fault, check, status):
    home, lab, at = pair
    server = serve_on(serve, lab, "lab")
    process = lab.start(sys.executable, "-c", RELAY, "4004", str(server.port), change)
    try:
        assert process.stdout.readline() == b"ready\n"
        seen = Diagnosis(home, "--server", f"{at[4]}:4004")
    finally:
        process.kill()
        process.communicate()
    seen.assert_fault(fault, check, status=status)
    if change == "clock":
        assert 3_590 <= seen["clock"]["ahead-seconds"] <= 3_610


@needs_nft
def test_a_router_that_rejects(routed, serve):
    home, router, lab, at = routed
    server = serve_on(serve, lab, "lab")
    block(router, ("forward", f"udp dport {server.port} reject with icmp type admin-prohibited;"))
    seen = Diagnosis(home, "--server", target(at, server))
    seen.assert_fault("questions-blocked", "udp")
    assert "there by TCP" in seen["udp"]["figure"]


# The way back

def test_the_clock_is_known_beyond_a_router(routed, serve):
    home, _, lab, at = routed
    seen = Diagnosis(home, "--server", target(at, serve_on(serve, lab, "lab", "--no-discovery")))
    assert seen.status == 0 and abs(seen["clock"]["ahead-seconds"]) <= 2


@needs_nft
def test_a_small_mtu_on_the_way_back(routed, serve):
    home, router, lab, at = routed
    server = serve_on(serve, lab, "lab")
    [near] = [line.split()[0] for line in router.run("ip", "route").splitlines() if "eth0" in line]
    router.ip(f"route replace {near} dev eth0 mtu lock 576")
    seen = Diagnosis(home, "--server", target(at, server))
    seen.assert_fault("small-mtu", "whole", status=0)
    assert (seen["whole"]["bytes"], seen["whole"]["bytes-back"]) == (1_472, 576 - 28)
    assert seen["fragments"]["bytes"] == seen["fragments"]["bytes-back"] == 65_507
    # Nobody tells the server that its datagrams are too long.
    lab.ip("route flush cache")
    block(router, ("output", "icmp type destination-unreachable drop;"))
    seen = Diagnosis(home, "--server", target(at, server))
    seen.assert_fault("small-datagrams", "whole")
    assert "server's machine" in seen["whole"]["advice"]


def test_a_rate_that_is_low_is_no_loss(pair, serve):
    home, lab, at = pair
    server = serve_on(serve, lab, "lab", "--impair", "rate=1mbit,seed=1")
    seen = Diagnosis(home, "--server", target(at, server))
    assert seen.status == 0 and seen["round-trip"]["answered"] == 20
    assert seen["round-trip"]["microseconds-most"] < 300_000

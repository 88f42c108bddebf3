"""Fixtures of the end-to-end tests."""

import contextlib
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from support.classroom import ClassroomServer  # noqa: E402
from support.joiner import Joiner  # noqa: E402
from support.network import Network  # noqa: E402
from support.pictures import jpeg_shell  # noqa: E402
from support.program import meet_nobody  # noqa: E402
from support.segment import Segment, pair_of  # noqa: E402
from support.server import Server  # noqa: E402
from support.terminal import Terminal  # noqa: E402


@pytest.fixture(autouse=True)
def people():
    """In each test everyone has new keys; one name in it is one person."""
    meet_nobody()


@contextlib.contextmanager
def _serving():
    servers = []

    def start(*flags, **options):
        servers.append(Server(*flags, **options))
        return servers[-1]

    yield start
    try:
        for server in servers:
            if server.has_crashed:
                continue
            code = server.process.poll()
            assert code in (None, 0), f"the server ended with {code}:\n{server.log.lines[-20:]}"
            if code is None:
                assert server.stop() == 0
    finally:
        for server in servers:
            server.close()


@pytest.fixture
def serve():
    """Starts servers, as many as a test asks for.

    A server that a test leaves running must still be there afterwards and must stop cleanly: no
    test may crash it unnoticed.
    """
    with _serving() as start:
        yield start


@pytest.fixture(scope="module")
def serve_module():
    """The same for all tests of a file."""
    with _serving() as start:
        yield start


@pytest.fixture
def native():
    """Makes clients of the native protocol at a server; they have a session, and may have joined.

    They need `noiseprotocol`, which `Scripts/python.sh` installs.
    """
    pytest.importorskip("noise", reason="noiseprotocol is missing: run Scripts/python.sh")
    from support.native import NativeClient

    clients = []

    def start(server, name=None, connects=True, **options):
        client = NativeClient(server.address, **options)
        clients.append(client)
        if connects:
            client.connect()
        if name:
            client.welcome = client.join(name)
        return client

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def classroom():
    """Starts unmodified servers of dialect A."""
    servers = []

    def start(**options):
        servers.append(ClassroomServer(**options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def jpeg():
    """A small picture as it travels in one datagram."""
    return jpeg_shell()


@pytest.fixture
def join(tmp_path_factory):
    """Starts `chatd join` in a pipe, in a folder of its own, at a server or an address."""
    joiners = []

    def start(server, *flags, cwd=None, **options):
        target = server if isinstance(server, str) else server.target
        folder = cwd or tmp_path_factory.mktemp("joined")
        joiners.append(Joiner(target, *flags, cwd=folder, **options))
        return joiners[-1]

    yield start
    for joiner in joiners:
        joiner.close()


@pytest.fixture
def terminal(tmp_path_factory):
    """Starts `chatd join` at a terminal, and waits for its prompt."""
    terminals = []

    def start(server, *flags, name="Typist", prompt=None, cwd=None, **options):
        target = server if isinstance(server, str) else server.target
        terminals.append(
            Terminal("join", "--server", target, *(["--name", name] if name else []), *flags,
                     cwd=cwd or tmp_path_factory.mktemp("typed"), **options))
        if prompt != "":
            terminals[-1].wait_for_prompt(prompt or f"{name}>")
        return terminals[-1]

    yield start
    for item in terminals:
        item.close()


@pytest.fixture
def network():
    """Hosts with networks of their own and bad links between them; needs root."""
    with Network() as network:
        yield network


@pytest.fixture
def segment(network):
    """An Ethernet without anybody yet; needs root."""
    return Segment(network)


@pytest.fixture
def pair(network):
    """Two hosts of one Ethernet, and the second one's addresses."""
    return pair_of(network)


@pytest.fixture(scope="module")
def network_module():
    """Hosts for all tests of a file; needs root."""
    with Network() as network:
        yield network


@pytest.fixture
def routed(network):
    """Two hosts with a router between them: home, router, lab, and lab's addresses.

    The router has eth0 to home and eth1 to lab.
    """
    home, router, lab = (network.host() for _ in range(3))
    near, far = Segment(network), Segment(network)
    near.connect(home)
    gateway = near.connect(router)
    to_lab = far.connect(router, "eth1")
    at = far.connect(lab)
    router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    home.ip(f"route add default via {gateway[4]}")
    lab.ip(f"route add default via {to_lab[4]}")
    return home, router, lab, at

"""Fixtures of the end-to-end tests."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from support.classroom import ClassroomServer  # noqa: E402
from support.pictures import jpeg_shell  # noqa: E402
from support.server import Server  # noqa: E402


@pytest.fixture
def serve():
    """Starts servers, as many as a test asks for.

    A server that a test leaves running must still be there afterwards and must stop cleanly: no
    test may crash it unnoticed.
    """
    servers = []

    def start(*flags, **options):
        servers.append(Server(*flags, **options))
        return servers[-1]

    yield start
    try:
        for server in servers:
            code = server.process.poll()
            assert code in (None, 0), f"the server ended with {code}:\n{server.log.lines[-20:]}"
            if code is None:
                assert server.stop() == 0
    finally:
        for server in servers:
            server.close()


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


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network namespace")


@pytest.fixture(scope="session")
def jpeg():
    """A small picture as it travels in one datagram."""
    return jpeg_shell()

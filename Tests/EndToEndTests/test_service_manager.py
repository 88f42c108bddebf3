"""systemd and its like: notifications, the watchdog, and sockets that were opened beforehand."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from support.clients import ClassicA
from support.program import chatd_path, environment
from support.waiting import PATIENCE_SECONDS


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """The manager's end of NOTIFY_SOCKET, and the variable's value."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@chatd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name.replace("@", "\0"))
        receiver.settimeout(PATIENCE_SECONDS)
        yield receiver, name


def next_state(receiver, ignoring="WATCHDOG=1"):
    while (state := receiver.recv(4_096).decode()).strip() == ignoring:
        pass
    return dict(line.split("=", 1) for line in state.splitlines())


def test_ready_reloading_and_stopping_are_notified(serve, manager):
    receiver, name = manager
    server = serve(env={"NOTIFY_SOCKET": name})
    state = next_state(receiver)
    assert state["READY"] == "1" and str(server.port) in state["STATUS"]
    server.signal(signal.SIGHUP)
    state = next_state(receiver)
    assert state["RELOADING"] == "1" and int(state["MONOTONIC_USEC"]) > 0
    assert next_state(receiver)["READY"] == "1"
    server.signal(signal.SIGTERM)
    assert next_state(receiver)["STOPPING"] == "1"
    assert server.wait() == 0


def test_the_watchdog_is_fed_again_and_again(serve, manager):
    receiver, name = manager
    serve(env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "100000"})
    fed = 0
    while fed < 5:
        fed += receiver.recv(4_096) == b"WATCHDOG=1"


def test_a_watchdog_of_another_process_is_not_fed(serve, manager):
    receiver, name = manager
    server = serve(env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
    assert "READY" in next_state(receiver)
    server.stop()
    assert "STOPPING" in next_state(receiver, ignoring="")


def test_a_manager_that_is_not_there_does_not_harm(serve, tmp_path):
    server = serve(env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    server.a("Anoop")


def start_with_socket(listener, count="1", pid=None, flags=()):
    """Starts the server as a manager would: the socket as descriptor 3, told in variables."""
    launcher = (
        "import os, sys\n"
        "os.dup2(int(sys.argv[1]), 3, inheritable=True)\n"
        "os.environ['LISTEN_PID'] = sys.argv[2] or str(os.getpid())\n"
        "os.execv(sys.argv[3], sys.argv[3:])\n")
    return subprocess.Popen(
        [sys.executable, "-c", launcher, str(listener.fileno()), pid or "", chatd_path(), "serve",
         *flags],
        pass_fds=[listener.fileno()], env=environment(LISTEN_FDS=count),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::"])
def test_a_socket_that_was_handed_over_is_served(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as listener:
        listener.bind((host, 0))
        port = listener.getsockname()[1]
        # What came before the start is not lost.
        early = ClassicA((host if host != "::" else "::1", port), "Early")
        early.send("Early has joined the chat.")
        process = start_with_socket(listener, flags=["--port", "1"])
        try:
            line = process.stderr.readline().decode()
            assert "listening" in line and line.count(f":{port} ") == 1
            meera = ClassicA(early.server, "Meera").join()
            assert early.receive() == b"Meera has joined the chat."
            meera.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            early.close()
            process.kill()
            process.communicate()


def test_a_socket_for_another_process_is_not_taken():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        process = start_with_socket(listener, pid="1", flags=["--port", "0"])
        try:
            line = process.stderr.readline().decode()
            assert f":{listener.getsockname()[1]} " not in line and "listening" in line
        finally:
            process.kill()
            process.communicate()


def test_a_socket_of_the_wrong_kind_stops_the_start():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        process = start_with_socket(listener)
        _, stderr = process.communicate(timeout=10)
    assert process.returncode == 1
    assert re.fullmatch(r"chatd: .*UDP.*\n", stderr.decode())

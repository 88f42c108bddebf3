"""IPv4 and IPv6, and which addresses the plain dialects are served to."""

import ctypes
import os
import socket
import subprocess
import threading
import time

import pytest

from support.clients import ClassicA, ClassicB, hush
from support.program import one_line, run_chatd
from support.waiting import wait_until

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network namespace")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@needs_ipv6
def test_clients_over_ipv4_and_ipv6_share_one_lobby(serve):
    server = serve(bind=None)
    anoop = server.a("Anoop", host="127.0.0.1")
    meera = server.a("Meera", host="::1")
    bo = server.b("Bo", host="::1")
    hush(anoop, meera, bo)
    anoop.say("over IPv4")
    anoop.settle()
    meera.say("over IPv6")
    meera.settle()
    assert anoop.received() == [b"Meera: over IPv6"]
    assert meera.received() == [b"Anoop: over IPv4"]
    assert bo.received() == [b"Anoop:over IPv4", b"Meera:over IPv6"]


@needs_ipv6
def test_a_lost_client_is_noticed_over_ipv6_too(serve):
    server = serve(bind="::1")
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    meera.close()
    anoop.say("is Meera there?")
    server.wait_for_summary(clients=1, lost=1)
    assert anoop.received() == [b"Meera has left the chat."]


@pytest.mark.parametrize("bind", [None, "0.0.0.0"])
def test_an_answer_comes_from_the_address_that_was_asked(serve, bind):
    server = serve(bind=bind)
    hosts = [f"127.0.0.{last}" for last in range(1, 5)]
    # Their sockets are connected, so what comes from another address does not reach them.
    clients = [server.a(f"A{host[-1]}", host=host) for host in hosts]
    hush(*clients)
    clients[0].say("to all of them")
    clients[0].settle()
    for client in clients[1:]:
        assert client.received() == [b"A1: to all of them"]
    for host in hosts:
        sent = run_chatd("send", "--server", f"{host}:{server.port}", "--name", "N", "hello")
        assert sent.returncode == 0, sent.stderr


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.0.0.5", "0.0.0.0"])
def test_a_server_on_an_ipv4_address_is_served_over_ipv4(serve, bind):
    server = serve(bind=bind)
    host = "127.0.0.1" if bind == "0.0.0.0" else bind
    anoop, bo = server.a("Anoop", host=host), server.b("Bo", host=host)
    hush(anoop, bo)
    anoop.say("hello")
    anoop.settle()
    assert bo.received() == [b"Anoop:hello"]


@needs_ipv6
def test_the_same_port_number_on_another_address_is_another_client(serve):
    server = serve(bind=None)
    first = server.stranger(ClassicA, "First", host="127.0.0.1")
    second = ClassicA(("127.0.0.1", server.port), "Second", source="127.0.0.1")
    second.socket.close()
    second.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    second.socket.bind(("127.0.0.3", first.port))
    server.clients.append(second)
    first.join()
    second.join()
    hush(first, second)
    first.say("hello")
    first.settle()
    assert second.received() == [b"First: hello"]
    assert server.summary()["clients"] == 2


def in_network_namespace(body):
    """Runs `body` in a thread that has a network of its own, and what it starts has it too."""
    outcome = []

    def run():
        libc = ctypes.CDLL(None, use_errno=True)
        clone_newnet = 0x40000000
        try:
            if libc.unshare(clone_newnet) != 0:
                pytest.skip("network namespaces are not allowed here")
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            body()
        except BaseException as error:  # pylint: disable=broad-except
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if outcome:
        raise outcome[0]


def add_address(address):
    """Gives the loopback interface an address, and waits until it can be spoken to and from."""
    is_v6 = ":" in address
    subprocess.run(["ip", "address", "add", f"{address}/128" if is_v6 else f"{address}/32",
                    "dev", "lo", *(["nodad"] if is_v6 else [])], check=True)
    host = "::1" if is_v6 else "127.0.0.1"
    family = socket.AF_INET6 if is_v6 else socket.AF_INET

    def answers():
        with socket.socket(family, socket.SOCK_DGRAM) as here, \
                socket.socket(family, socket.SOCK_DGRAM) as there:
            try:
                here.bind((host, 0))
                there.bind((address, 0))
                here.settimeout(0.2)
                there.settimeout(0.2)
                there.sendto(b"ping", here.getsockname())
                here.sendto(b"pong", here.recvfrom(9)[1])
                return there.recv(9) == b"pong"
            except OSError:
                return False

    wait_until(answers, f"{address} on the loopback interface")


PUBLIC = ["203.0.113.5", "2001:db8::5", "172.32.0.1", "100.64.0.1", "8.8.8.8", "11.0.0.1"]
PRIVATE = ["10.1.2.3", "172.16.0.9", "172.31.255.1", "192.168.7.7", "169.254.3.3", "fd00::7"]


@needs_root
@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_answered_unless_any_is_served(serve, address):
    host = "::1" if ":" in address else "127.0.0.1"

    def body():
        add_address(address)
        server = serve(bind=None)
        anoop = server.a("Anoop", host=host)
        outsider = server.stranger(ClassicB, "Outsider", host=host, source=address)
        outsider.send("Outsider:join")
        outsider.send("DISCOVER_CHAT_SERVER")
        wait_until(lambda: server.summary()["dropped-not-private"] == 2, "both were dropped")
        assert "--classic" in server.log.wait_for(" dropped .*not-private")[0]
        assert anoop.received() == []
        outsider.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            outsider.socket.recv(65_536)
        generous = serve("--classic", "any", bind=None)
        guest = generous.stranger(ClassicB, "Guest", host=host, source=address)
        assert guest.ask_to_join() == b"Welcome"

    in_network_namespace(body)


@needs_root
@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_served(serve, address):
    def body():
        add_address(address)
        server = serve(bind=None)
        host = "::1" if ":" in address else "127.0.0.1"
        guest = server.stranger(ClassicB, "Guest", host=host, source=address)
        assert guest.ask_to_join() == b"Welcome"

    in_network_namespace(body)


@needs_root
def test_a_server_without_any_network_but_its_own_works(serve):
    def body():
        server = serve(bind=None)
        anoop, bo = server.a("Anoop"), server.b("Bo")
        anoop.say("air-gapped")
        anoop.settle()
        assert b"Anoop:air-gapped" in bo.received()

    in_network_namespace(body)


def take_network_away():
    """Takes the only network of this namespace away, addresses and all."""
    subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
    subprocess.run(["ip", "address", "flush", "dev", "lo"], check=True)


def bring_network_back():
    """The kernel gives the device its address again."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


@needs_root
@pytest.mark.parametrize("words", [["send", "hello"], ["join"], ["stats"],
                                   ["send", "--classic", "hello"]])
def test_a_client_without_any_network_says_so_and_ends(words):
    def body():
        take_network_away()
        result = run_chatd(*words, "--server", "127.0.0.1:9", timeout=10)
        assert result.returncode == 3
        assert one_line(result.stderr) == (
            "chatd: 127.0.0.1:9 cannot be reached: Network is unreachable; "
            "chatd doctor --server 127.0.0.1:9 says more")

    in_network_namespace(body)


@needs_root
def test_a_client_comes_back_after_there_was_no_network_for_a_while(serve, join):
    def body():
        server = serve()
        anna = join(server, "--follow", name="Anna")
        server.wait_for_summary(clients=1)
        assert server.stop() == 0
        anna.errors.wait_for("shutting down; coming back")
        take_network_away()
        # Long enough for a try.
        time.sleep(1)
        bring_network_back()
        again = serve("--port", str(server.port), state=server.state)
        anna.errors.wait_for("back; the server was started again")
        anna.write("still me\n")
        again.transcript.wait_for("Anna: still me")

    in_network_namespace(body)

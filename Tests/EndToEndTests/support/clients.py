"""Clients of the plain dialects, as their unmodified programs put datagrams on the wire."""

import socket

from .waiting import PATIENCE_SECONDS

QUESTION = b"DISCOVER_CHAT_SERVER"
ANSWER = b"CHAT_SERVER_FOUND"
DATAGRAM_BYTES_MAX = 65_507


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


class DatagramClient:
    """A UDP socket and what it received.

    A server answers and relays in order, so a question that is answered shows that everything
    before it was handled: that is how a test knows that something did not come.
    """

    def __init__(self, address, name=None, source=None):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.name = name
        self.server = address
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((source or ("::1" if ":" in address[0] else "127.0.0.1"), 0))
        self._inbox = []

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def send(self, datagram):
        self.socket.sendto(as_bytes(datagram), self.server)

    def receive(self, seconds=PATIENCE_SECONDS):
        """The next datagram."""
        return self._inbox.pop(0) if self._inbox else self._read(seconds)

    def _read(self, seconds=PATIENCE_SECONDS):
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(65_536)
        except socket.timeout:
            raise AssertionError(f"{self.name} received nothing within {seconds} s") from None

    def settle(self):
        """Returns when all that was sent before has been handled."""
        self.send(QUESTION)
        while (datagram := self._read()) != ANSWER:
            self._inbox.append(datagram)
        return self

    def received(self):
        """All that came since the last time, once all that was sent before has been handled."""
        self.settle()
        taken, self._inbox = self._inbox, []
        return taken

    def close(self):
        self.socket.close()


class ClassicA(DatagramClient):
    """UDP text and images."""

    def join(self):
        self.send(f"{self.name} has joined the chat.")
        return self.settle()

    def say(self, text):
        self.send(as_bytes(self.name) + b": " + as_bytes(text))

    def show(self, jpeg):
        self.send(b"IMG:" + as_bytes(self.name) + b":" + jpeg)

    def leave(self):
        """Says so and closes the socket right after, as the program does."""
        self.send(f"{self.name} has left the chat.")
        self.close()


class ClassicB(DatagramClient):
    """UDP with names that must be unique."""

    def join(self):
        answer = self.ask_to_join()
        assert answer == b"Welcome", answer
        return self

    def ask_to_join(self):
        self.send(f"{self.name}:join")
        return self.receive()

    def say(self, text):
        self.send(as_bytes(self.name) + b":" + as_bytes(text))

    def leave(self):
        self.send(f"{self.name}:exit")
        self.close()


def hush(*clients):
    """Throws away what the clients received so far."""
    for _ in range(2):
        for client in clients:
            client.received()

"""A server of dialect A as the classroom wrote it: it answers nothing and checks nothing.

The first datagram of a new address is its join (of which only the name is kept), and everything
is passed on unchanged to every other address. It speaks no other dialect and stops in silence.
"""

import socket
import threading

from .waiting import wait_until

JOINED = b" has joined the chat."
LEFT = b" has left the chat."


class ClassroomServer:
    """Runs in a thread; `heard` is every datagram that came in, in order."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.address = self.socket.getsockname()
        self.heard = []
        self.names = {}
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def target(self):
        return f"{self.address[0]}:{self.address[1]}"

    def _run(self):
        while not self._is_closed:
            try:
                datagram, source = self.socket.recvfrom(65_536)
            except OSError:
                continue
            if self._is_closed:
                return
            self._handle(datagram, source)

    def _handle(self, datagram, source):
        if source not in self.names:
            self.names[source] = datagram.split(JOINED)[0]
        elif not datagram.startswith(b"IMG:") and datagram.endswith(LEFT):
            del self.names[source]
        for other in list(self.names):
            if other != source:
                self.socket.sendto(datagram, other)
        # Noted last, so that whoever sees it here knows that it was passed on.
        self.heard.append(datagram)

    def wait_for(self, datagram):
        wait_until(lambda: datagram in self.heard, f"{datagram!r} at the server: {self.heard}")

    def close(self):
        self._is_closed = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.address)
        self._thread.join()
        self.socket.close()

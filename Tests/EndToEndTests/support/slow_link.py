"""Two network namespaces joined by a link that is slow in one direction; needs root."""

import ctypes
import os
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000
# Python does not name it: as SO_RCVBUF, beyond what the system allows others.
SO_RCVBUFFORCE = 33
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


class SlowLink:
    """From `near` to `far` it carries so many bits a second; what waits, waits at the sender."""

    near, far = "10.99.0.1", "10.99.0.2"

    def __init__(self, rate):
        self.names = [f"chatd-{side}-{os.getpid()}" for side in ("near", "far")]
        near, far = self.names
        try:
            for name in self.names:
                ip("netns", "add", name)
            ip("-n", near, "link", "add", "slow", "type", "veth", "peer", "name", "slow",
               "netns", far)
            for name, address in ((near, self.near), (far, self.far)):
                ip("-n", name, "addr", "add", f"{address}/24", "dev", "slow")
                ip("-n", name, "link", "set", "slow", "up")
            subprocess.run(
                ["ip", "netns", "exec", near, "tc", "qdisc", "add", "dev", "slow", "root", "tbf",
                 "rate", rate, "burst", "20kb", "limit", "64mb"],
                check=True, capture_output=True, timeout=10)
            # Whoever sends to a closed port is told each time.
            subprocess.run(
                ["ip", "netns", "exec", far, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0"],
                check=True, capture_output=True, timeout=10)
        except (subprocess.CalledProcessError, FileNotFoundError):
            self.close()
            raise

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True,
                           timeout=10)

    def enter_near(self):
        """Puts the calling thread, or a process that is being started, at the near end."""
        self._enter(self.names[0])

    @staticmethod
    def _enter(name):
        descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(descriptor)

    def far_sockets(self, count):
        """Datagram sockets at the far end, each with a port of its own."""
        sockets = []

        def make():
            self._enter(self.names[1])
            for _ in range(count):
                sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                sockets[-1].setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
                sockets[-1].bind((self.far, 0))

        # A socket stays where it was made; the thread does not come back.
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        assert len(sockets) == count
        return sockets

"""Many clients of both dialects at once, and what each of them must receive.

A few processes receive for all of them, since one would be too slow. Of each client they keep how
many datagrams it received and the sum of their hashes, in memory that everyone shares: equal to
what was expected only when exactly the expected datagrams came, each as often as expected.
"""

import ctypes
import multiprocessing
import os
import select
import socket
import zlib

from .waiting import wait_until

HASH_MASK = (1 << 64) - 1


def digest(datagram):
    """64 bits of a datagram: two checksums of different begin."""
    return zlib.crc32(datagram) << 32 | zlib.adler32(datagram, 7)


class Member:
    """One client: a socket, a name, a dialect, and what it must have received."""

    def __init__(self, index, address, receive_bytes):
        self.index = index
        self.is_b = index % 2 == 1
        self.name = f"Member {index}"
        self.address = address
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.bind(("127.0.0.1", 0))
        self.count = 0
        self.sum = 0

    def send(self, text):
        self.socket.sendto(text.encode(), self.address)

    def join(self):
        self.send(f"{self.name}:join" if self.is_b else f"{self.name} has joined the chat.")

    def leave(self):
        self.send(f"{self.name}:exit" if self.is_b else f"{self.name} has left the chat.")

    def say(self, text):
        self.send(f"{self.name}:{text}" if self.is_b else f"{self.name}: {text}")

    def expect(self, datagram_digest):
        self.count += 1
        self.sum = self.sum + datagram_digest & HASH_MASK


class Crowd:
    """All clients that a run needs, also those that join later. Those in `present` have joined."""

    def __init__(self, address, members, processes=2, receive_bytes=1 << 20):
        self.members = [Member(index, address, receive_bytes) for index in range(members)]
        self.present = []
        self._counts = multiprocessing.RawArray(ctypes.c_uint64, members)
        self._sums = multiprocessing.RawArray(ctypes.c_uint64, members)
        self._is_over = multiprocessing.RawValue(ctypes.c_bool, False)
        self._workers = [self._start(number, processes) for number in range(processes)]

    def _start(self, number, processes):
        pid = os.fork()
        if pid:
            return pid
        try:
            self._receive(self.members[number::processes], os.getppid())
        finally:
            os._exit(0)

    def _receive(self, members, parent):
        poll = select.epoll()
        by_descriptor = {}
        for member in members:
            member.socket.setblocking(False)
            descriptor = member.socket.fileno()
            by_descriptor[descriptor] = (member.socket.recv, member.index)
            poll.register(descriptor, select.EPOLLIN)
        counts, sums = self._counts, self._sums
        while not self._is_over.value and os.getppid() == parent:
            for descriptor, _ in poll.poll(0.2):
                receive, index = by_descriptor[descriptor]
                count, total = 0, sums[index]
                try:
                    while count < 64:
                        total += digest(receive(65_536))
                        count += 1
                except BlockingIOError:
                    pass
                sums[index] = total & HASH_MASK
                counts[index] += count

    # What happens, and who must receive it

    def join(self, member):
        """Joins a member, and waits until everyone who must know does."""
        self._tell_others(member, f"{member.name} has joined the chat.", f"{member.name} joined")
        if member.is_b:
            member.expect(digest(b"Welcome"))
        self.present.append(member)
        member.join()
        if not member.is_b:
            # A's join has no answer; that of the question shows that it was handled.
            member.expect(digest(b"CHAT_SERVER_FOUND"))
            member.send("DISCOVER_CHAT_SERVER")
        self.wait()

    def leave(self, member):
        self.present.remove(member)
        self._tell_others(member, f"{member.name} has left the chat.", f"User {member.name} left")
        member.leave()
        self.wait()

    def say(self, member, text):
        self._tell_others(member, f"{member.name}: {text}", f"{member.name}:{text}")
        member.say(text)

    def _tell_others(self, author, in_a, in_b):
        digests = digest(in_a.encode()), digest(in_b.encode())
        for member in self.present:
            if member is not author:
                member.expect(digests[member.is_b])

    def wait(self, seconds=30):
        """Waits until every member has received as much as it must, and checks what it was."""
        counts = self._counts

        def is_complete():
            return all(counts[member.index] >= member.count for member in self.members)

        try:
            wait_until(is_complete, "", seconds)
        except AssertionError:
            missing = {member.name: f"{counts[member.index]} of {member.count}"
                       for member in self.members if counts[member.index] < member.count}
            raise AssertionError(f"datagrams are missing: {missing}") from None
        self.check()

    def check(self):
        """Every member has received exactly what it must, also those that have left."""
        for member in self.members:
            received = (self._counts[member.index], self._sums[member.index])
            assert received == (member.count, member.sum), (
                f"{member.name} received {received[0]} datagrams of {member.count}, "
                "or others than it should")

    @property
    def delivered(self):
        return sum(self._counts)

    def kernel_drops(self):
        """Datagrams for the members that the kernel had no room for."""
        ports = {member.socket.getsockname()[1] for member in self.members}
        drops = 0
        with open("/proc/net/udp", encoding="ascii") as table:
            for line in list(table)[1:]:
                fields = line.split()
                if int(fields[1].split(":")[1], 16) in ports:
                    drops += int(fields[-1])
        return drops

    def close(self):
        self._is_over.value = True
        for pid in self._workers:
            os.waitpid(pid, 0)
        for member in self.members:
            member.socket.close()

"""A client of the native protocol, written from its specification and sharing no code with chatd.

It runs only while a test waits for something: `pump` takes datagrams, acknowledges each at once
and sends again what was lost.
"""

import hashlib
import os
import socket
import struct
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from . import native_wire as wire
from .native_handshake import Handshake, hello, read_hello_answer
from .waiting import PATIENCE_SECONDS

PROBE_SECONDS = 0.2
PACKET_THRESHOLD = 3
PIECE_BYTES = 1_100
INITIAL_CREDIT = {wire.CONTROL: 65_536, wire.TALK: 262_144, wire.OBJECTS: 4_194_304}


def random_int(size):
    return int.from_bytes(os.urandom(size), "big")


class NativeClient:
    """One person's program: its key and its run stay, its sessions come and go.

    `loses` says of a datagram, in either direction, whether it gets lost.
    """

    def __init__(self, address, password=None, static=None, loses=None, offers_aes=True):
        self.address = address
        self.offers_aes = offers_aes
        self.password = password
        self.static = static or os.urandom(32)
        self.loses = loses or (lambda datagram: False)
        self.run = random_int(8)
        self.said = self.offered = 0
        self.socket = self._open_socket()
        self.sent_datagrams, self.heard_datagrams = [], []

    def _open_socket(self):
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        opened.connect(self.address)
        return opened

    def close(self):
        self.socket.close()

    def roam(self):
        """Goes on from another port."""
        self.socket.close()
        self.socket = self._open_socket()

    # Datagrams

    def send_datagram(self, datagram):
        if not self.loses(datagram):
            self.sent_datagrams.append(datagram)
            self.socket.send(datagram)

    def receive_datagram(self, seconds):
        """The next datagram, or None."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            datagram = self.socket.recv(65_536)
        except (socket.timeout, ConnectionRefusedError):
            return None
        if self.loses(datagram):
            return None
        self.heard_datagrams.append(datagram)
        return datagram

    # Before there is a session

    def ask(self):
        """Says Hello until it is answered."""
        nonce = random_int(8)
        return self._repeat(
            hello(nonce), lambda datagram: read_hello_answer(datagram, nonce), "HelloAnswer")

    def connect(self, key=None):
        """Makes a session; `key` is the server's, where it is known."""
        self.answer = self.ask()
        assert key in (None, self.answer.key), "another server"
        self.handshake = Handshake(self.answer, self.static, self.password, self.offers_aes)
        self._repeat(self.handshake.init, self.handshake.read_answer, "Accept")
        self._start_session()
        return self

    def _repeat(self, datagram, read, what):
        pause = 0.25
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            self.send_datagram(datagram)
            again = time.monotonic() + pause
            while (left := again - time.monotonic()) > 0:
                heard = self.receive_datagram(left)
                found = heard and read(heard)
                if found:
                    return found
            pause *= 2
        raise AssertionError(f"no {what} from {self.address}")

    def _start_session(self):
        self.next_number = 0
        self.sending_phase = self.receiving_phase = 0
        self.phase_greatest = -1
        self.unacknowledged = {}
        self.received = set()
        self.offsets = {wire.CONTROL: 0, wire.TALK: 0}
        self.object_bytes_sent = 0
        self.limits = dict(INITIAL_CREDIT)
        self.granted = dict(INITIAL_CREDIT)
        self.streams = {wire.CONTROL: wire.IncomingStream(), wire.TALK: wire.IncomingStream()}
        self.next_side = wire.FIRST_SIDE
        self.room_events = {}
        self.shown, self.parts, self.pictures, self.object_bytes = {}, {}, {}, 0
        self.control, self.events = [], []
        self.closed = None
        self.was_reset = False
        self.probe_at = None

    # Packets

    def send_frames(self, *frames, repeat=None):
        """Sends frames in one packet; those of `repeat` again when it is lost."""
        number, self.next_number = self.next_number, self.next_number + 1
        header = struct.pack(
            ">BIQ", wire.DATA | self.sending_phase & 1, self.handshake.server_id, number)
        sealed = self.handshake.sending.seal(
            self.sending_phase, number, b"".join(frames), header)
        repeat = frames if repeat is None else repeat
        if repeat:
            self.unacknowledged[number] = (time.monotonic(), repeat)
        self.send_datagram(header + sealed)

    def update_key(self):
        """Goes to the next key phase."""
        self.sending_phase += 1

    def _open_packet(self, datagram):
        """The number, the sealed frames and what stands behind them, or None."""
        kind, receiver, number = struct.unpack(">BIQ", datagram[:13])
        if receiver != self.handshake.id or number in self.received:
            return None
        end, header = len(datagram), 13
        if kind >= wire.DATA_WITH_PIECE:
            header, end = 15, 15 + struct.unpack(">H", datagram[13:15])[0]
        phase = self.receiving_phase
        if kind & 1 != phase & 1:
            phase += 1 if number > self.phase_greatest else -1
        if phase < 0:
            return None
        frames = self.handshake.receiving.open(
            phase, number, datagram[header:end], datagram[:header])
        if frames is None:
            return None
        if phase >= self.receiving_phase:
            self.receiving_phase, self.phase_greatest = phase, max(number, self.phase_greatest)
        return number, wire.read_frames(frames), datagram[end:]

    def _take(self, datagram):
        if datagram[0] == wire.RESET:
            its = datagram[1:5] == struct.pack(">I", self.handshake.server_id)
            self.was_reset |= its and datagram[5:] == self.handshake.reset_token
        if not wire.DATA <= datagram[0] <= wire.DATA_WITH_PIECE + 1:
            return
        if (packet := self._open_packet(datagram)) is None:
            return
        number, frames, piece = packet
        shared = next((frame for frame in frames if frame.type == wire.SHARED), None)
        # A piece that cannot be used makes the whole packet not received.
        if shared and not self._take_piece(*shared.fields, piece):
            return
        self.received.add(number)
        for frame in frames:
            self._take_frame(frame)
        if any(frame.type not in wire.NOT_ELICITING for frame in frames) and not self.closed:
            self.send_frames(wire.ack_frame(self.received), repeat=())

    def _take_frame(self, frame):
        fields = frame.fields
        if frame.type == wire.ACK:
            self._acknowledge(*fields[0])
        elif frame.type == wire.STREAM:
            channel, offset, data = fields
            if self._is_open(channel):
                assert offset + len(data) <= self.granted[channel], "beyond the credit"
                self._take_messages(channel, self.streams[channel].add(offset, data))
        elif frame.type == wire.SKIP:
            if self._is_open(fields[0]):
                self._take_messages(fields[0], self.streams[fields[0]].skip(fields[1]))
        elif frame.type == wire.OBJECT:
            self._take_part(*fields)
        elif frame.type == wire.CREDIT:
            self.limits[fields[0]] = max(fields[1], self.limits[fields[0]])
        elif frame.type == wire.PATH_CHALLENGE:
            self.send_frames(bytes([wire.PATH_RESPONSE]) + fields[0])
        elif frame.type == wire.CLOSE:
            self.closed = fields

    def _acknowledge(self, *ranges):
        for low, high in ranges:
            assert high < self.next_number, "a packet that was not sent"
            for number in [n for n in self.unacknowledged if low <= n <= high]:
                del self.unacknowledged[number]
        lost = [n for n in self.unacknowledged if n + PACKET_THRESHOLD <= ranges[0][1]]
        self._send_again(lost)

    def _send_again(self, numbers):
        for number in numbers:
            self.send_frames(*self.unacknowledged.pop(number)[1])

    def _probe(self):
        """Sends again what has waited for too long."""
        late = time.monotonic() - PROBE_SECONDS
        self._send_again([n for n, (sent, _) in self.unacknowledged.items() if sent < late])

    # Channels and pictures

    def _is_open(self, channel):
        """Whether it is listened to; of a room that was left, something may be under way."""
        assert channel < self.next_side and channel != 3, "a channel that nobody asked for"
        return channel in self.streams

    def _take_messages(self, channel, messages):
        lists = {wire.CONTROL: self.control, wire.TALK: self.events}
        for message in messages:
            lists.get(channel, self.room_events.get(channel)).append(message)
            if message.type == wire.SHOWED:
                self.shown[message.object] = message
        self._grant(channel, self.streams[channel].offset)

    def _grant(self, channel, used):
        window = INITIAL_CREDIT.get(channel, INITIAL_CREDIT[wire.TALK])
        if self.granted[channel] - used < window // 2:
            self.granted[channel] = used + window
            self.send_frames(wire.credit_frame(channel, self.granted[channel]))

    def _take_piece(self, number, size, index, length, piece):
        """Opens a shared piece; False where it cannot be."""
        shown = self.shown.get(number)
        if not shown or length != len(piece):
            return False
        try:
            data = ChaCha20Poly1305(shown.key).decrypt(struct.pack(">IQ", size, index), piece, b"")
        except InvalidTag:
            return False
        self._take_part(number, size * index, data)
        return True

    def _take_part(self, number, offset, data):
        shown = self.shown.get(number)
        assert shown, "a part of a picture that was not shown"
        # Parts may overlap: what was lost is sent again in pieces of whatever size fits then.
        whole, missing = self.parts.setdefault(
            number, (bytearray(shown.length), bytearray(b"\1" * shown.length)))
        end = offset + len(data)
        assert end <= shown.length, "a part beyond the end"
        self.object_bytes += missing.count(1, offset, end)
        whole[offset:end], missing[offset:end] = data, bytes(len(data))
        self._grant(wire.OBJECTS, self.object_bytes)
        if 1 not in missing and number not in self.pictures:
            assert hashlib.blake2b(whole, digest_size=32).digest() == shown.hash
            self.pictures[number] = bytes(whole)

    def send_message(self, channel, message):
        offset = self.offsets[channel]
        for start in range(0, len(message), PIECE_BYTES):
            piece = message[start:start + PIECE_BYTES]
            assert offset + len(piece) <= self.limits[channel], "no credit"
            self.send_frames(wire.stream_frame(channel, offset, piece))
            offset += len(piece)
        self.offsets[channel] = offset

    # Talk

    def pump(self, condition, what, seconds=PATIENCE_SECONDS):
        """Runs until `condition()` is true, and returns it."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}")
            datagram = self.receive_datagram(0.02)
            if datagram:
                self._take(datagram)
            self._probe()
        return value

    def settle(self):
        """Until all that was sent is acknowledged."""
        self.pump(lambda: not self.unacknowledged, "acknowledgements")
        return self

    def _controlled(self, *kinds):
        return next((item for item in self.control if item.type in kinds), None)

    def join(self, name, log=0, last=0, may_be_numbered=True):
        """Joins; returns WELCOME, or REFUSED."""
        self.control = [m for m in self.control if m.type not in (wire.WELCOME, wire.REFUSED)]
        self.send_message(
            wire.CONTROL, wire.join_message(name, self.run, log, last, may_be_numbered))
        return self.pump(lambda: self._controlled(wire.WELCOME, wire.REFUSED), "WELCOME")

    def say(self, text, number=None, channel=wire.TALK, kind=wire.TEXT):
        """Returns the number under which it was said."""
        self.said = number or self.said + 1
        self.send_message(wire.TALK, wire.say_message(self.said, text, channel, kind))
        return self.said

    def enter(self, room, last=None):
        """Asks to be let into a room; returns ENTERED, or NOT_ENTERED."""
        channel, self.next_side = self.next_side, self.next_side + 1
        self.granted[channel] = INITIAL_CREDIT[wire.TALK]
        self.streams[channel] = wire.IncomingStream()
        self.room_events[channel] = []
        self.send_message(wire.TALK, wire.enter_message(channel, room, last))
        return self.pump(
            lambda: self._of_channel(channel, wire.ENTERED, wire.NOT_ENTERED), "ENTERED")

    def part(self, channel):
        """Leaves a room."""
        self.send_message(wire.TALK, wire.part_message(channel))
        self.pump(lambda: self._of_channel(channel, wire.PARTED), "PARTED")
        del self.streams[channel]

    def _of_channel(self, channel, *kinds):
        return next((item for item in self.control
                     if item.type in kinds and item.channel == channel), None)

    def offer(self, picture, channel=wire.TALK):
        """Offers a picture; returns its number. It is sent when the server wants it."""
        self.offered += 1
        digest = hashlib.blake2b(picture, digest_size=32).digest()
        self.send_message(
            wire.CONTROL,
            wire.offer_message(self.offered, self.offered, len(picture), digest, channel))
        return self.offered

    def show(self, picture, channel=wire.TALK):
        """Offers a picture, sends it, and returns its receipt."""
        number = self.offer(picture, channel)
        self.pump(lambda: self._is_wanted(number) or self._receipt(1, number), "WANT")
        if self._is_wanted(number):
            for start in range(0, len(picture), PIECE_BYTES):
                self.send_frames(
                    wire.object_frame(number, start, picture[start:start + PIECE_BYTES]))
        return self.receipt(1, number)

    def _is_wanted(self, number):
        return any(m.type == wire.WANT and m.number == number for m in self.control)

    def _receipt(self, kind, number):
        return next((m for m in self.control if m.type == wire.RECEIPT
                     and (m.kind, m.number) == (kind, number)), None)

    def receipt(self, kind, number):
        return self.pump(lambda: self._receipt(kind, number), f"RECEIPT {kind} {number}")

    def wait_for_event(self, kind, channel=wire.TALK, **fields):
        """The first event of a room of this type with these fields."""
        events = self.events if channel == wire.TALK else self.room_events[channel]

        def find():
            return next((event for event in events if event.type == kind and all(
                event.fields.get(key) == value for key, value in fields.items())), None)

        return self.pump(find, f"event {kind:#x} with {fields}")

    def leave(self):
        self.send_message(wire.CONTROL, wire.message(wire.LEAVE, b""))
        self.settle()
        self.send_frames(wire.close_frame(0), repeat=())

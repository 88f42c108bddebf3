"""The native protocol's bytes: integers, frames and messages, as its specification has them."""

import struct
from dataclasses import dataclass, field

VERSION = 1
HELLO, HELLO_ANSWER, INIT, ACCEPT, REFUSAL, RESET = 0x80, 0x81, 0x82, 0x83, 0x84, 0x8A
DATA, DATA_WITH_PIECE = 0x86, 0x88

PADDING, PING, ACK, ACK_NOW, STREAM, OBJECT, SHARED, CREDIT, SKIP = range(9)
PATH_CHALLENGE, PATH_RESPONSE, CLOSE = 0x09, 0x0A, 0x0B
NOT_ELICITING = {PADDING, ACK, CLOSE}

CONTROL, TALK, OBJECTS = 0, 1, 2
FIRST_SIDE = 4
JOIN, LEAVE, OFFER, SAY, ENTER, PART = 0x01, 0x02, 0x03, 0x10, 0x11, 0x12
WELCOME, REFUSED, RECEIPT, WANT, PRESENT = range(0x20, 0x25)
ENTERED, NOT_ENTERED, PARTED = range(0x27, 0x2A)
JOINED, LEFT, SAID, SHOWED, DID, TOPIC = range(0x30, 0x36)
TEXT, ACTION, NEW_TOPIC = range(3)


def varint(value):
    """RFC 9000 §16, in as few bytes as can be."""
    for prefix, size in enumerate((1, 2, 4, 8)):
        if value < 1 << (8 * size - 2):
            return (value | prefix << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(value)


def vbytes(value):
    value = value.encode() if isinstance(value, str) else value
    return varint(len(value)) + value


class Reader:
    """Takes fields from the front of bytes; IndexError where there are not enough."""

    def __init__(self, data):
        self.data = bytes(data)

    def bytes(self, count):
        if count > len(self.data):
            raise IndexError(f"{count} bytes of {len(self.data)}")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def uint(self, size):
        return int.from_bytes(self.bytes(size), "big")

    def varint(self):
        if not self.data:
            raise IndexError("no varint")
        size = 1 << (self.data[0] >> 6)
        return self.uint(size) & (1 << (8 * size - 2)) - 1

    def vbytes(self):
        return self.bytes(self.varint())

    def vtext(self):
        return self.vbytes().decode()

    def rest(self):
        return self.bytes(len(self.data))


# Frames


@dataclass
class Frame:
    """A frame's type and its fields, in the order in which they stand."""

    type: int
    fields: tuple = ()


def _read_ack(reader):
    largest, delay, count, first = (reader.varint() for _ in range(4))
    low = largest - first
    ranges = [(low, largest)]
    for _ in range(count):
        gap, length = reader.varint(), reader.varint()
        high = low - gap - 2
        low = high - length
        ranges.append((low, high))
    assert low >= 0, "a range below zero"
    return ranges, delay


def read_frames(data):
    """All frames of a packet's sealed part."""
    reader, frames = Reader(data), []
    while reader.data:
        kind = reader.uint(1)
        if kind in (PADDING, PING, ACK_NOW):
            fields = ()
        elif kind == ACK:
            fields = _read_ack(reader)
        elif kind == STREAM:
            fields = (reader.varint(), reader.varint(), reader.vbytes())
        elif kind == OBJECT:
            fields = (reader.varint(), reader.varint(), reader.vbytes())
        elif kind == SHARED:
            fields = tuple(reader.varint() for _ in range(4))
            assert not reader.data, "a frame behind SHARED"
        elif kind in (CREDIT, SKIP):
            fields = (reader.varint(), reader.varint())
        elif kind in (PATH_CHALLENGE, PATH_RESPONSE):
            fields = (reader.bytes(8),)
        elif kind == CLOSE:
            fields = (reader.varint(), reader.vtext())
        else:
            raise AssertionError(f"frame type {kind:#x}")
        frames.append(Frame(kind, fields))
    return frames


def ack_frame(numbers):
    """Acknowledges a set of packet numbers, the greatest ranges first."""
    ranges = []
    for number in sorted(numbers, reverse=True):
        if ranges and ranges[-1][0] == number + 1:
            ranges[-1][0] = number
        else:
            ranges.append([number, number])
    ranges = ranges[:33]
    (low, largest), others = ranges[0], ranges[1:]
    data = bytes([ACK]) + varint(largest) + varint(0) + varint(len(others)) + varint(largest - low)
    for next_low, next_high in others:
        data += varint(low - next_high - 2) + varint(next_high - next_low)
        low = next_low
    return data


def stream_frame(channel, offset, data):
    return bytes([STREAM]) + varint(channel) + varint(offset) + vbytes(data)


def object_frame(number, offset, data):
    return bytes([OBJECT]) + varint(number) + varint(offset) + vbytes(data)


def credit_frame(channel, limit):
    return bytes([CREDIT]) + varint(channel) + varint(limit)


def close_frame(reason, text=""):
    return bytes([CLOSE]) + varint(reason) + vbytes(text)


# Messages


def message(kind, body):
    return varint(1 + len(body)) + bytes([kind]) + body


def join_message(name, run, log=0, last=0, may_be_numbered=True):
    body = struct.pack(">BQ", int(may_be_numbered), run) + vbytes(name)
    return message(JOIN, body + struct.pack(">Q", log) + varint(last))


def say_message(number, text, channel=TALK, kind=TEXT):
    return message(SAY, varint(number) + varint(channel) + bytes([kind]) + text.encode())


def offer_message(number, picture, length, digest, channel=TALK):
    return message(OFFER, varint(number) + varint(picture) + b"\0" + varint(length) + digest
                   + varint(channel))


def enter_message(channel, room, last=None):
    flags = 0 if last is None else 1
    return message(ENTER, varint(channel) + vbytes(room) + bytes([flags]) + varint(last or 0))


def part_message(channel):
    return message(PART, varint(channel))


@dataclass
class Message:
    """A message of the server: its type, and its fields by name."""

    type: int
    fields: dict = field(default_factory=dict)

    def __getattr__(self, name):
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None


def _event(reader, kind):
    fields = {"seq": reader.varint(), "member": reader.varint()}
    if kind == JOINED:
        fields["name"] = reader.vtext()
    elif kind == LEFT:
        fields["reason"] = reader.uint(1)
    else:
        fields |= {"number": reader.varint(), "time": reader.varint(), "run": reader.uint(8),
                   "own": reader.varint()}
    if kind in (SAID, DID, TOPIC):
        fields["text"] = reader.rest().decode()
    if kind == SHOWED:
        fields |= {"object": reader.varint(), "length": reader.varint(), "width": reader.uint(2),
                   "height": reader.uint(2), "key": reader.bytes(32), "hash": reader.bytes(32)}
    return fields


def _welcome(reader):
    fields = {"name": reader.vtext(), "member": reader.varint(), "log": reader.uint(8),
              "flags": reader.uint(1)}
    for name in ("next", "said", "shown", "message_bytes_max", "picture_bytes_max"):
        fields[name] = reader.varint()
    return fields | {"server": reader.vtext(), "next_number": reader.varint(),
                     "topic": reader.vtext()}


def _entered(reader):
    return {"channel": reader.varint(), "flags": reader.uint(1), "next": reader.varint(),
            "next_number": reader.varint(), "topic": reader.vtext()}


def read_message(data):
    """A message without its length."""
    reader = Reader(data)
    kind = reader.uint(1)
    if kind == WELCOME:
        fields = _welcome(reader)
    elif kind == REFUSED:
        fields = {"reason": reader.uint(1), "words": reader.vtext()}
    elif kind == RECEIPT:
        fields = {"kind": reader.uint(1), "number": reader.varint(), "status": reader.uint(1),
                  "words": reader.vtext()}
    elif kind == WANT:
        fields = {"number": reader.varint()}
    elif kind == PRESENT:
        count = reader.varint()
        fields = {"members": [(reader.varint(), reader.vtext()) for _ in range(count)]}
    elif kind == ENTERED:
        fields = _entered(reader)
    elif kind == NOT_ENTERED:
        fields = {"channel": reader.varint(), "words": reader.vtext()}
    elif kind == PARTED:
        fields = {"channel": reader.varint()}
    elif JOINED <= kind <= TOPIC:
        fields = _event(reader, kind)
    else:
        raise AssertionError(f"message type {kind:#x}")
    assert not reader.data, f"{len(reader.data)} bytes behind message {kind:#x}"
    return Message(kind, fields)


class IncomingStream:
    """Puts the bytes of a channel in order and takes its messages out."""

    def __init__(self):
        self.pieces = {}
        self.offset = 0
        self.waiting = b""

    def add(self, offset, data):
        """Returns the messages that are whole now."""
        if offset + len(data) > self.offset:
            self.pieces[offset] = max(self.pieces.get(offset, b""), data, key=len)
        while self.pieces and (start := min(self.pieces)) <= self.offset:
            piece = self.pieces.pop(start)[self.offset - start:]
            self.offset += len(piece)
            self.waiting += piece
        return self._messages()

    def skip(self, offset):
        """Nothing below `offset` will come; a message that has begun is gone."""
        if offset > self.offset:
            self.offset, self.waiting = offset, b""
            self.pieces = {o: p for o, p in self.pieces.items() if o >= offset}
            return self.add(offset, b"")
        return []

    def _messages(self):
        messages = []
        while self.waiting:
            reader = Reader(self.waiting)
            try:
                body = reader.vbytes()
            except IndexError:
                break
            messages.append(read_message(body))
            self.waiting = reader.data
        return messages

"""Pictures for tests: made here, so that nothing needs to be fetched."""

import io
import random
import struct
import zlib

import pytest


def _gradient_row(y, width, height, noise):
    row = bytearray()
    for x in range(width):
        red = 255 * x // width
        green = 255 * y // height
        blue = 128 + (127 if (x // 40 + y // 40) % 2 else -100)
        row += bytes(max(0, min(255, value + noise.randrange(-12, 13)))
                     for value in (red, green, blue))
    return bytes(row)


def photo_pixels(width, height):
    """A scene of slopes, edges and grain: RGB bytes, the same every time."""
    noise = random.Random(7)
    tile = [_gradient_row(y, width, height, noise) for y in range(height)]
    return b"".join(tile)


def png(width, height, pixels=None, bits=8):
    """A PNG in RGB of so many bits a sample."""
    pixels = pixels or photo_pixels(width, height)
    stride = width * 3 * bits // 8
    rows = b"".join(b"\0" + pixels[y * stride:(y + 1) * stride] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
            + _chunk(b"IDAT", zlib.compress(rows, 6)) + _chunk(b"IEND", b""))


def png_bomb(width=60_000, height=60_000):
    """A PNG of few bytes that claims to be huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
            + _chunk(b"IDAT", zlib.compress(bytes(1 << 20), 9)) + _chunk(b"IEND", b""))


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(
        ">I", zlib.crc32(kind + body))


def jpeg_photo(width, height, quality=85, **options):
    """A JPEG as a camera would make it; needs Pillow."""
    image = pytest.importorskip("PIL.Image", reason="needs Pillow to make a photograph")
    scene = image.frombytes("RGB", (320, 240), photo_pixels(320, 240))
    scene = scene.resize((width, height), image.BICUBIC)
    output = io.BytesIO()
    scene.convert(options.pop("mode", "RGB")).save(output, "JPEG", quality=quality, **options)
    return output.getvalue()


def _segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_shell(width=640, height=480, components=3, marker=0xC0, body=b"", pads=True):
    """The headers of a JPEG around bytes that are no picture: enough for who reads headers only.

    The body is padded to what so many pixels take at least, a bit for each block, so that it is
    no obvious fraud; at most to what a datagram holds.
    """
    blocks = -(-width // 8) * -(-height // 8) * components
    if pads:
        body += b"\x12\x34" * ((min(blocks // 8, 60_000) - len(body)) // 2 + 25)
    planes = b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    frame = struct.pack(">BHHB", 8, height, width, components) + planes
    scan = bytes([components]) + b"".join(
        bytes([number + 1, 0]) for number in range(components)) + b"\0\x3f\0"
    return (b"\xff\xd8" + _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
            + _segment(0xDB, b"\0" + b"\x10" * 64) + _segment(marker, frame)
            + _segment(0xC4, b"\0" + b"\1" + bytes(15) + b"\0") + _segment(0xDA, scan)
            + body + b"\xff\xd9")


def jpeg_size(jpeg):
    """Width and height as the frame header has them."""
    position = 2
    while True:
        marker, length = jpeg[position + 1], struct.unpack_from(">H", jpeg, position + 2)[0]
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack_from(">HH", jpeg, position + 5)
            return width, height
        assert marker != 0xDA, "no frame before the scan"
        position += 2 + length

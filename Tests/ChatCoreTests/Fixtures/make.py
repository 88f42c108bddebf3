#!/usr/bin/python3
"""Makes the pictures beside it that the tests cannot write themselves.

Needs Debian's python3-pil, imagemagick and libheif-examples. Every picture shows four quarters:
red, green, blue and yellow, from the top left by rows.
"""
import os
import struct
import subprocess

from PIL import Image, ImageChops

HERE = os.path.dirname(os.path.abspath(__file__))


def quarters(width, height, mode="RGB"):
    picture = Image.new("RGB", (width, height))
    colours = [(220, 40, 40), (40, 200, 40), (40, 40, 220), (230, 220, 40)]
    for index, colour in enumerate(colours):
        left, top = index % 2 * (width // 2), index // 2 * (height // 2)
        right = width if index % 2 else width // 2
        bottom = height if index // 2 else height // 2
        picture.paste(colour, (left, top, right, bottom))
    return picture.convert(mode)


def with_orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def transparent(width, height):
    """The upper half opaque, the lower half wholly transparent black."""
    picture = quarters(width, height, "RGBA")
    picture.paste((0, 0, 0, 0), (0, height // 2, width, height))
    return picture


def save(picture, name, **options):
    picture.save(os.path.join(HERE, name), **options)


def plain_cmyk(name):
    """CMYK stored as ink, 255 for all of it, without Adobe's marker. Pillow writes light."""
    save(ImageChops.invert(quarters(160, 120, "CMYK")), name, quality=90)
    path = os.path.join(HERE, name)
    with open(path, "rb") as file:
        data = file.read()
    start = data.index(b"\xff\xee")
    length = struct.unpack_from(">H", data, start + 2)[0]
    with open(path, "wb") as file:
        file.write(data[:start] + data[start + 2 + length:])


def add_property(path, box):
    """Adds a property box to the first item of a HEIC, such as heif-enc does not write."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    shift = len(box) + 1

    def grow(kind, by):
        at = data.index(kind) - 4
        size = struct.unpack_from(">I", data, at)[0]
        struct.pack_into(">I", data, at, size + by)
        return at + size

    grow(b"meta", shift)
    grow(b"iprp", shift)
    ipco = data.index(b"ipco") - 4
    ipco_size = struct.unpack_from(">I", data, ipco)[0]
    properties = 0
    at = ipco + 8
    while at < ipco + ipco_size:
        at += struct.unpack_from(">I", data, at)[0]
        properties += 1
    # ipma: version and flags, number of items, the item's number, its number of properties.
    grow(b"ipma", 1)
    count_at = data.index(b"ipma") + 4 + 4 + 4 + 2
    count = data[count_at]
    data[count_at] += 1
    data.insert(count_at + 1 + count, 0x80 | (properties + 1))
    end = grow(b"ipco", len(box))
    data[end:end] = box
    # iloc: every item lies behind all this, and moves.
    iloc = data.index(b"iloc") + 4
    assert data[iloc] == 0 and data[iloc + 4] == 0x44 and data[iloc + 5] == 0x40
    at = iloc + 8
    for _ in range(struct.unpack_from(">H", data, iloc + 6)[0]):
        base, extents = struct.unpack_from(">IH", data, at + 4)
        struct.pack_into(">I", data, at + 4, base + shift)
        at += 10 + 8 * extents
    with open(path, "wb") as file:
        file.write(data)


def main():
    save(quarters(160, 120, "CMYK"), "cmyk-adobe.jpg", quality=90)
    plain_cmyk("cmyk-plain.jpg")
    save(quarters(160, 120), "source.png")
    subprocess.run(
        ["convert", os.path.join(HERE, "source.png"), "-sampling-factor", "3x1", "-quality", "90",
         os.path.join(HERE, "unusual.jpg")], check=True)
    save(quarters(160, 120), "lossy.webp", quality=90)
    save(quarters(160, 120), "lossless.webp", lossless=True)
    save(transparent(160, 120), "alpha-lossy.webp", quality=90)
    save(transparent(160, 120), "alpha-lossless.webp", lossless=True)
    save(quarters(160, 120), "turned.webp", quality=90, exif=with_orientation(6))
    save(quarters(4000, 3000), "large.webp", quality=80)
    frames = [quarters(160, 120), quarters(160, 120).rotate(180)]
    save(frames[0], "animated.webp", save_all=True, append_images=frames[1:], duration=100)

    save(quarters(160, 120), "source.png")
    save(transparent(160, 120), "alpha.png")
    save(quarters(160, 120), "turned.jpg", quality=95, exif=with_orientation(6))
    subprocess.run(
        ["convert", os.path.join(HERE, "source.png"), "-depth", "16",
         "PNG48:" + os.path.join(HERE, "deep.png")], check=True)
    for source, target, options in [
        ("source.png", "upright.heic", []), ("alpha.png", "alpha.heic", []),
        ("turned.jpg", "turned.heic", []), ("source.png", "limited.heic", []),
        ("source.png", "full-chroma.heic", ["-p", "chroma=444"]),
        ("deep.png", "ten-bits.heic", ["-b", "10"]),
    ]:
        subprocess.run(
            ["heif-enc", "-q", "90", *options, os.path.join(HERE, source), "-o",
             os.path.join(HERE, target)], check=True, stdout=subprocess.DEVNULL)
    for source in ("source.png", "alpha.png", "turned.jpg", "deep.png"):
        os.remove(os.path.join(HERE, source))
    # Three quarters anticlockwise; limited range by BT.709.
    add_property(os.path.join(HERE, "turned.heic"), struct.pack(">I4sB", 9, b"irot", 3))
    limited = struct.pack(">I4s4sHHHB", 19, b"colr", b"nclx", 1, 1, 1, 0)
    add_property(os.path.join(HERE, "limited.heic"), limited)


main()

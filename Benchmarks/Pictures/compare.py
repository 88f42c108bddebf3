#!/usr/bin/python3
"""Compares picture-bench with Pillow and with vipsthumbnail on one machine, in one run.

For every photo three things are measured, alternating so that a slow moment hits all of them:
  CPU of one picture, start-up not counted: PictureFitter against Pillow's convert, thumbnail and
  save, first in a fresh process, which is how a picture is sent, then once more in the same;
  CPU of a whole process: picture-bench against vipsthumbnail;
  luma PSNR of the resulting JPEG against a full decode that Pillow resizes with Lanczos.
An A/A run of picture-bench against itself says how much of a difference is noise.

Needs python3-pil and libvips-tools; photos come from mate-backgrounds unless they are named.
Exit status 1 if something fails; with --assert also if a target is missed.
"""
import argparse
import io
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

from PIL import Image, ImageMath

FOLDER = "/usr/share/backgrounds/mate"
BOX = (640, 480)
QUALITY = 50
PSNR_LOSS_MAX = 0.1
PILLOW_SHARE_MAX = 1 / 3


def default_photos(folder):
    """Real photos as they are, and baseline and progressive versions of one each of 18, 5, 2 MP.

    The largest come as progressive files of 4 bits and more a pixel, whose decoding no scale makes
    cheaper: the versions are saved as cameras save, at quality 90 in 4:2:0.
    """
    photos = []
    for part in ("abstract", "nature"):
        base = os.path.join(FOLDER, part)
        photos += sorted(
            os.path.join(base, name) for name in os.listdir(base) if name.endswith(".jpg"))
    largest = os.path.join(FOLDER, "abstract", "Elephants_5640x3172.jpg")
    sources = [
        ("18mp", largest, None), ("12mp", largest, (4032, 3024)),
        ("5mp", os.path.join(FOLDER, "nature", "Wood.jpg"), None),
        ("2mp", os.path.join(FOLDER, "nature", "Dune.jpg"), None),
    ]
    derived = []
    for name, source, size in sources:
        picture = Image.open(source).convert("RGB")
        if size:
            picture = picture.resize(size, Image.LANCZOS)
        for progressive in (False, True):
            kind = "progressive" if progressive else "baseline"
            path = os.path.join(folder, f"{name}-{kind}.jpg")
            picture.save(path, quality=90, progressive=progressive)
            derived.append(path)
    return derived + photos


def pillow(path, output=None):
    """CPU seconds of Pillow's way, in this process."""
    before = time.process_time()
    picture = Image.open(path).convert("RGB")
    picture.thumbnail(BOX)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    seconds = time.process_time() - before
    if output:
        with open(output, "wb") as file:
            file.write(buffer.getvalue())
    return seconds


def pillow_twice(path):
    """CPU seconds of Pillow's way in a fresh process: the first picture, and the same again."""
    done = subprocess.run(
        [sys.executable, __file__, "--pillow-twice", path], capture_output=True, text=True,
        check=True)
    return json.loads(done.stdout)


def serve_pillow_twice(path):
    """What `pillow_twice` runs: the libraries are loaded before the clock starts."""
    Image.new("RGB", (16, 16)).save(io.BytesIO(), "JPEG")
    print(json.dumps([pillow(path), pillow(path)]))


def whole_process(command):
    """CPU seconds of a whole process, from the kernel's account of that child alone."""
    with open(os.devnull, "wb") as null:
        child = subprocess.Popen(command, stdout=null)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{command[0]} failed with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def ours(bench, path, output=None):
    """CPU seconds of picture-bench in a fresh process: the first picture, and the same again."""
    command = [bench, "--runs", "2", path]
    if output:
        command += ["--output", output]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["seconds"]


def luma(path):
    picture = Image.open(path)
    picture.draft("YCbCr", picture.size)
    if picture.mode != "YCbCr":
        raise RuntimeError(f"{path} is {picture.mode}, not YCbCr")
    return picture.split()[0].convert("F")


def reference(path, size):
    """Full decode, luma as real numbers, one Lanczos step: what both are measured against."""
    red, green, blue = [band.convert("F") for band in Image.open(path).convert("RGB").split()]
    whole = ImageMath.eval(
        "0.299 * r + 0.587 * g + 0.114 * b", r=red, g=green, b=blue)
    return whole.resize(size, Image.LANCZOS)


def psnr(path, source):
    found = luma(path)
    difference = ImageMath.eval(
        "(a - b) * (a - b)", a=found, b=reference(source, found.size))
    mean = difference.resize((1, 1), Image.BOX).getpixel((0, 0))
    return 10 * math.log10(255 * 255 / mean)


def ratios(first, second):
    each = sorted(a / b for a, b in zip(first, second))
    return statistics.median(each), each[0], each[-1]


def measure(bench, path, rounds, folder):
    mine, theirs = os.path.join(folder, "mine.jpg"), os.path.join(folder, "theirs.jpg")
    vips = os.path.join(folder, "vips.jpg")
    ours(bench, path, mine)
    pillow(path, theirs)
    cpu = {name: [] for name in (
        "ours", "ours_warm", "again", "pillow", "pillow_warm", "process", "vips")}
    for _ in range(rounds):
        for name, seconds in (("ours", ours(bench, path)), ("pillow", pillow_twice(path))):
            cpu[name].append(seconds[0])
            cpu[name + "_warm"].append(seconds[1])
        cpu["again"].append(ours(bench, path)[0])
        cpu["process"].append(whole_process([bench, "--output", mine, path]))
        cpu["vips"].append(whole_process(
            ["vipsthumbnail", "-s", f"{BOX[0]}x{BOX[1]}", "-o", f"{vips}[Q={QUALITY}]", path]))
    return {
        "size": Image.open(path).size,
        "milliseconds": {name: 1e3 * statistics.median(all) for name, all in cpu.items()},
        "pillow": ratios(cpu["ours"], cpu["pillow"]),
        "warm": ratios(cpu["ours_warm"], cpu["pillow_warm"]),
        "noise": ratios(cpu["ours"], cpu["again"]),
        "vips": ratios(cpu["process"], cpu["vips"]),
        "psnr": psnr(mine, path), "psnr_pillow": psnr(theirs, path),
        "psnr_vips": psnr(vips, path),
        "bytes": os.path.getsize(mine), "bytes_pillow": os.path.getsize(theirs),
    }


def show(name, row):
    def spread(three):
        return "%.2f (%.2f–%.2f)" % three

    size = "%d×%d" % row["size"]
    ms = row["milliseconds"]
    print(
        f"{name:26} {size:10} {ms['ours']:7.1f} {ms['pillow']:7.1f}  {spread(row['pillow']):18} "
        f"{spread(row['warm']):18} {spread(row['noise']):18} "
        f"{ms['process']:7.1f} {ms['vips']:7.1f}  "
        f"{spread(row['vips']):18} {row['psnr']:6.2f} {row['psnr_pillow']:6.2f} "
        f"{row['psnr'] - row['psnr_pillow']:+5.2f} {row['psnr_vips']:6.2f} "
        f"{row['bytes'] / 1e3:4.0f} {row['bytes_pillow'] / 1e3:4.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", default=".build/release/picture-bench")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--assert", dest="strict", action="store_true")
    parser.add_argument("--pillow-twice", metavar="PHOTO", help=argparse.SUPPRESS)
    parser.add_argument("photos", nargs="*")
    options = parser.parse_args()
    if options.pillow_twice:
        return serve_pillow_twice(options.pillow_twice)
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        print(
            f"{'':26} {'':10} {'CPU of one picture, ms':^73} "
            f"{'CPU of a whole process, ms':^35} {'luma PSNR, dB':^27} {'kB':^9}")
        print(
            f"{'photo':26} {'size':10} {'ours':>7} {'Pillow':>7}  {'ours/Pillow':18} "
            f"{'the same again':18} {'noise (ours/ours)':18} {'ours':>7} {'vips':>7}  "
            f"{'ours/vips':18} {'ours':>6} "
            f"{'Pillow':>6} {'diff.':>5} {'vips':>6} {'ours':>4} {'Pil.':>4}")
        for path in options.photos or default_photos(folder):
            name = os.path.basename(path)
            row = measure(options.bench, path, options.rounds, folder)
            show(name, row)
            if row["pillow"][0] > PILLOW_SHARE_MAX:
                missed.append(f"{name}: {row['pillow'][0]:.2f} of Pillow's CPU, not 1/3")
            if row["vips"][0] >= 1:
                missed.append(f"{name}: {row['vips'][0]:.2f} of vipsthumbnail's CPU")
            if row["psnr"] < row["psnr_pillow"] - PSNR_LOSS_MAX:
                missed.append(f"{name}: {row['psnr'] - row['psnr_pillow']:+.2f} dB")
    for line in missed:
        print("missed:", line)
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())

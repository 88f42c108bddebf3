"""`chatd send-image`: any picture, made to fit one datagram."""

import io
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

import pytest

from support.clients import hush
from support.pictures import jpeg_photo, jpeg_shell, jpeg_size, png, png_bomb
from support.program import chatd_path, environment, one_line, run_chatd, start_chatd

BYTES_MAX = 65_457
PHOTOGRAPHS = sorted(pathlib.Path("/usr/share/backgrounds/mate").rglob("*.jpg"))


def send_image(server, *words, name="Script", **options):
    return run_chatd("send-image", "--server", server.target, "--name", name, *words, **options)


def shown(client, name="Script"):
    """The only picture that `name` showed between its join and its leave."""
    seen = client.received()
    assert len(seen) == 3, [datagram[:40] for datagram in seen]
    assert seen[0] == f"{name} has joined the chat.".encode()
    assert seen[2] == f"{name} has left the chat.".encode()
    prefix = f"IMG:{name}:".encode()
    assert seen[1].startswith(prefix) and len(seen[1]) <= 65_507
    return seen[1][len(prefix):]


def decoded(jpeg):
    image = pytest.importorskip("PIL.Image", reason="needs Pillow to look at the result")
    picture = image.open(io.BytesIO(jpeg))
    picture.load()
    return picture


@pytest.fixture(name="photo", scope="module")
def make_photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    path.write_bytes(jpeg_photo(4_000, 3_000, quality=90))
    return path


def test_a_photograph_of_12_megapixels_arrives_fitted_and_it_says_what_it_did(serve, photo):
    server = serve()
    watcher, bo = server.a("Watcher"), server.b("Bo")
    hush(watcher)
    result = send_image(server, "--path", photo)
    assert result.returncode == 0 and result.stdout == b""
    line = one_line(result.stderr)
    assert re.fullmatch(r"photo\.jpg 4000×3000 [\d.]+ [kM]B → 640×480 [\d.]+ kB", line), line
    jpeg = shown(watcher)
    assert len(jpeg) <= BYTES_MAX
    assert jpeg_size(jpeg) == (640, 480)
    picture = decoded(jpeg)
    assert (picture.mode, picture.size, picture.format) == ("RGB", (640, 480), "JPEG")
    assert bo.received()[1] == b"Script sent an image."


@pytest.mark.parametrize("path", PHOTOGRAPHS or [None], ids=lambda path: path and path.stem)
def test_a_real_photograph_arrives_fitted(serve, path):
    if path is None:
        pytest.skip("the package mate-backgrounds is not installed")
    server = serve()
    watcher = server.a("Watcher")
    result = send_image(server, "--path", path)
    assert result.returncode == 0, result.stderr
    width, height = decoded(shown(watcher)).size
    assert width <= 640 and height <= 480 and (width == 640 or height == 480)


def test_a_picture_smaller_than_the_box_is_never_enlarged(serve, tmp_path):
    server = serve()
    watcher = server.a("Watcher")
    (tmp_path / "small.png").write_bytes(png(100, 50))
    assert send_image(server, "--path", tmp_path / "small.png").returncode == 0
    assert jpeg_size(shown(watcher)) == (100, 50)


@pytest.mark.parametrize("box, size", [("320x240", (320, 240)), ("100x1000", (100, 75)),
                                       ("1x1", (1, 1))])
def test_max_size_is_the_box(serve, photo, box, size):
    server = serve()
    watcher = server.a("Watcher")
    assert send_image(server, "--path", photo, "--max-size", box).returncode == 0
    assert jpeg_size(shown(watcher)) == size


def test_a_lower_quality_takes_fewer_bytes(serve, photo):
    server = serve()
    watcher = server.a("Watcher")
    sizes = []
    for quality in ("20", "50", "70"):
        assert send_image(server, "--path", photo, "--quality", quality).returncode == 0
        sizes.append(len(shown(watcher)))
    assert sizes[0] < sizes[1] < sizes[2]


def test_what_would_not_fit_is_lowered_in_quality_then_in_size_and_it_says_so(serve, tmp_path):
    server = serve()
    watcher = server.a("Watcher")
    noise = random.Random(1).randbytes(1_200 * 900 * 3)
    (tmp_path / "noise.png").write_bytes(png(1_200, 900, noise))
    result = send_image(
        server, "--path", tmp_path / "noise.png", "--max-size", "1200x900", "--quality", "95")
    assert result.returncode == 0
    line = one_line(result.stderr)
    assert "quality lowered to" in line and "smaller" in line
    jpeg = shown(watcher)
    assert len(jpeg) <= BYTES_MAX
    width, height = jpeg_size(jpeg)
    assert f"→ {width}×{height} " in line


def test_a_picture_from_standard_input(serve, photo):
    server = serve()
    watcher = server.a("Watcher")
    result = send_image(server, "--path", "-", stdin=photo.read_bytes())
    assert result.returncode == 0
    assert jpeg_size(shown(watcher)) == (640, 480)


def test_the_path_may_stand_alone_and_quiet_says_nothing(serve, photo):
    server = serve()
    watcher = server.a("Watcher")
    result = send_image(server, "--quiet", photo)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert jpeg_size(shown(watcher)) == (640, 480)


KINDS = [
    ("JPEG", "RGB", {}), ("JPEG", "RGB", {"progressive": True}), ("JPEG", "L", {}),
    ("JPEG", "CMYK", {}), ("PNG", "RGB", {}), ("PNG", "RGBA", {}), ("PNG", "L", {}),
    ("PNG", "LA", {}), ("PNG", "P", {}), ("PNG", "1", {}), ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}), ("GIF", "P", {}), ("GIF", "L", {})]


@pytest.mark.parametrize("kind, mode, options", KINDS)
def test_every_kind_of_picture_arrives(serve, tmp_path, kind, mode, options):
    image = pytest.importorskip("PIL.Image", reason="needs Pillow to make pictures")
    picture = image.open(io.BytesIO(jpeg_photo(900, 600)))
    picture.convert(mode).save(tmp_path / "picture", kind, **options)
    server = serve()
    watcher = server.a("Watcher")
    result = send_image(server, "--path", tmp_path / "picture")
    assert result.returncode == 0, result.stderr
    assert jpeg_size(shown(watcher)) == (640, 427)


def test_only_the_first_frame_of_a_moving_gif_is_shown(serve, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="needs Pillow to make pictures")
    frames = [image.new("RGB", (64, 64), color) for color in ("red", "blue", "green")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    server = serve()
    watcher = server.a("Watcher")
    assert send_image(server, "--path", tmp_path / "moving.gif").returncode == 0
    red, green, blue = decoded(shown(watcher)).getpixel((32, 32))
    assert red > 200 and green < 60 and blue < 60


def test_a_png_of_16_bits_arrives_in_its_colours(serve, tmp_path):
    (tmp_path / "deep.png").write_bytes(png(64, 64, b"\xff\xff\x80\x00\x00\x00" * 64 * 64, 16))
    server = serve()
    watcher = server.a("Watcher")
    assert send_image(server, "--path", tmp_path / "deep.png").returncode == 0
    red, green, blue = decoded(shown(watcher)).getpixel((32, 32))
    assert red > 240 and 108 < green < 148 and blue < 20


@pytest.mark.skipif(not shutil.which("heif-enc"), reason="needs heif-enc to make a picture")
def test_a_heic_picture_arrives(serve, tmp_path):
    (tmp_path / "photo.png").write_bytes(png(200, 100))
    subprocess.run(["heif-enc", "-o", tmp_path / "photo.heic", tmp_path / "photo.png"],
                   check=True, capture_output=True)
    server = serve()
    watcher = server.a("Watcher")
    result = send_image(server, "--path", tmp_path / "photo.heic")
    assert result.returncode == 0, result.stderr
    assert jpeg_size(shown(watcher)) == (200, 100)


def test_transparency_is_laid_on_white(serve, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="needs Pillow to make pictures")
    image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    server = serve()
    watcher = server.a("Watcher")
    assert send_image(server, "--path", tmp_path / "clear.png").returncode == 0
    assert min(decoded(shown(watcher)).getpixel((32, 32))) >= 250


@pytest.mark.parametrize("orientation, size", [(1, (640, 480)), (3, (640, 480)), (6, (360, 480)),
                                               (8, (360, 480))])
def test_the_orientation_is_applied_and_no_metadata_goes_out(serve, tmp_path, orientation, size):
    image = pytest.importorskip("PIL.Image", reason="needs Pillow to make pictures")
    exif = image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCameraMaker"
    path = tmp_path / "turned.jpg"
    path.write_bytes(jpeg_photo(1_280, 960, exif=exif.tobytes(), comment=b"SecretComment"))
    server = serve()
    watcher = server.a("Watcher")
    assert send_image(server, "--path", path).returncode == 0
    jpeg = shown(watcher)
    assert jpeg_size(jpeg) == size
    assert b"Secret" not in jpeg and b"Exif" not in jpeg


def bad_inputs(folder):
    photo = jpeg_photo(800, 600)
    contents = {
        "empty.jpg": b"", "text.jpg": b"I am no picture at all\n" * 10,
        "truncated.jpg": photo[:len(photo) // 2], "truncated.png": png(300, 200)[:5_000],
        "only-the-start.jpg": photo[:3], "bomb.png": png_bomb(),
        "bomb.jpg": jpeg_shell(65_535, 65_535), "shell.jpg": jpeg_shell(body=b"", pads=False),
        "garbage.png": b"\x89PNG\r\n\x1a\n" + bytes(100), "garbage.gif": b"GIF89a" + bytes(9),
        "garbage.webp": b"RIFF\x40\0\0\0WEBPVP8 " + bytes(40), "zeros.jpg": bytes(100_000),
        "huge.jpg": b"",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    os.truncate(folder / "huge.jpg", 5 << 30)
    (folder / "directory.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    return [*contents, "directory.jpg", "pipe.jpg", "loop.jpg", "missing.jpg", "text.jpg/x"]


def test_every_bad_input_is_one_line_and_exit_code_1_within_200_mb(serve, tmp_path):
    server = serve()
    watcher = server.a("Watcher")
    for name in bad_inputs(tmp_path):
        code, line, peak = run_measured(server, "--path", tmp_path / name)
        assert code == 1, (name, line)
        assert re.fullmatch(r"chatd: .+\n", line), (name, line)
        assert os.path.basename(name) in line, (name, line)
        assert peak < 200 << 20, (name, peak)
    assert watcher.received() == []


MEASURED = """
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(chr(0), peak, sep="", end="", file=sys.stderr)
sys.exit(code)
"""


def run_measured(server, *words):
    """Runs send-image; returns its exit code, standard error and most memory in bytes."""
    # What a process takes at most counts what it was forked from, so a small one is in between.
    command = [sys.executable, "-c", MEASURED, chatd_path(), "send-image", "--server",
               server.target, "--name", "Script"]
    reading, writing = os.pipe()
    with subprocess.Popen([*command, *map(os.fspath, words)], stdin=subprocess.DEVNULL,
                          stdout=writing, stderr=writing, env=environment()) as process:
        os.close(writing)
        with os.fdopen(reading, "rb") as output:
            text = output.read().decode()
        text, _, figure = text.rpartition("\0")
    return process.returncode, text, int(figure) * 1_024


def test_a_photograph_takes_less_than_200_mb(serve, photo):
    code, text, peak = run_measured(serve(), "--path", photo)
    assert code == 0, text
    assert peak < 200 << 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_one_line_and_exit_code_1(serve, tmp_path):
    (tmp_path / "secret.png").write_bytes(png(10, 10))
    (tmp_path / "secret.png").chmod(0)
    result = send_image(serve(), "--path", tmp_path / "secret.png")
    assert result.returncode == 1 and "permission" in one_line(result.stderr)


def test_bad_standard_input_is_one_line_and_exit_code_1(serve):
    server = serve()
    for stdin in (b"", b"no picture", subprocess.DEVNULL):
        result = send_image(server, "--path", "-", stdin=stdin)
        assert result.returncode == 1
        assert one_line(result.stderr)


def test_a_hostile_file_name_is_shown_and_not_obeyed(serve, tmp_path):
    result = send_image(serve(), "--path", tmp_path / "\x1b[31mred\n.jpg")
    assert result.returncode == 1
    assert "\x1b" not in one_line(result.stderr)


@pytest.mark.parametrize("words, named", [
    ([], "--path"), (["--path"], "--path"), (["--path", ""], "--path"),
    (["--path", "a", "b"], "--path"), (["--path", "a", "--quality", "0"], "--quality"),
    (["--path", "a", "--quality", "101"], "--quality"),
    (["--path", "a", "--max-size", "640"], "--max-size"),
    (["--path", "a", "--max-size", "0x480"], "--max-size"),
    (["--path", "a", "--max-size", "640x480x3"], "--max-size"),
    (["--path", "a", "--nonsense"], "--nonsense")])
def test_wrong_usage_names_the_flag_and_exits_with_2(words, named):
    result = run_chatd("send-image", *words)
    assert result.returncode == 2
    assert named in one_line(result.stderr)


def test_nobody_there_exits_with_3(photo):
    result = run_chatd("send-image", "--server", "127.0.0.1:1", "--path", photo)
    assert result.returncode == 3
    assert "127.0.0.1:1" in one_line(result.stderr)


def test_it_works_against_an_unmodified_server(classroom, photo):
    server = classroom()
    result = run_chatd("send-image", "--classic", "--server", server.target, "--name", "Script",
                       "--path", photo)
    assert result.returncode == 0
    server.wait_for(b"Script has left the chat.")
    assert server.heard[0] == b"Script has joined the chat."
    assert server.heard[1].startswith(b"IMG:Script:\xff\xd8")
    assert len(server.heard) == 3


def test_a_pipe_by_its_path_is_read_like_a_file(serve):
    server = serve()
    anoop = server.a("Anoop")
    reading, writing = os.pipe()
    os.write(writing, jpeg_photo(160, 120))
    os.close(writing)
    done = start_chatd("send-image", "--server", server.target, "--name", "Bea", "--path",
                       f"/dev/fd/{reading}", pass_fds=[reading], stderr=subprocess.PIPE)
    os.close(reading)
    _, stderr = done.communicate(timeout=60)
    assert done.returncode == 0, stderr
    assert any(datagram.startswith(b"IMG:Bea:\xff\xd8") for datagram in anoop.received())


def test_what_needs_too_much_memory_is_refused_with_a_size_that_would_do(serve, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="needs Pillow to make a picture")
    large = tmp_path / "large.jpg"
    image.new("L", (10_000, 10_000), 128).save(large)
    server = serve()
    refused = send_image(server, large, "--max-size", "4096x4096")
    assert refused.returncode == 1
    line = one_line(refused.stderr)
    assert "needs too much memory" in line
    advised = re.search(r"; --max-size (\d+x\d+) would do$", line).group(1)
    assert advised == "2048x2048"
    assert send_image(server, large, "--max-size", advised).returncode == 0
    # What a progressive one takes does not depend on the size of the result.
    image.new("RGB", (11_000, 11_000)).save(large, progressive=True)
    hopeless = send_image(server, large)
    assert hopeless.returncode == 1
    assert one_line(hopeless.stderr).endswith("; make it smaller with another program first")

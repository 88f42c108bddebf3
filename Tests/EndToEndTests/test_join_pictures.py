"""Pictures that `chatd join` receives and saves."""

import os
import subprocess

import pytest

from support.clients import ClassicA, DatagramClient
from support.pictures import jpeg_photo, jpeg_shell
from support.waiting import wait_until

STEM = "received_image_from_Watcher"


@pytest.fixture(name="arrive")
def make_arrive(serve, join, tmp_path):
    """Starts a server and a client; shows it pictures, and returns when it has had them all."""

    def arrive(pictures, *flags, cwd=None):
        server = serve()
        watcher = server.a("Watcher")
        piper = join(server, "--count", str(len(pictures)), *flags, cwd=cwd or tmp_path,
                     stdin=subprocess.DEVNULL)
        assert watcher.receive() == b"Piper has joined the chat."
        for picture in pictures:
            watcher.show(picture)
        assert piper.wait() == 0
        return piper

    return arrive


def test_pictures_are_saved_byte_for_byte_and_numbered(arrive, tmp_path):
    pictures = [jpeg_shell(body=b"%d" % number * 50) for number in range(3)]
    piper = arrive(pictures)
    names = [f"{STEM}.jpg", f"{STEM}-2.jpg", f"{STEM}-3.jpg"]
    assert sorted(os.listdir(tmp_path)) == sorted(names)
    assert [(tmp_path / name).read_bytes() for name in names] == pictures
    for line, name in zip(piper.output.lines, names):
        assert line.startswith("Watcher: ") and "640×480" in line and name in line


def test_a_real_photograph_is_saved_byte_for_byte(arrive, tmp_path):
    jpeg = jpeg_photo(640, 480, 50)
    arrive([jpeg])
    assert (tmp_path / f"{STEM}.jpg").read_bytes() == jpeg


def test_save_dir_is_where_they_go_and_is_made(arrive, jpeg, tmp_path):
    piper = arrive([jpeg], "--save-dir", tmp_path / "album")
    assert os.listdir(tmp_path) == ["album"]
    assert os.listdir(tmp_path / "album") == [f"{STEM}.jpg"]
    assert str(tmp_path / "album" / f"{STEM}.jpg") in piper.output.lines[0]


def test_no_save_saves_nothing(arrive, jpeg, tmp_path):
    piper = arrive([jpeg], "--no-save")
    assert os.listdir(tmp_path) == []
    assert "640×480" in piper.output.lines[0]


def test_a_symbolic_link_in_the_way_is_neither_followed_nor_replaced(arrive, jpeg, tmp_path):
    folder, outside = tmp_path / "album", tmp_path / "outside"
    folder.mkdir()
    outside.write_bytes(b"precious")
    (folder / f"{STEM}.jpg").symlink_to(outside)
    (folder / f"{STEM}-2.jpg").symlink_to(tmp_path / "to-be-made")
    arrive([jpeg], cwd=folder)
    assert outside.read_bytes() == b"precious"
    assert not (tmp_path / "to-be-made").exists()
    assert (folder / f"{STEM}-3.jpg").read_bytes() == jpeg
    assert len(os.listdir(folder)) == 3


def test_a_file_that_is_there_is_never_replaced(arrive, jpeg, tmp_path):
    (tmp_path / f"{STEM}.jpg").write_bytes(b"mine")
    arrive([jpeg])
    assert (tmp_path / f"{STEM}.jpg").read_bytes() == b"mine"
    assert (tmp_path / f"{STEM}-2.jpg").read_bytes() == jpeg


@pytest.mark.parametrize("name", ["..", ".hidden", "$(id)", "a\\b", "-rf", "*", "a b"])
def test_a_hostile_name_never_becomes_a_path(serve, join, jpeg, tmp_path, name):
    server = serve()
    client = server.stranger(ClassicA, name).join()
    folder = tmp_path / "album"
    piper = join(server, "--count", "1", "--save-dir", folder, stdin=subprocess.DEVNULL)
    assert client.receive() == b"Piper has joined the chat."
    client.show(jpeg)
    assert piper.wait() == 0
    assert os.listdir(tmp_path) == ["album"]
    file, = os.listdir(folder)
    assert file.startswith("received_image_from_") and not file.startswith("received_image_from_.")
    assert not set(file) & set("/\\$()*")


@pytest.mark.parametrize("name", [b"../../evil", b"/etc/passwd", b"a/../b", b"x\x1b[2J",
                                  b"\xff\xfe", b"", b".", b"n" * 3_000])
def test_a_server_that_passes_everything_on_cannot_place_a_file(classroom, join, jpeg, tmp_path,
                                                                name):
    server = classroom()
    folder = tmp_path / "deep" / "er" / "album"
    folder.mkdir(parents=True)
    piper = join(server, "--classic", "--count", "2", cwd=folder, stdin=subprocess.DEVNULL)
    server.wait_for(b"Piper has joined the chat.")
    evil = DatagramClient(server.address, "evil")
    evil.send("evil has joined the chat.")
    evil.send(b"IMG:" + name + b":" + jpeg)
    evil.send(b"IMG:evil:" + jpeg)
    evil.send("evil: done")
    evil.send("evil: and done")
    assert piper.wait() == 0
    evil.close()
    assert os.listdir(tmp_path) == ["deep"] and os.listdir(tmp_path / "deep") == ["er"]
    assert os.listdir(tmp_path / "deep" / "er") == ["album"]
    for file in os.listdir(folder):
        assert file.startswith("received_image_from_")
        assert file.isprintable() and not file.startswith("received_image_from_.")
    assert "\x1b" not in (piper.output.bytes + piper.errors.bytes).decode()


@pytest.mark.parametrize("jpeg", [b"", b"garbage", b"\xff\xd8\xff", jpeg_shell(65_535, 65_535),
                                  jpeg_shell(0, 0)],
                         ids=["empty", "garbage", "cut", "bomb", "no size"])
def test_what_is_no_sound_jpeg_is_not_saved_and_harms_nothing(classroom, join, tmp_path, jpeg):
    server = classroom()
    piper = join(server, "--classic", "--follow", cwd=tmp_path, stdin=subprocess.DEVNULL)
    server.wait_for(b"Piper has joined the chat.")
    evil = DatagramClient(server.address, "evil")
    evil.send("evil has joined the chat.")
    evil.send(b"IMG:evil:" + jpeg)
    evil.send("evil: done")
    piper.output.wait_for("evil: done")
    evil.close()
    assert os.listdir(tmp_path) == []


def test_a_save_dir_that_cannot_be_used_is_named_at_the_start(serve, join, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    server = serve()
    for folder in (tmp_path / "file", tmp_path / "missing" / "deeper"):
        piper = join(server, "--save-dir", folder, stdin=subprocess.DEVNULL)
        assert piper.wait() == 1
        line, = piper.errors.lines
        assert "--save-dir" in line and str(folder) in line


def test_open_hands_the_saved_file_to_xdg_open(serve, join, jpeg, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    note = tmp_path / "opened"
    (tools / "xdg-open").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{note}"\n')
    (tools / "xdg-open").chmod(0o755)
    server = serve()
    watcher = server.stranger(ClassicA, "-rf").join()
    folder = tmp_path / "album"
    join(server, "--open", "--follow", "--save-dir", folder, stdin=subprocess.DEVNULL,
         env={"PATH": f"{tools}:{os.environ['PATH']}"})
    assert watcher.receive() == b"Piper has joined the chat."
    watcher.show(jpeg)
    wait_until(lambda: note.exists() and note.read_text().endswith("\n"), "xdg-open")
    assert note.read_text() == f"{folder}/received_image_from_-rf.jpg\n"

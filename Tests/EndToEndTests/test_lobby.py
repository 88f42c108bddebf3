"""Many native clients, slow ones, and pictures that are the same everywhere."""

import hashlib
import json
import os
import subprocess
import time

import pytest

from support.pictures import jpeg_photo
from support.program import run_chatd, start_chatd
from support.terminal import Terminal
from support.waiting import wait_until

SLOW_SECONDS = 1.5


@pytest.fixture(name="slowly")
def make_slowly(serve):
    """Starts a listener whose output nobody reads at first, and says a lot to it."""

    def slowly(lines, *flags):
        server = serve("--messages-per-second", "0", *flags)
        listener = start_chatd("join", "--json", "--follow", "--server", server.target, "--name",
                               "Listener", stdin=subprocess.DEVNULL)
        server.wait_for_summary(clients=1)
        done = run_chatd("send", "--lines", "--server", server.target, "--name", "Speaker",
                         stdin=b"".join(lines))
        assert done.returncode == 0, done.stderr
        time.sleep(SLOW_SECONDS)
        found = []
        for line in listener.stdout:
            found.append(json.loads(line))
            if found[-1]["type"] == "left":
                break
        listener.terminate()
        listener.communicate()
        return found

    return slowly


def test_a_reader_that_is_slow_loses_none_of_20000_messages(slowly):
    lines = [b"message number %d\n" % number for number in range(20_000)]
    joined, *messages, left = slowly(lines)
    assert (joined["type"], left["type"]) == ("joined", "left")
    assert [item.get("text") for item in messages] == [
        line.decode().rstrip() for line in lines]


def test_a_reader_that_is_too_far_behind_is_told_how_much_it_missed(slowly):
    lines = [(b"%d " % number).ljust(1_000, b"x") + b"\n" for number in range(20_000)]
    found = slowly(lines, "--no-history")
    missed = sum(item["count"] for item in found if item["type"] == "missed")
    numbers = [int(item["text"].split()[0]) for item in found if item["type"] == "message"]
    # Joining and leaving are events, too.
    others = sum(item["type"] in ("joined", "left") for item in found)
    assert missed > 0 and missed + len(numbers) + others == len(lines) + 2
    assert numbers == sorted(set(numbers)) and numbers[-1] == len(lines) - 1


def test_a_reader_that_is_too_far_behind_gets_the_rest_from_the_history(slowly):
    lines = [(b"%d " % number).ljust(1_000, b"x") + b"\n" for number in range(20_000)]
    found = slowly(lines)
    messages = [item for item in found if item["type"] == "message"]
    assert [item["text"].encode() + b"\n" for item in messages] == lines
    assert [item["number"] for item in messages] == list(range(1, len(lines) + 1))
    assert not [item for item in found if item["type"] == "missed"]


def test_a_picture_is_the_same_everywhere(serve, join, tmp_path):
    server = serve("--save-images", tmp_path / "server")
    folders = [tmp_path / name for name in ("anna", "bert", "old")]
    for folder in folders:
        folder.mkdir()
    watcher = server.a("Watcher")
    listeners = [join(server, *flags, "--json", "--follow", name=folder.name, cwd=folder,
                      stdin=subprocess.DEVNULL)
                 for folder, flags in zip(folders, ([], [], ["--classic"]))]
    server.wait_for_summary(clients=4)
    watcher.received()
    (tmp_path / "photo.jpg").write_bytes(jpeg_photo(1_600, 1_200, quality=90))
    result = run_chatd("send-image", "--server", server.target, "--name", "Painter", "--quality",
                       "80", "--path", tmp_path / "photo.jpg")
    assert result.returncode == 0, result.stderr
    for listener in listeners:
        listener.output.wait_for('"picture"')
    on_the_wire, = [datagram.removeprefix(b"IMG:Painter:") for datagram in watcher.received()
                    if datagram.startswith(b"IMG:")]
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest()
              for folder in (*folders, tmp_path / "server") for path in folder.iterdir()}
    assert hashes == {hashlib.sha256(on_the_wire).hexdigest()}
    assert [len(os.listdir(folder)) for folder in (*folders, tmp_path / "server")] == [1] * 4


def test_a_picture_that_is_there_in_a_moment_shows_no_progress(serve, tmp_path):
    server = serve()
    (tmp_path / "photo.jpg").write_bytes(jpeg_photo(1_600, 1_200, quality=90))
    screen = Terminal("send-image", "--server", server.target, "--name", "Painter", "--path",
                      tmp_path / "photo.jpg")
    try:
        assert screen.wait() == 0
        screen.wait_for("photo.jpg 1600×1200")
        assert b"%" not in bytes(screen.bytes)
    finally:
        screen.close()


def test_send_image_shows_no_progress_where_nobody_looks(serve, tmp_path):
    server = serve()
    (tmp_path / "photo.jpg").write_bytes(jpeg_photo(1_600, 1_200, quality=90))
    result = run_chatd("send-image", "--server", server.target, "--name", "Painter", "--path",
                       tmp_path / "photo.jpg")
    assert result.returncode == 0 and b"%" not in result.stderr


def test_100_clients_old_and_new_hear_each_other(serve, join):
    server = serve("--joins-per-second", "0")
    olds = [server.a(f"Old {number}") if number % 2 else server.b(f"Old {number}")
            for number in range(60)]
    news = [join(server, "--json", name=f"New {number}") for number in range(40)]
    server.wait_for_summary(clients=100)
    for old in olds:
        old.received()
    for client in (*olds, *news):
        if client in news:
            client.write(f"I am {client.name}\n")
        else:
            client.say(f"I am {client.name}")
    everyone = {client.name for client in (*olds, *news)}
    for client in news:
        wait_until(lambda: client.output.bytes.count(b'"message"') >= 99, "99 messages")
        said = [(item["from"], item["text"]) for item in client.objects
                if item["type"] == "message"]
        assert sorted(said) == sorted(
            (name, f"I am {name}") for name in everyone - {client.name})
    for client in olds:
        heard = [datagram for datagram in client.received() if b"I am " in datagram]
        assert len(heard) == len(set(heard)) == 99
    orders = {tuple(item["text"] for item in client.objects if item["type"] == "message"
                    and item["from"].startswith("Old")) for client in news}
    assert len(orders) == 1

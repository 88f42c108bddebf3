"""Pictures that the server keeps with --save-images."""

import os
import pathlib

import pytest

from support.clients import ClassicA
from support.pictures import jpeg_shell
from support.program import one_line, run_chatd
from support.waiting import wait_until


def wait_for_files(folder, *names):
    """Waits until the folder holds exactly these names and nothing hidden."""
    wait_until(lambda: sorted(os.listdir(folder)) == sorted(names),
               f"{sorted(names)} in the folder; it has {os.listdir(folder)}")


def test_a_picture_is_kept_byte_for_byte_under_its_senders_name(serve, jpeg, tmp_path):
    folder = tmp_path / "pictures"
    server = serve("--save-images", folder)
    anoop = server.a("Anoop")
    anoop.show(jpeg)
    wait_for_files(folder, "received_image_from_Anoop.jpg")
    assert (folder / "received_image_from_Anoop.jpg").read_bytes() == jpeg
    assert "received_image_from_Anoop.jpg" in server.log.wait_for("saved")[0]


def test_later_pictures_never_replace_earlier_ones(serve, tmp_path):
    server = serve("--save-images", tmp_path)
    (tmp_path / "received_image_from_Anoop-2.jpg").write_bytes(b"mine")
    anoop = server.a("Anoop")
    pictures = [jpeg_shell(body=b"%d" % number * 30) for number in range(4)]
    for picture in pictures:
        anoop.show(picture)
    stem = "received_image_from_Anoop"
    names = [f"{stem}.jpg", f"{stem}-3.jpg", f"{stem}-4.jpg", f"{stem}-5.jpg"]
    wait_for_files(tmp_path, f"{stem}-2.jpg", *names)
    assert [(tmp_path / name).read_bytes() for name in names] == pictures
    assert (tmp_path / f"{stem}-2.jpg").read_bytes() == b"mine"


def test_a_symbolic_link_in_the_way_is_neither_followed_nor_replaced(serve, jpeg, tmp_path):
    folder, outside = tmp_path / "pictures", tmp_path / "outside"
    folder.mkdir()
    outside.write_bytes(b"precious")
    link = folder / "received_image_from_Anoop.jpg"
    link.symlink_to(outside)
    dangling = folder / "received_image_from_Anoop-2.jpg"
    dangling.symlink_to(tmp_path / "to-be-made")
    server = serve("--save-images", folder)
    server.a("Anoop").show(jpeg)
    wait_for_files(folder, link.name, dangling.name, "received_image_from_Anoop-3.jpg")
    assert outside.read_bytes() == b"precious"
    assert link.is_symlink() and dangling.is_symlink()
    assert not (tmp_path / "to-be-made").exists()
    assert (folder / "received_image_from_Anoop-3.jpg").read_bytes() == jpeg


@pytest.mark.parametrize(
    "name", [".hidden", "..", "a\\b", "$(id)", "`id`", "a;b", "*", "-rf", "a b", "%s%n", "Zoë",
             "'quoted'", "👩" * 32])
def test_a_name_never_becomes_a_path(serve, jpeg, tmp_path, name):
    folder = tmp_path / "pictures"
    server = serve("--save-images", folder)
    client = server.stranger(ClassicA, name).join()
    client.show(jpeg)
    saved = wait_until(lambda: list(folder.glob("*.jpg")), "a picture")
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]
    assert len(saved) == 1
    assert saved[0].name.startswith("received_image_from_")
    for character in "/\\$`;*'%":
        assert character not in saved[0].name
    assert not saved[0].name.startswith("received_image_from_.")


def test_what_is_not_relayed_is_not_kept(serve, jpeg, tmp_path):
    server = serve("--save-images", tmp_path)
    anoop = server.a("Anoop")
    anoop.show(b"garbage")
    anoop.show(jpeg_shell(65_535, 65_535))
    anoop.show(jpeg)
    wait_for_files(tmp_path, "received_image_from_Anoop.jpg")


def test_pictures_on_their_way_to_the_disk_are_kept_when_the_server_stops(serve, jpeg, tmp_path):
    server = serve("--save-images", tmp_path)
    anoop = server.a("Anoop")
    for _ in range(10):
        anoop.show(jpeg)
    anoop.settle()
    assert server.stop() == 0
    assert len(list(tmp_path.glob("received_image_from_Anoop*.jpg"))) == 10
    assert len(os.listdir(tmp_path)) == 10


def test_a_folder_that_vanishes_is_said_in_the_log_and_harms_nobody(serve, jpeg, tmp_path):
    folder = tmp_path / "pictures"
    server = serve("--save-images", folder)
    anoop, meera = server.a("Anoop"), server.a("Meera")
    folder.rmdir()
    anoop.show(jpeg)
    server.log.wait_for("not-saved")
    anoop.settle()
    assert meera.received() == [b"IMG:Anoop:" + jpeg]


def test_a_folder_that_cannot_be_made_or_is_a_file_stops_the_start(tmp_path):
    (tmp_path / "file").write_text("no folder")
    for folder in (tmp_path / "missing" / "deeper", tmp_path / "file"):
        result = run_chatd("serve", "--port", "0", "--bind", "127.0.0.1", "--save-images", folder,
                           timeout=5)
        assert result.returncode == 1
        assert "save-images" in one_line(result.stderr)
        assert str(pathlib.Path(folder)) in result.stderr.decode()

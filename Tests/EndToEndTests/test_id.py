"""`chatd id`: who this user is, and the files that say so."""

import base64
import json
import os
import stat
import subprocess

import pytest

from support.program import chatd_path, environment, one_line, run_chatd


@pytest.fixture
def home(tmp_path):
    """An environment with a home folder of its own."""
    return {"HOME": str(tmp_path), "XDG_STATE_HOME": None}


def folder(tmp_path):
    return tmp_path / ".local" / "state" / "chatd"


def test_a_key_is_made_once_and_shown(home, tmp_path):
    result = run_chatd("id", env=home)
    assert (result.returncode, result.stderr) == (0, b"")
    kind, words, key = result.stdout.decode().split()
    assert kind == "client" and len(words.split("-")) == 6 and len(base64.b64decode(key)) == 32
    assert run_chatd("id", env=home).stdout == result.stdout
    assert [path.name for path in folder(tmp_path).iterdir()] == ["client.key"]
    assert stat.S_IMODE(folder(tmp_path).stat().st_mode) == 0o700
    assert stat.S_IMODE((folder(tmp_path) / "client.key").stat().st_mode) == 0o600
    # The secret is not what is shown.
    assert key.encode() not in (folder(tmp_path) / "client.key").read_bytes()


def test_each_user_has_another(home, tmp_path):
    other = run_chatd("id", env={"HOME": str(tmp_path / "other"), "XDG_STATE_HOME": None})
    assert run_chatd("id", env=home).stdout != other.stdout


def test_json_has_the_same(home, tmp_path):
    _, words, key = run_chatd("id", env=home).stdout.decode().split()
    server = folder(tmp_path) / "server.key"
    server.write_bytes((folder(tmp_path) / "client.key").read_bytes())
    server.chmod(0o600)
    lines = run_chatd("id", "--json", env=home).stdout.decode().splitlines()
    objects = [json.loads(line) for line in lines]
    assert objects == [
        {"type": kind, "words": words, "key": key, "file": str(folder(tmp_path) / f"{kind}.key")}
        for kind in ("client", "server")]


def test_the_environment_says_where(home, tmp_path):
    for changes, path in [
        ({"XDG_STATE_HOME": str(tmp_path / "xdg")}, tmp_path / "xdg" / "chatd"),
        ({"STATE_DIRECTORY": str(tmp_path / "service")}, tmp_path / "service"),
    ]:
        assert run_chatd("id", env={**home, **changes}).returncode == 0
        assert (path / "client.key").exists()
    assert not folder(tmp_path).exists()


def test_processes_that_start_together_have_one_key(home):
    processes = [
        subprocess.Popen([chatd_path(), "id"], stdout=subprocess.PIPE, env=environment(**home))
        for _ in range(12)]
    assert len({process.communicate()[0] for process in processes}) == 1


@pytest.mark.parametrize("damage", ["mode", "text", "empty"])
def test_a_bad_key_is_refused_and_kept(home, tmp_path, damage):
    run_chatd("id", env=home)
    path = folder(tmp_path) / "client.key"
    if damage == "mode":
        path.chmod(0o644)
    else:
        path.write_text({"text": path.read_text().swapcase(), "empty": ""}[damage])
    before = path.read_bytes()
    result = run_chatd("id", env=home)
    assert (result.returncode, result.stdout) == (1, b"")
    line = one_line(result.stderr)
    assert str(path) in line and ("chmod 600" if damage == "mode" else "damaged") in line
    assert path.read_bytes() == before


@pytest.mark.parametrize("words", [
    ["id"], ["serve", "--port", "0"], ["join", "--server", "localhost:9"],
    ["send", "--server", "localhost:9", "hello"]])
def test_a_folder_that_others_can_write_to_is_refused(home, tmp_path, words):
    folder(tmp_path).mkdir(parents=True)
    folder(tmp_path).chmod(0o777)
    result = run_chatd(*words, env=home)
    assert result.returncode == 1
    line = one_line(result.stderr)
    assert "others can write" in line and f"chmod go-w {folder(tmp_path)}" in line
    assert list(folder(tmp_path).iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    result = run_chatd("id", env={"XDG_STATE_HOME": str(tmp_path / "file")})
    assert result.returncode == 1
    assert str(tmp_path / "file") in one_line(result.stderr)
    nowhere = run_chatd("id", env={"HOME": None, "XDG_STATE_HOME": None})
    assert nowhere.returncode == 1 and "HOME" in one_line(nowhere.stderr)


def test_a_server_can_be_forgotten(home, tmp_path):
    run_chatd("id", env=home)
    key = run_chatd("id", env=home).stdout.decode().split()[2]
    known = folder(tmp_path) / "known_servers"
    known.write_text(f"# mine\nhost.example:12345 {key}\n[::1]:4000 {key}\n")
    result = run_chatd("id", "--forget", "HOST.example", env=home)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert known.read_text() == f"# mine\n[::1]:4000 {key}\n"
    again = run_chatd("id", "--forget", "host.example", env=home)
    assert again.returncode == 1 and "host.example:12345" in one_line(again.stderr)
    known.write_text("x\n")
    damaged = run_chatd("id", "--forget", "[::1]:4000", env=home)
    assert damaged.returncode == 1 and f"line 1 of {known}" in one_line(damaged.stderr)


def test_it_takes_no_word(home):
    result = run_chatd("id", "me", env=home)
    assert result.returncode == 2 and result.stdout == b""


def test_a_full_disk_makes_no_half_key(home, tmp_path):
    folder(tmp_path).mkdir(parents=True)
    # No file may grow beyond nothing: what is written fails.
    result = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; trap "" XFSZ; exec "$0" id', chatd_path()], check=False,
        capture_output=True, env=environment(**home))
    assert result.returncode == 1 and result.stderr
    assert os.listdir(folder(tmp_path)) == []

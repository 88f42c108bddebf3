"""Whom a client trusts, and whom a server lets in: keys that are known again, and passwords."""

import json
import os
import re
import shutil
import subprocess

import pytest

from support.clients import ClassicA, ClassicB
from support.program import (chatd_path, environment, new_state, one_line, remarks, run_chatd,
                             start_chatd, state_of)
from support.waiting import wait_until

WORDS = r"(\w+-){5}\w+"


def send(server, *words, name="Anna", text="hello", **options):
    return run_chatd("send", "--server", server.target, "--name", name, *words, text, **options)


def fingerprint(server):
    """The words that `chatd id` shows on the server's machine."""
    lines = run_chatd("id", env={"XDG_STATE_HOME": server.state}).stdout.decode().splitlines()
    return lines[1].split()[1]


@pytest.fixture(name="restart")
def make_restart(serve):
    """Starts a server again on its port, with its keys or with others."""

    def restart(server, *flags, state=None):
        assert server.stop() == 0
        return serve("--port", str(server.port), *flags, state=state or server.state)

    return restart


def test_a_server_is_met_once_with_the_words_that_it_shows_itself(serve, tmp_path):
    server = serve()
    state = tmp_path / "anna"
    first = send(server, env={"XDG_STATE_HOME": str(state)})
    assert first.returncode == 0
    line, = first.stderr.decode().splitlines()
    assert re.search(rf"{re.escape(server.target)} is met for the first time; its key is {WORDS}:",
                     line)
    assert fingerprint(server) in line
    known = (state / "chatd" / "known_servers").read_text().split()
    assert known[0] == f"localhost:{server.port}" and len(known) == 2
    second = send(server, env={"XDG_STATE_HOME": str(state)})
    assert (second.returncode, second.stderr) == (0, b"")


def test_quiet_says_nothing_of_the_first_contact_and_remembers_it(serve, restart):
    server = serve()
    assert send(server, "--quiet").stderr == b""
    assert send(restart(server, state=new_state()), "--quiet").returncode == 4


def test_a_server_that_was_started_again_is_the_same(serve, restart):
    server = serve()
    assert send(server).returncode == 0
    result = send(restart(server))
    assert (result.returncode, result.stderr) == (0, b"")


def test_another_key_is_refused_loudly_until_the_old_one_is_forgotten(serve, restart):
    server = serve()
    assert send(server).returncode == 0
    before = fingerprint(server)
    other = restart(server, state=new_state())
    watcher = other.a("Watcher")
    for command, *words in (["send", "hello"], ["join"]):
        result = run_chatd(command, "--server", other.target, "--name", "Anna", *words)
        assert result.returncode == 4 and result.stdout == b""
        text = result.stderr.decode()
        assert f"THE KEY OF {other.target} HAS CHANGED" in text
        assert before in text and fingerprint(other) in text
        assert f"chatd id --forget {other.target}" in text
    assert watcher.received() == []
    forgotten = run_chatd("id", "--forget", other.target,
                          env={"XDG_STATE_HOME": state_of("Anna")})
    assert (forgotten.returncode, forgotten.stdout, forgotten.stderr) == (0, b"", b"")
    assert send(other).returncode == 0
    assert len(watcher.received()) == 3


def test_a_damaged_line_stops_only_what_it_may_be_about(serve, tmp_path):
    server = serve()
    env = {"XDG_STATE_HOME": str(tmp_path / "anna")}
    assert send(server, env=env).returncode == 0
    known = tmp_path / "anna" / "chatd" / "known_servers"
    good = known.read_text()
    known.write_text(good + "chat.example:12345 AAAA\n")
    result = send(server, env=env)
    assert result.returncode == 0
    assert f"line 2 of {known} is damaged and passed over" in one_line(result.stderr)
    known.write_text("# mine\n" + good.replace("=", ""))
    result = send(server, env=env)
    assert result.returncode == 4
    assert f"line 2 of {known} is damaged and may be about {server.target}" in one_line(
        result.stderr)
    assert server.summary()["messages"] == 2


def test_a_client_that_is_running_does_not_come_back_to_another_key(serve, join, restart):
    server = serve()
    anna = join(server, "--follow", stdin=subprocess.DEVNULL)
    server.wait_for_summary(clients=1)
    restart(server, state=new_state())
    assert anna.wait() == 4
    assert "HAS CHANGED" in anna.errors.bytes.decode()


@pytest.fixture(name="names")
def make_names(tmp_path):
    """Runs chatd where the names `one` and `two` stand for an address; needs root."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root for a mount namespace")

    def run(server, name, *words):
        hosts = tmp_path / "hosts"
        host = server.address[0]
        hosts.write_text(f"{host} one\n{host} two\n127.0.0.1 localhost\n")
        return subprocess.run(
            ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts,
             chatd_path(), "send", "--server", f"{name}:{server.port}", "--name", "Anna", *words],
            env=environment(XDG_STATE_HOME=state_of("Anna")), capture_output=True, timeout=30,
            check=False)

    return run


def test_all_names_of_this_machine_are_one_server(serve):
    server = serve(bind=None)
    assert "met for the first time" in send(server).stderr.decode()
    for host in ("localhost", "LOCALHOST", "[::1]"):
        result = run_chatd("send", "--server", f"{host}:{server.port}", "--name", "Anna", "hello")
        assert (result.returncode, result.stderr) == (0, b""), host
    assert server.stop() == 0
    other = serve("--port", str(server.port), bind=None, state=new_state())
    for host in ("localhost", "127.0.0.1", "[::1]"):
        result = run_chatd("send", "--server", f"{host}:{other.port}", "--name", "Anna", "hello")
        assert result.returncode == 4 and "HAS CHANGED" in result.stderr.decode(), host
    assert run_chatd("id", "--forget", f"[::1]:{other.port}",
                     env={"XDG_STATE_HOME": state_of("Anna")}).returncode == 0
    assert send(other).returncode == 0


def test_a_new_name_for_an_address_is_silent_with_the_same_key_and_warns_with_another(
        serve, network, names):
    host = network.host()
    host.ip("address add 10.98.0.1/32 dev lo")

    def run(*words):
        return host.call(names, *words)

    server = host.call(serve, bind="10.98.0.1")
    first = run(server, "one", "hello")
    assert first.returncode == 0 and "met for the first time" in first.stderr.decode()
    for name in ("two", "10.98.0.1", "one"):
        again = run(server, name, "hello")
        assert (again.returncode, again.stderr) == (0, b""), name
    assert server.stop() == 0
    other = host.call(serve, "--port", str(server.port), bind="10.98.0.1", state=new_state())
    for name in ("one", "two", "10.98.0.1"):
        assert run(other, name, "hello").returncode == 4
    for name in ("two", "10.98.0.1"):
        assert run_chatd("id", "--forget", f"{name}:{other.port}",
                         env={"XDG_STATE_HOME": state_of("Anna")}).returncode == 0
    warned = run(other, "two", "--quiet", "hello")
    assert warned.returncode == 0
    line = one_line(warned.stderr)
    assert f"10.98.0.1:{other.port}, WHICH two:{other.port} IS, WAS MET BEFORE AS one" in line
    assert fingerprint(server) != fingerprint(other)
    assert all(words in line for words in (fingerprint(server), fingerprint(other)))


def test_a_state_folder_that_is_full_is_no_reason_not_to_talk(serve, join, tmp_path):
    server = serve()
    state = tmp_path / "full"
    state.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "full", state], check=False,
                             capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("needs root to mount a file system")
    try:
        (state / "chatd").mkdir(mode=0o700)
        (state / "filler").write_bytes(bytes(4_096))
        result = send(server, env={"XDG_STATE_HOME": str(state)})
    finally:
        subprocess.run(["umount", state], check=True)
    assert result.returncode == 0, result.stderr
    text = result.stderr.decode()
    assert "your key is for this time only" in text and "No space left" in text
    assert "this could not be remembered" in text
    server.transcript.wait_for("Anna: hello")


# Passwords


@pytest.fixture(name="password")
def make_password(tmp_path):
    """Writes files with passwords; the newline at the end is none of it."""

    def password(text, mode=0o600):
        path = tmp_path / f"password-{text.replace(' ', '-')}"
        path.write_text(text + "\n")
        path.chmod(mode)
        return str(path)

    return password


def test_who_knows_the_password_gets_in(serve, password):
    server = serve("--password-file", password("open sesame"))
    result = send(server, "--password-file", password("open sesame"))
    assert result.returncode == 0 and remarks(result.stderr) == []
    server.transcript.wait_for("Anna: hello")


def test_with_a_password_old_clients_are_let_in_only_where_that_is_wished(serve, password):
    closed = serve("--password-file", password("open sesame"))
    old = closed.stranger(ClassicA, "Old")
    old.send("Old has joined the chat.")
    closed.log.wait_for("dropped.*classic-off")
    assert closed.summary()["clients"] == 0
    open_to_all = serve("--password-file", password("open sesame"), "--classic", "private")
    open_to_all.a("Old")
    assert open_to_all.summary()["clients"] == 1


def test_a_wrong_password_is_told_apart_from_no_server(serve, password):
    server = serve("--password-file", password("open sesame"))
    result = send(server, "--password-file", password("open barley"))
    assert result.returncode == 4
    assert "password is wrong" in one_line(result.stderr)
    assert server.summary()["clients"] == 0


def test_a_missing_password_names_the_flag(serve, password):
    server = serve("--password-file", password("open sesame"))
    result = send(server)
    assert result.returncode == 4
    assert "--password-file" in one_line(result.stderr)


def test_a_server_that_does_not_ask_for_the_password_is_not_trusted(serve, password):
    server = serve()
    result = send(server, "--password-file", password("open sesame"))
    assert result.returncode == 4
    assert "leave out --password-file" in one_line(result.stderr)
    assert server.summary()["clients"] == 0


@pytest.mark.parametrize("content", [None, "", "\n"], ids=["no file", "empty", "empty line"])
def test_a_password_file_without_a_password_is_named(serve, tmp_path, content):
    path = tmp_path / "nothing"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    result = send(serve(), "--password-file", path)
    assert result.returncode == 1
    assert str(path) in one_line(result.stderr)


def test_a_password_that_others_can_read_is_used_and_warned_of(serve, password):
    path = password("open sesame", mode=0o644)
    server = serve("--password-file", path)
    server.log.wait_for(re.escape(path))
    result = send(server, "--password-file", path)
    assert result.returncode == 0
    assert path in one_line(result.stderr)


def test_a_password_that_changed_ends_a_client_that_comes_back(serve, join, restart, password):
    server = serve("--password-file", password("one"))
    anna = join(server, "--follow", "--password-file", password("one"), stdin=subprocess.DEVNULL)
    server.wait_for_summary(clients=1)
    restart(server, "--password-file", password("two"))
    assert anna.wait() == 4
    assert "password is wrong" in anna.errors.lines[-1]


# Names


def test_a_name_stays_its_owners_over_a_restart_from_every_dialect(serve, restart, join):
    server = serve()
    assert send(server).returncode == 0
    for again in (False, True):
        if again:
            server = restart(server)
        watcher = server.a("Watcher")
        result = send(server, env={"XDG_STATE_HOME": new_state()})
        assert result.returncode == 4
        assert "belongs to somebody else's key" in one_line(result.stderr)
        # In dialect A nobody can be refused, so the name gets a number.
        old = server.a("Anna")
        assert watcher.received() == [b"Anna-2 has joined the chat."]
        refused = server.stranger(ClassicB, "Anna")
        assert refused.ask_to_join() == b"Name already taken"
        watcher.received()
        assert send(server, text="it is me").returncode == 0
        assert watcher.received() == [
            b"Anna has joined the chat.", b"Anna: it is me", b"Anna has left the chat."]
        old.leave()


def test_a_name_in_any_case_is_the_same_name(serve):
    server = serve()
    assert send(server).returncode == 0
    result = send(server, name="ANNA")
    assert result.returncode == 4 and "belongs to" in one_line(result.stderr)


def test_one_person_with_two_clients_is_one_member(serve, join):
    server = serve()
    watcher = server.a("Watcher")
    anna = join(server, "--json", name="Anna")
    assert watcher.receive() == b"Anna has joined the chat."
    assert send(server, text="from the other window").returncode == 0
    assert watcher.received() == [b"Anna: from the other window"]
    # What it says itself elsewhere is heard here; that it is gone there is no news.
    wait_until(lambda: anna.objects, "what the other client said")
    assert [(item["type"], item["from"], item["text"]) for item in anna.objects] == [
        ("message", "Anna", "from the other window")]
    anna.write("still here\n")
    assert watcher.receive() == b"Anna: still here"
    assert server.summary()["clients"] == 2
    anna.end_input()
    assert anna.wait() == 0
    assert watcher.receive() == b"Anna has left the chat."


def test_clients_that_start_together_for_the_first_time_have_one_key(serve, tmp_path):
    server = serve()
    state = {"XDG_STATE_HOME": str(tmp_path / "new")}
    clients = [start_chatd("send", "--server", server.target, "--name", "Anna", f"text {number}",
                           env=state) for number in range(6)]
    for client in clients:
        _, errors = client.communicate(timeout=30)
        assert client.returncode == 0, errors
    known = (tmp_path / "new" / "chatd" / "known_servers").read_text().splitlines()
    assert len(known) == 1
    shown = run_chatd("id", "--json", env=state).stdout.decode().splitlines()
    assert [json.loads(line)["type"] for line in shown] == ["client"]

"""The commands of the README do what it promises, and the manual page is sound."""

import os
import pty
import re
import shlex
import shutil
import signal
import subprocess

import pytest

from support.clients import ClassicA
from support.collector import Collector
from support.network import Network, what_is_missing
from support.pictures import jpeg_photo, jpeg_size
from support.program import ROOT, chatd_path, environment, remarks, start_chatd
from support.waiting import PATIENCE_SECONDS, wait_until

README = (ROOT / "README.md").read_text()
MANUAL = ROOT / "Docs" / "chatd.1"


def commands(text):
    """The lines of the `sh` blocks, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


class Stage:
    """A server, somebody who listens there, and a shell that runs a line of the README."""

    def __init__(self, serve, folder):
        self.serve = serve
        self.server = server = serve()
        self.folder = folder
        self.watcher = server.a("Watcher")
        programs = folder / "bin"
        programs.mkdir()
        (programs / "chatd").symlink_to(chatd_path())
        self.environment = environment(
            PATH=f"{programs}:{os.environ['PATH']}", CHATD_SERVER=server.target)
        self.processes = []

    def start(self, command, **streams):
        self.processes.append(subprocess.Popen(
            ["sh", "-c", command], env=self.environment, cwd=self.folder, start_new_session=True,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               **streams}))
        return self.processes[-1]

    def run(self, command, stdin=b""):
        """Runs a line to its end, which must be a good one; returns what it wrote and remarked."""
        process = self.start(command, stdin=subprocess.PIPE)
        output, errors = process.communicate(stdin, timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, errors.decode()
        return output.decode(), remarks(errors)

    def wait_for_join(self, name):
        seen = []
        joined = f"{name} has joined the chat.".encode()
        wait_until(lambda: seen.extend(self.watcher.received()) or joined in seen, joined)

    def heard(self, name="tester"):
        """What `name` said and showed between its join and its leave."""
        seen = self.watcher.received()
        assert seen[0] == f"{name} has joined the chat.".encode()
        assert seen[-1] == f"{name} has left the chat.".encode()
        return seen[1:-1]

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()


@pytest.fixture(name="stage")
def make_stage(serve, tmp_path):
    stage = Stage(serve, tmp_path)
    yield stage
    stage.close()


# One function for each kind of command; each is given the line as the README has it.


def runs_the_server(_, command):
    words = shlex.split(command)
    assert words[0] == "chatd" and words.count("12345") == 1
    process = start_chatd(*(word.replace("12345", "0") for word in words[1:]))
    transcript, log = Collector(process.stdout), Collector(process.stderr)
    try:
        port = int(re.search(r"address=\S+:(\d+) ", log.wait_for("listening")[0])[1])
        anoop = ClassicA(("127.0.0.1", port), "Anoop").join()
        anoop.say("hello there")
        anoop.settle()
        assert transcript.wait_for("Anoop: hello there")
        assert not any("hello there" in line for line in log.lines)
        anoop.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


def talks(stage, command):
    stage.run(command, stdin=b"hello\n/who\n")
    assert stage.heard("Anoop") == [b"Anoop: hello", b"Anoop: /who"]


def shows_a_picture(stage, command):
    (stage.folder / "photo.jpg").write_bytes(jpeg_photo(1600, 1200))
    output, (remark,) = stage.run(command)
    assert output == ""
    assert re.fullmatch(r"photo\.jpg 1600×1200 [\d.]+ [kM]B → 640×480 [\d.]+ kB", remark), remark
    (shown,) = stage.heard()
    prefix = b"IMG:tester:"
    assert shown.startswith(prefix) and jpeg_size(shown[len(prefix):]) == (640, 480)


def says(*texts):
    """Says these messages and nothing else; a text may be a compiled expression."""

    def check(stage, command):
        assert stage.run(command) == ("", [])
        heard = stage.heard()
        assert len(heard) == len(texts), heard
        for datagram, text in zip(heard, texts):
            assert re.fullmatch(f"tester: {text}", datagram.decode()), datagram

    return check


def says_in_a_room(stage, command):
    before = stage.server.summary()["messages"]
    assert stage.run(command) == ("", [])
    assert stage.heard() == []
    assert stage.server.summary()["messages"] == before + 1


def stays_and_prints_texts(stage, command):
    if not shutil.which("jq"):
        pytest.skip("needs jq")
    master, terminal = pty.openpty()
    with os.fdopen(master, "rb") as screen:
        # jq keeps what it writes to a pipe; a person sees it at a terminal.
        process = stage.start(command, stdout=terminal)
        os.close(terminal)
        shown = Collector(screen)
        try:
            stage.wait_for_join("tester")
            for text in ("hello", "and again"):
                stage.watcher.say(text)
                assert shown.wait_for(f"^{text}$")
            # It stays for ever, whatever becomes of the server.
            stage.server.stop()
            again = stage.serve("--port", str(stage.server.port), state=stage.server.state)
            again.wait_for_summary(clients=1)
            again.a("Newcomer").say("back again")
            assert shown.wait_for("^back again$")
            assert process.poll() is None
        finally:
            stage.close()
            shown.wait_for_end()


def waits_for_somebody(stage, command):
    process = stage.start(command)
    stage.wait_for_join("tester")
    assert process.poll() is None
    stage.watcher.say("here I am")
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0 and output.decode().splitlines() == ["Watcher: here I am"]


def shows_the_keys(stage, command):
    output, _ = stage.run(command)
    assert re.fullmatch(r"client (\w+-){5}\w+ \S{44}", output.splitlines()[0])


def shows_what_was_said(stage, command):
    for text in ("deploy begins", "deploy has failed"):
        stage.run(f"chatd send '{text}'")
    output, _ = stage.run(command)
    lines = output.splitlines()
    assert lines[-1].endswith("tester: deploy has failed")
    assert len(lines) == (1 if "search" in command else 2)


def harms_datagrams(stage, command):
    _, _, *flags = shlex.split(command)
    server = stage.serve(*flags)
    assert server.log.wait_for(f'warning impaired faults="{flags[1].split(",")[0]},')


def shows_figures(stage, command):
    process = stage.start(command)
    shown = Collector(process.stdout)
    # Twice, since it goes on.
    assert shown.wait_for(r"^NAME .* MTU ", count=2)
    assert shown.wait_for(r"^\(looks on\) ")
    assert process.poll() is None


def lists_the_servers(stage, command):
    missing = what_is_missing()
    if missing:
        pytest.skip(missing)
    with Network() as network:
        alone = network.host()
        server = alone.call(stage.serve, "--server-name", "lab")
        output, _ = alone.call(stage.run, command)
        server.stop()
    heading, line = output.splitlines()
    assert heading.split() == ["NAME", "ADDRESS", "KEY", "PEOPLE", "PASSWORD"]
    assert re.fullmatch(rf"lab +localhost:{server.port} +(\w+-){{5}}\w+ +0 +no", line)


def says_what_is_wrong(stage, command):
    missing = what_is_missing()
    if missing:
        pytest.skip(missing)
    with Network() as network:
        # On a host without any network, so that the address is nobody's.
        process = network.host().call(stage.start, command)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert b"A conversation would not work" in output and b"(only-loopback)" in output


def is_a_target(_, command):
    words = shlex.split(command)
    words = words[1:] if words[0] == "sudo" else words
    assert words[0] == "make" and len(words) == 2
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert words[1] in targets


CHECKS = {
    "make serve": is_a_target,
    "make test": is_a_target,
    "make demo": is_a_target,
    "chatd serve --port 12345": runs_the_server,
    "chatd join --name Anoop": talks,
    "chatd send-image --path photo.jpg": shows_a_picture,
    'chatd send "deploy done"': says("deploy done"),
    'chatd send --room deploys "deploy done"': says_in_a_room,
    "date | chatd send": says(r"\S[^\n]*\d\d:\d\d:\d\d[^\n]*"),
    r"printf 'one\ntwo\n' | chatd send --lines": says("one", "two"),
    "chatd join --json --follow </dev/null | jq -r 'select(.type == \"message\") | .text'":
        stays_and_prints_texts,
    "chatd join --count 1 --timeout 60 </dev/null": waits_for_somebody,
    "chatd discover": lists_the_servers,
    "chatd doctor --server 192.0.2.7": says_what_is_wrong,
    "chatd id": shows_the_keys,
    "chatd serve --impair loss=20%,delay=20ms,dup=5%,reorder=5%": harms_datagrams,
    "chatd stats --interval 2": shows_figures,
    "chatd history --since 10m": shows_what_was_said,
    "chatd search deploy failed": shows_what_was_said,
    "make build": is_a_target,
    "sudo make install": is_a_target,
}


@pytest.mark.parametrize("command", commands(README))
def test_a_command_does_what_the_readme_promises(stage, command):
    assert command in CHECKS, f"nothing here checks the README's command: {command}"
    CHECKS[command](stage, command)


def test_every_check_has_its_command():
    assert commands(README) and set(CHECKS) <= set(commands(README))


def test_the_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", README)
    assert links and not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.skipif(not shutil.which("man"), reason="needs man")
def test_the_manual_page_has_no_fault():
    result = subprocess.run(
        ["man", "--warnings", "-l", MANUAL], capture_output=True, text=True, check=False,
        env=environment(MANPAGER="cat", MANWIDTH="80"))
    assert result.returncode == 0 and result.stderr == ""
    assert "chatd join --name Anoop" in result.stdout

"""A server and the people who talk there, each with keys of their own, over emulated links."""

import contextlib
import json

from .joiner import Joiner
from .program import run_chatd, start_chatd
from .server import Server
from .waiting import PATIENCE_SECONDS, wait_until

# Longer than any test; `join` in a pipe leaves when it is over.
STAY_SECONDS = "120"


class Listener:
    """A running `chatd join --json --follow`, and what it heard."""

    def __init__(self, joiner):
        self.joiner = joiner

    @property
    def objects(self):
        """The objects so far; a line that is still being written is none."""
        complete, _, _ = self.joiner.output.bytes.rpartition(b"\n")
        return [json.loads(line) for line in complete.splitlines()]

    def of_type(self, *types):
        return [item for item in self.objects if item["type"] in types]

    @property
    def messages(self):
        """Who said what, in the order in which it was heard."""
        return [(item["from"], item["text"]) for item in self.of_type("message")]

    @property
    def texts(self):
        return [text for _, text in self.messages]

    def wait_for_text(self, text, seconds=PATIENCE_SECONDS):
        self._wait(lambda: text in self.texts, repr(text), seconds)

    def wait_for_left(self, *names, seconds=PATIENCE_SECONDS):
        """After all that they said, the log says that they left."""
        self._wait(lambda: {item["name"] for item in self.of_type("left")} >= set(names),
                   f"that {names} left", seconds)

    def pictures(self, count, seconds=PATIENCE_SECONDS):
        """The first so many pictures as they were saved, in order."""
        self._wait(lambda: len(self.of_type("picture")) >= count, f"{count} pictures", seconds)
        found = self.of_type("picture")[:count]
        assert not any("fault" in item for item in found), found
        return [(self.joiner.folder / item["file"]).read_bytes() for item in found]

    def _wait(self, condition, what, seconds):
        try:
            wait_until(condition, what, seconds)
        except AssertionError as error:
            heard = self.joiner.output.lines
            raise AssertionError(
                f"{self.joiner.name}: {error}; heard {len(heard)} objects, the last are "
                f"{heard[-5:]}; it says {self.joiner.errors.lines[-5:]}") from None


class Speaker:
    """A running `chatd send --lines`."""

    def __init__(self, process, name):
        self.process, self.name = process, name

    def say(self, *texts):
        self.process.stdin.write("".join(f"{text}\n" for text in texts).encode())
        self.process.stdin.flush()

    def end(self, seconds=60):
        """Waits until all that it said was accepted; returns the exit code."""
        _, errors = self.process.communicate(timeout=seconds)
        assert self.process.returncode == 0, (self.name, self.process.returncode, errors)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class Lobby:
    """One server on a host of its own; other hosts reach it over a link each.

    Where a method takes a link, None stands for the server's own host.
    """

    def __init__(self, network, folder, *flags, classic=False):
        self.network, self.folder = network, folder
        self.home = network.host()
        self.flags = ("--messages-per-second", "0", "--joins-per-second", "0", *flags)
        self.classic = ("--classic",) if classic else ()
        self.server = None
        self._servers = []
        network.keep(self)
        self.start()

    def start(self):
        """Starts the server, again with the same port and keys."""
        port = ("--port", str(self.server.port)) if self.server else ()
        self.server = self.home.call(
            Server, *self.flags, *port, bind=None, env=self._environment("server"))
        self._servers.append(self.server)

    def _environment(self, name):
        state = self.folder / "state" / name
        state.mkdir(parents=True, exist_ok=True)
        return {"XDG_STATE_HOME": str(state)}

    def link(self, settings=None, **options):
        """A new host and its link; `a` is the server's host, `b` the new one."""
        link = self.network.link(self.home, self.network.host(), settings, **options)
        # What is kept last is closed first: the server ends while it can still reach everyone.
        self.network.keep(self)
        return link

    def _target(self, link, family):
        address = link.address(self.home, family) if link else {4: "127.0.0.1", 6: "::1"}[family]
        return f"[{address}]:{self.server.port}" if family == 6 else f"{address}:{self.server.port}"

    def _client(self, link, name, family):
        host = link.b if link else self.home
        words = ("--server", self._target(link, family), "--name", name, *self.classic)
        return host, words, {"env": self._environment(name)}

    def listen(self, link, name, family=4):
        """Starts a listener, which keeps the pictures; `wait_for` says when it is there."""
        host, _, options = self._client(link, name, family)
        folder = self.folder / "heard" / name
        folder.mkdir(parents=True)
        joiner = host.call(
            Joiner, self._target(link, family), *self.classic, "--json", "--follow", "--timeout",
            STAY_SECONDS, "--save-dir", folder, name=name, cwd=folder, **options)
        joiner.folder = folder
        self.network.keep(joiner)
        return Listener(joiner)

    def speak(self, link, name, family=4):
        host, words, options = self._client(link, name, family)
        process = host.call(
            start_chatd, "send", "--lines", "--timeout", STAY_SECONDS, *words, **options)
        return self.network.keep(Speaker(process, name))

    def show(self, link, name, path, *flags, family=4):
        """Runs `chatd send-image` to its end."""
        host, words, options = self._client(link, name, family)
        done = host.call(run_chatd, "send-image", "--timeout", "60", *words, *flags, "--path", path,
                         timeout=75, **options)
        assert done.returncode == 0, (name, done.returncode, done.stderr)

    def wait_for(self, clients, seconds=PATIENCE_SECONDS):
        """Waits until so many are here."""
        wait_until(lambda: self.server.summary()["clients"] == clients, f"{clients} clients",
                   seconds)

    def close(self):
        """Whatever the test did to it, the server ends cleanly."""
        try:
            if self.server and self.server.process.poll() is None:
                assert self.server.stop() == 0, self.server.log.lines[-20:]
        finally:
            for server in self._servers:
                server.close()

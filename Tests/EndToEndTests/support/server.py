"""A running `chatd serve` on a port that the kernel chose."""

import re
import signal as signals
import subprocess

from .clients import ClassicA, ClassicB, DatagramClient
from .collector import Collector
from .program import new_state, start_chatd
from .waiting import PATIENCE_SECONDS, wait_until


class Server:
    """Starts the server and waits until it listens; `log` and `transcript` collect its output.

    `state` is the folder of its keys: its own, unless it is that of a server before it.
    """

    def __init__(self, *flags, bind="127.0.0.1", env=None, stdout=None, waits=True, state=None,
                 **options):
        words = ["serve", "--port", "0", *flags]
        self.state = state or new_state()
        self.has_crashed = False
        env = {"XDG_STATE_HOME": self.state, **(env or {})}
        if bind is not None:
            words += ["--bind", bind]
        self.process = start_chatd(
            *words, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout is None else stdout, **options)
        self.transcript = Collector(self.process.stdout) if stdout is None else None
        self.log = Collector(self.process.stderr) if self.process.stderr else None
        self.clients = []
        self.address = None
        if waits:
            self.wait_until_listening()

    def wait_until_listening(self, text=None):
        """Learns the port from the log, or from `text` where the log goes elsewhere."""
        line = text or self.log.wait_for(r"listening")[0]
        host, port = re.search(r'address["=:]+(\[[^]]*\]|[\d.]+):(\d+)', line).groups()
        host = host.strip("[]")
        self.address = ({"::": "127.0.0.1", "0.0.0.0": "127.0.0.1"}.get(host, host), int(port))

    @property
    def port(self):
        return self.address[1]

    @property
    def target(self):
        """The address as the flag --server takes it."""
        host, port = self.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    # Clients

    def _keep(self, client):
        self.clients.append(client)
        return client

    def stranger(self, kind=DatagramClient, name=None, host=None, source=None):
        """A client that has not joined."""
        return self._keep(kind((host or self.address[0], self.port), name, source))

    def a(self, name, **where):
        """A client of dialect A that has joined."""
        return self.stranger(ClassicA, name, **where).join()

    def b(self, name, **where):
        """A client of dialect B that has joined."""
        return self.stranger(ClassicB, name, **where).join()

    # Signals and the end

    def signal(self, number):
        self.process.send_signal(number)

    def summary(self):
        """The fields of the summary that SIGUSR1 asks for."""
        before = len(re.findall(r" summary ", "\n".join(self.log.lines)))
        self.signal(signals.SIGUSR1)
        line = self.log.wait_for(r" summary ", count=before + 1)[-1]
        return {key: int(value) for key, value in re.findall(r"([\w-]+)=(\d+)\b", line)}

    def wait_for_summary(self, **fields):
        """Waits until a summary holds these numbers (with `_` for `-`)."""
        wanted = {key.replace("_", "-"): value for key, value in fields.items()}

        def holds():
            summary = self.summary()
            return all(summary.get(key) == value for key, value in wanted.items())

        wait_until(holds, f"a summary with {wanted}")

    def wait(self, seconds=PATIENCE_SECONDS):
        """Waits for the process's end; returns its exit code."""
        code = self.process.wait(seconds)
        for collector in (self.transcript, self.log):
            if collector:
                collector.wait_for_end()
        return code

    def stop(self, number=signals.SIGTERM):
        """Tells it to stop; returns the exit code."""
        if self.process.poll() is None:
            self.signal(number)
        return self.wait()

    def crash(self):
        """Ends it without a word, which is then no fault of its own."""
        self.process.kill()
        self.process.wait()
        self.has_crashed = True

    def close(self):
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

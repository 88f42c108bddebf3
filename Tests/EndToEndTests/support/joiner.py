"""A running `chatd join` in a pipe."""

import json
import subprocess

from .collector import Collector
from .program import start_chatd
from .waiting import PATIENCE_SECONDS

# What somebody who leaves without waiting may take.
LEAVE_SECONDS = 3


class Joiner:
    """Starts the client; `output` and `errors` collect what it writes.

    With None for a name it goes by its login name.
    """

    def __init__(self, target, *flags, name="Piper", cwd=None, env=None, **options):
        words = ["join", "--server", target, *(["--name", name] if name else []), *flags]
        self.name = name
        self.process = start_chatd(*words, env=env, cwd=cwd, **options)
        self.output = Collector(self.process.stdout) if self.process.stdout else None
        self.errors = Collector(self.process.stderr) if self.process.stderr else None

    def write(self, text):
        """Gives the client some of its standard input."""
        self.process.stdin.write(text if isinstance(text, bytes) else text.encode())
        self.process.stdin.flush()

    def end_input(self):
        self.process.stdin.close()

    def wait(self, seconds=PATIENCE_SECONDS):
        """Waits for the end; returns the exit code."""
        code = self.process.wait(seconds)
        for collector in (self.output, self.errors):
            if collector:
                collector.wait_for_end()
        return code

    @property
    def objects(self):
        """The objects of --json."""
        return [json.loads(line) for line in self.output.lines]

    def close(self):
        """Ends it so that its server need not wait for it, or else by force."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:
                pass

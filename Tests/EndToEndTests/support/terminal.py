"""A program at a terminal of its own: a pty, and a screen that shows what the program writes."""

import codecs
import fcntl
import os
import re
import struct
import subprocess
import termios
import threading
import time

from .joiner import LEAVE_SECONDS
from .program import chatd_path, environment, person, state_of
from .screen import Screen
from .waiting import PATIENCE_SECONDS

ENTER, TAB, ESCAPE = "\r", "\t", "\x1b"
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"


def ctrl(letter):
    return chr(ord(letter.upper()) - 64)


class Terminal:
    """Runs `chatd` with the pty as its controlling terminal and all three streams."""

    def __init__(self, *words, columns=80, rows=24, env=None, cwd=None, **streams):
        self.master, self.slave = os.openpty()
        self._set_size(columns, rows)
        self.modes_before = termios.tcgetattr(self.slave)
        self.screen = Screen(columns, rows)
        self.bytes = bytearray()
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [chatd_path(), *map(os.fspath, words)], cwd=cwd,
            env=environment(**{"TERM": "xterm-256color",
                               "XDG_STATE_HOME": state_of(person(words)), **(env or {})}),
            preexec_fn=self._take_terminal,
            **{"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, **streams})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _take_terminal(self):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def _set_size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                piece = os.read(self.master, 65_536)
            except OSError:
                piece = b""
            with self._changed:
                self.bytes += piece
                self.screen.feed(decoder.decode(piece))
                self._changed.notify_all()
            if not piece:
                return

    # What a person does

    def type(self, text):
        os.write(self.master, text.encode())

    def enter(self, line, shown):
        """Types a line and Enter; waits until `shown` is there, and an empty prompt again."""
        self.type(line + ENTER)
        self.wait_for(shown)
        self.wait_until(lambda screen: screen.cursor_line.endswith(">"), "an empty prompt")

    def say(self, text, name="Typist"):
        """Says a text, and waits until it is shown as said, and an empty prompt again."""
        self.type(text + ENTER)
        self.wait_until(
            lambda screen: any(re.fullmatch(rf"\d\d:\d\d {name} {re.escape(text)}", line)
                               for line in screen.history)
            and screen.cursor_line.endswith(">"), f"{text!r} as said")

    def resize(self, columns, rows=24):
        with self._changed:
            self.screen.resize(columns, rows)
        self._set_size(columns, rows)

    # What a person sees

    def wait_until(self, condition, what, seconds=PATIENCE_SECONDS):
        """Waits until `condition(screen)` holds."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (value := condition(self.screen)):
                left = deadline - time.monotonic()
                if left <= 0:
                    shown = "\n".join(self.screen.history)
                    raise AssertionError(
                        f"not within {seconds} s: {what}; the screen at "
                        f"{self.screen.row},{self.screen.column}:\n{shown}")
                self._changed.wait(left)
            return value

    def wait_for(self, text):
        """Waits until a line holds the text; returns the line."""
        return self.wait_until(
            lambda screen: next((line for line in screen.history if text in line), None),
            f"{text!r} on the screen")

    def wait_for_prompt(self, line):
        """Waits until the cursor's line is exactly this, and the cursor is behind it."""
        self.wait_until(
            lambda screen: screen.cursor_line == line.rstrip(), f"the prompt line {line!r}")

    def lines(self):
        with self._changed:
            return list(self.screen.history)

    # The end

    @property
    def modes(self):
        return termios.tcgetattr(self.slave)

    @property
    def local_modes(self):
        """Only the local modes, quickly: the fourth word of the kernel's termios."""
        return struct.unpack_from("4I", fcntl.ioctl(self.slave, termios.TCGETS, bytes(64)))[3]

    def wait(self, seconds=PATIENCE_SECONDS):
        return self.process.wait(seconds)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        os.close(self.slave)
        self._reader.join(PATIENCE_SECONDS)
        os.close(self.master)

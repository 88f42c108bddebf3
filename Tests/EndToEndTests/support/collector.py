"""Lines of a running program's output, collected by a thread."""

import re
import threading
import time

from .waiting import PATIENCE_SECONDS


class Collector:
    """Reads a pipe to its end; what came so far can be looked at and waited for."""

    def __init__(self, pipe):
        self._pipe = pipe
        self._bytes = bytearray()
        self._is_ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            try:
                piece = self._pipe.read1(65536)
            except (OSError, ValueError):
                piece = b""
            with self._changed:
                self._bytes += piece
                self._is_ended = not piece
                self._changed.notify_all()
            if not piece:
                return

    @property
    def bytes(self):
        with self._changed:
            return bytes(self._bytes)

    @property
    def lines(self):
        return self.bytes.decode(errors="replace").splitlines()

    def wait_for(self, pattern, seconds=PATIENCE_SECONDS, count=1):
        """Waits until `count` lines match the regular expression; returns them."""
        deadline = time.monotonic() + seconds
        expression = re.compile(pattern)
        with self._changed:
            while True:
                text = self._bytes.decode(errors="replace")
                found = [line for line in text.splitlines() if expression.search(line)]
                # A last line without its end may still grow.
                if found and not text.endswith("\n") and found[-1] == text.splitlines()[-1]:
                    found = found if self._is_ended else found[:-1]
                if len(found) >= count:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or self._is_ended:
                    raise AssertionError(f"no line (×{count}) like {pattern!r} in:\n{text}")
                self._changed.wait(left)

    def wait_for_end(self, seconds=PATIENCE_SECONDS):
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the output did not end"
        return self.bytes

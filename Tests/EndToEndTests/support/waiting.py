"""Waiting for a condition with a deadline, never for a fixed time."""

import time

# How long anything that must happen may take on a slow and busy machine.
PATIENCE_SECONDS = 15.0


def wait_until(condition, what, seconds=PATIENCE_SECONDS):
    """Returns the first true value of `condition()`; fails with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)

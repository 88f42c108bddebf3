"""The program under test: where it is, and how it is run to its end."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Where the programs of a test keep their keys and names; each test has its own.
STATE = {"folder": "/nonexistent"}


def chatd_path():
    """The binary: $CHATD, else the release build of this checkout."""
    path = os.environ.get("CHATD", str(ROOT / ".build" / "release" / "chatd"))
    assert os.access(path, os.X_OK), f"there is no program at {path}; build it or set CHATD"
    return os.path.abspath(path)


def environment(**changes):
    """An environment in which nothing of the caller's changes what chatd does."""
    kept = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    base = {"HOME": "/nonexistent", "USER": "tester", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "XDG_STATE_HOME": STATE["folder"]}
    merged = {**kept, **base, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def run_chatd(*words, stdin=b"", env=None, timeout=60, cwd=None):
    """Runs chatd to its end. `stdin` is bytes, or an open file."""
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    return subprocess.run(
        [chatd_path(), *map(os.fspath, words)], capture_output=True, timeout=timeout,
        env=environment(**(env or {})), cwd=cwd, check=False, **given)


def start_chatd(*words, env=None, **options):
    """Starts chatd; its three streams are pipes unless `options` say otherwise."""
    streams = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    return subprocess.Popen(
        [chatd_path(), *map(os.fspath, words)], env=environment(**(env or {})),
        **{**streams, **options})


def one_line(stderr):
    """The only line of `stderr`; fails where there are none or several."""
    lines = stderr.decode().splitlines()
    assert len(lines) == 1, f"one line was expected: {lines}"
    return lines[0]

"""The program under test: where it is, and how it is run to its end."""

import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Where the programs of one run of the tests keep their keys; gone at its end.
STATE = tempfile.TemporaryDirectory(prefix="chatd-state-")
_persons = {}


def chatd_path():
    """The binary: $CHATD, else the release build of this checkout."""
    path = os.environ.get("CHATD", str(ROOT / ".build" / "release" / "chatd"))
    assert os.access(path, os.X_OK), f"there is no program at {path}; build it or set CHATD"
    return os.path.abspath(path)


def meet_nobody():
    """From here on everyone is somebody new: a test's people are not those of the test before."""
    _persons.clear()


def new_state():
    """A folder for the keys of somebody new."""
    return tempfile.mkdtemp(dir=STATE.name)


def state_of(person):
    """The folder for the keys of one person, who may run several programs."""
    if person not in _persons:
        _persons[person] = new_state()
    return _persons[person]


def person(words):
    """Who runs `chatd` with these words: whoever --name says."""
    words = [os.fspath(word) for word in words]
    return words[words.index("--name") + 1] if "--name" in words[:-1] else "tester"


def environment(**changes):
    """An environment in which nothing of the caller's changes what chatd does."""
    kept = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    base = {"HOME": "/nonexistent", "USER": "tester", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "XDG_STATE_HOME": state_of("tester"),
            # What is served here is not to be announced to this machine's network.
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}
    merged = {**kept, **base, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def run_chatd(*words, stdin=b"", env=None, timeout=60, cwd=None, mounts=None):
    """Runs chatd to its end, as the person of --name. `stdin` is bytes, or an open file.

    `mounts` are shell commands that mount what only this chatd sees; that needs root and unshare.
    """
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    command = [chatd_path(), *map(os.fspath, words)]
    if mounts:
        command = ["unshare", "--mount", "sh", "-ec", f'{mounts}\nexec "$@"', "sh", *command]
    return subprocess.run(
        command, capture_output=True, timeout=timeout,
        env=environment(**{"XDG_STATE_HOME": state_of(person(words)), **(env or {})}), cwd=cwd,
        check=False, **given)


def start_chatd(*words, env=None, **options):
    """Starts chatd as the person of --name; its streams are pipes unless `options` differ."""
    streams = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    return subprocess.Popen(
        [chatd_path(), *map(os.fspath, words)],
        env=environment(**{"XDG_STATE_HOME": state_of(person(words)), **(env or {})}),
        **{**streams, **options})


def remarks(stderr):
    """What a client wrote beside the first contact: whom it met depends on nothing else it does."""
    lines = stderr.decode().splitlines()
    return [line for line in lines if " is met for the first time; " not in line]


def one_line(stderr):
    """The only remark in `stderr`; fails where there are none or several."""
    lines = remarks(stderr)
    assert len(lines) == 1, f"one line was expected: {lines}"
    return lines[0]

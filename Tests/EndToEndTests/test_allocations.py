"""The relay path asks for no memory once a server has warmed up."""

import pathlib
import shutil
import struct
import subprocess

import pytest

from support.clients import hush
from support.pictures import jpeg_shell

SOURCE = pathlib.Path(__file__).parent / "support" / "allocations.c"
WARM_UP_DATAGRAMS = 6_000
COUNTED_DATAGRAMS = 6_000
BATCH = 50
# A few calls pass: a batch may be larger than any before it, and then buffers grow once. A call for
# every datagram, or for every turn of the loop, would be hundreds or thousands.
ONCE_IN_A_WHILE = 20


@pytest.fixture(name="library", scope="module")
def make_library(tmp_path_factory):
    """The library that counts, compiled from its source."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("there is no C compiler (cc)")
    library = tmp_path_factory.mktemp("library") / "allocations.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", library, SOURCE],
                   check=True)
    return library


class Counter:
    """The number of calls for memory so far, in a file that the program maps."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(8))

    @property
    def value(self):
        return struct.unpack("=Q", self.path.read_bytes())[0]


@pytest.fixture(name="start")
def make_start(serve, library, tmp_path):
    """Starts a server whose calls for memory are counted."""

    def start(*flags):
        counter = Counter(tmp_path / "count")
        server = serve("--no-history", "--messages-per-second", "0", *flags,
                       env={"LD_PRELOAD": str(library), "ALLOCATION_COUNT": str(counter.path)})
        assert counter.value > 0, "nothing was counted: is the library loaded?"
        return server, counter

    return start


def talk(speakers, listeners, datagrams):
    """Every speaker says so much, in batches, and every listener gets all of it."""
    batches = datagrams // (BATCH * len(speakers))
    for _ in range(batches):
        for speaker in speakers:
            for number in range(BATCH):
                speaker.say(f"message {number:06} of a steady conversation: grüß Gott")
            speaker.settle()
        for listener in listeners:
            others = len(speakers) - (listener in speakers)
            assert len(listener.received()) == others * BATCH


@pytest.mark.parametrize("flags", [["--quiet"], []], ids=["quiet", "with the transcript"])
def test_relaying_asks_for_no_memory_in_steady_state(start, flags):
    server, counter = start(*flags)
    speakers = [server.a("Anoop"), server.b("Bo"), server.a("A name that is rather long")]
    listeners = speakers + [server.a("Meera"), server.b("Cleo")]
    hush(*listeners)
    talk(speakers, listeners, WARM_UP_DATAGRAMS)
    before = counter.value
    talk(speakers, listeners, COUNTED_DATAGRAMS)
    assert counter.value - before < ONCE_IN_A_WHILE
    assert server.summary()["messages"] == WARM_UP_DATAGRAMS + COUNTED_DATAGRAMS


def test_a_numbered_and_a_nameless_message_ask_for_no_memory_either(start):
    server, counter = start()
    first, second = server.a("Anoop"), server.a("Anoop")
    hush(first, second)

    def talk_so(batches):
        for _ in range(batches):
            for _ in range(BATCH):
                second.say("numbered")
                second.send("no name in front")
                second.send("Anoop B: another name in front")
            second.settle()
            assert len(first.received()) == 3 * BATCH

    talk_so(40)
    before = counter.value
    talk_so(40)
    assert counter.value - before < ONCE_IN_A_WHILE


def test_relaying_pictures_asks_for_no_memory_in_steady_state(start):
    server, counter = start("--quiet")
    anoop, meera, bo = server.a("Anoop"), server.a("Meera"), server.b("Bo")
    hush(anoop, meera, bo)
    jpeg = jpeg_shell(body=b"x" * 30_000)

    def show(count):
        for _ in range(count):
            anoop.show(jpeg)
            anoop.settle()
            assert len(meera.received()) == 1 and len(bo.received()) == 1

    show(200)
    before = counter.value
    show(500)
    assert counter.value - before < ONCE_IN_A_WHILE

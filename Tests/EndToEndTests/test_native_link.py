"""Native sessions of the real program over bad links: nothing lost, nothing doubled, one order.

The tests that mostly wait (for a link to come back, for a keep-alive) run beside the others: they
begin with the first test of this file, and the tests at its end ask how they went.
"""

import concurrent.futures
import re
import struct
import time

import pytest

from support.lobby import Lobby
from support.network import Network, what_is_missing
from support.pictures import jpeg_photo, jpeg_size

MISSING = what_is_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

BAD = "delay 5 jitter 3 loss 0.2 double 0.1 reorder 0.1 late 10 corrupt 0.02"
OUTAGE_SECONDS = 20
# A silent client notices a new address at its next keep-alive, 10 s after it last sent.
KEEP_ALIVE_SECONDS = 10
# After an outage the next probe may come as late again as the outage was long.
RECOVERY_SECONDS = OUTAGE_SECONDS + 20
JPEG_BEGIN_BYTES = 16
# More pieces, or an offset (RFC 791); the number of the header (RFC 8200).
IPV4_FRAGMENT, IPV6_FRAGMENT = 0x3FFF, 44
# What a client says of itself when it is there again, on standard error or as an object.
IS_BACK = re.compile(r"^restored$|\* back\b")


def photographs(folder, *sizes):
    """Files with pictures that differ."""
    paths = []
    for width, height in sizes:
        paths.append(folder / f"{width}x{height}.jpg")
        paths[-1].write_bytes(jpeg_photo(width, height, quality=92))
    return paths


def check_talk(listeners, speakers, said):
    """Everyone heard all of it, once, in the same order, and each speaker's in the speaker's."""
    first = listeners[0].messages
    for listener in listeners[1:]:
        assert listener.messages == first
    for speaker in speakers:
        assert [text for name, text in first if name == speaker.name] == said[speaker.name]
    assert len(first) == sum(len(texts) for texts in said.values())


def talk(lobby, listeners, speakers, rounds, pause=0.004):
    """Everybody says so many lines; the speakers end, and what the listeners heard is checked."""
    said = {speaker.name: [f"{number} by {speaker.name}: grüß Gott" for number in range(rounds)]
            for speaker in speakers}
    for number in range(rounds):
        for speaker in speakers:
            speaker.say(said[speaker.name][number])
        time.sleep(pause)
    for speaker in speakers:
        speaker.end()
    for listener in listeners:
        listener.wait_for_left(*said, seconds=45)
    check_talk(listeners, speakers, said)
    assert not [field for field in lobby.server.summary() if field.startswith("dropped-messages")]


def test_500_messages_through_a_bad_link_arrive_once_and_in_one_order(network, tmp_path):
    lobby = Lobby(network, tmp_path)
    link = lobby.link(BAD)
    listeners = [lobby.listen(link, name) for name in ("Meera", "Bo")]
    speakers = [lobby.speak(link, name) for name in ("Anoop", "Cleo")]
    lobby.wait_for(4)
    talk(lobby, listeners, speakers, 250)
    for end in "ab":
        counts = link.statistics()[end]
        assert min(counts[what] for what in ("lost", "doubled", "reordered")) > 5, counts
    assert sum(link.statistics()[end]["corrupted"] for end in "ab") > 0


def test_a_picture_through_a_bad_link_arrives_byte_for_byte(network, tmp_path):
    lobby = Lobby(network, tmp_path, "--save-images", tmp_path / "saved")
    link = lobby.link(BAD)
    behind, clean = lobby.listen(link, "Behind"), lobby.listen(None, "Clean")
    lobby.wait_for(2)
    paths = photographs(tmp_path, (1_600, 1_200), (640, 480), (64, 48))
    for path in paths:
        lobby.show(link, "Painter", path, "--quality", "80")
    shown = clean.pictures(3)
    # A picture is shown when it is whole, so a small one may overtake a large one.
    assert sorted(behind.pictures(3, seconds=30)) == sorted(shown)
    assert [jpeg_size(picture) for picture in shown] == [(640, 480), (640, 480), (64, 48)]
    assert len(set(shown)) == 3 and len(shown[0]) > 20_000
    assert {path.read_bytes() for path in (tmp_path / "saved").iterdir()} == set(shown)
    # The other way, to two at once: one slow, one not.
    lobby.show(None, "Sculptor", paths[0], "--quality", "70")
    assert behind.pictures(4, seconds=30)[3] == clean.pictures(4)[3]
    assert min(link.statistics()[end]["lost"] for end in "ab") > 5


def wire(folder, classic):
    """All that passes a link while somebody talks and shows a picture; what must not be in it."""
    with Network() as network:
        lobby = Lobby(network, folder, classic=classic)
        link = lobby.link()
        capture = network.capture(link, link.b)
        listener = lobby.listen(link, "Zaphod-Beeblebrox")
        lobby.wait_for(1)
        speaker = lobby.speak(link, "Slartibartfast")
        lobby.wait_for(2)
        speaker.say("the password is xyzzy-plugh")
        listener.wait_for_text("the password is xyzzy-plugh")
        speaker.end()
        path, = photographs(folder, (800, 600))
        lobby.show(link, "Trillian-Astra", path)
        jpeg, = listener.pictures(1)
        secrets = [b"Zaphod-Beeblebrox", b"Slartibartfast", b"xyzzy-plugh", b"Trillian-Astra",
                   jpeg[:JPEG_BEGIN_BYTES], jpeg[1_000:1_000 + JPEG_BEGIN_BYTES]]
        return b"".join(capture.stop()), secrets


def test_no_plaintext_is_on_the_wire_but_with_classic_it_is(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        folders = [tmp_path / "native", tmp_path / "classic"]
        for folder in folders:
            folder.mkdir()
        native, classic = pool.map(wire, folders, [False, True])
    seen, secrets = classic
    assert all(secret in seen for secret in secrets), "the capture does not hold what passed"
    seen, secrets = native
    assert len(seen) > 10_000
    assert [secret for secret in secrets if secret in seen] == []


def is_fragment(packet):
    """Whether it is a piece of a longer IP packet."""
    if packet[0] >> 4 == 6:
        return packet[6] == IPV6_FRAGMENT
    return struct.unpack_from(">H", packet, 6)[0] & IPV4_FRAGMENT != 0


@pytest.mark.parametrize("family", [4, 6])
def test_a_link_with_an_mtu_of_1280_carries_everything_in_whole_packets(network, tmp_path, family):
    lobby = Lobby(network, tmp_path)
    link = lobby.link("delay 5", mtu=1_280)
    capture = network.capture(link, link.b)
    listener = lobby.listen(link, "Meera", family)
    lobby.wait_for(1)
    path, = photographs(tmp_path, (1_600, 1_200))
    lobby.show(link, "Painter", path, "--quality", "80", family=family)
    assert jpeg_size(listener.pictures(1)[0]) == (640, 480)
    speaker = lobby.speak(link, "Anoop", family)
    lobby.wait_for(2)
    listener.joiner.output.wait_for("joined.*Anoop")
    talk(lobby, [listener], [speaker], 100, pause=0)
    packets = capture.stop()
    assert max(map(len, packets)) <= 1_280
    assert not any(map(is_fragment, packets))


def test_a_path_that_swallows_long_packets_after_a_while_is_no_end(network, tmp_path):
    lobby = Lobby(network, tmp_path)
    link = lobby.link("delay 5")
    capture = network.capture(link, link.b)
    listener, speaker = lobby.listen(link, "Meera"), lobby.speak(link, "Anoop")
    clean = lobby.listen(None, "Clean")
    lobby.wait_for(3)
    path, = photographs(tmp_path, (1_600, 1_200))
    # Enough for both sides to find out how long a packet may be.
    lobby.show(None, "Painter", path, "--quality", "80")
    lines = [f"{number:04} " + "long line " * 90 for number in range(100)]
    for number in range(50):
        speaker.say(lines[number])
        time.sleep(0.02)
    listener.wait_for_text(lines[49])
    assert max(map(len, capture.stop())) > 1_428, "nobody tried a longer packet"
    link.set("longest 1428")
    speaker.say(*lines[50:])
    lobby.show(None, "Sculptor", path, "--quality", "70")
    speaker.end()
    for somebody in (listener, clean):
        somebody.wait_for_left("Anoop", seconds=30)
        assert somebody.texts == lines
    assert listener.pictures(2, seconds=30) == clean.pictures(2)
    assert sum(link.statistics()[end]["too_long"] for end in "ab") > 0


# What takes long, and runs beside the tests above


def outage(folder):
    """A link that goes away for 20 s: everything arrives afterwards, and nobody left."""
    with Network() as network:
        lobby = Lobby(network, folder)
        link = lobby.link("delay 10")
        behind, home = lobby.listen(link, "Behind"), lobby.listen(None, "Home")
        lobby.wait_for(2)
        speakers = [lobby.speak(link, "Anoop"), lobby.speak(None, "Cleo")]
        lobby.wait_for(4)
        said = {speaker.name: [f"{speaker.name} {when}" for when in ("before", "in it", "after")]
                for speaker in speakers}
        for when in range(3):
            for speaker in speakers:
                speaker.say(said[speaker.name][when])
            if when == 1:
                home.wait_for_text("Cleo in it")
                time.sleep(OUTAGE_SECONDS - 1)
                assert "Anoop in it" not in home.texts and "Cleo in it" not in behind.texts
            else:
                for listener in (behind, home):
                    for name in said:
                        listener.wait_for_text(said[name][when], RECOVERY_SECONDS)
            if when == 0:
                link.down(OUTAGE_SECONDS)
        for listener in (behind, home):
            assert listener.of_type("left") == []
        for speaker in speakers:
            speaker.end()
        for listener in (behind, home):
            listener.wait_for_left(*said, seconds=45)
        check_talk([behind, home], speakers, said)


def change_of_address(folder, is_nat):
    """A host moves, or its NAT takes another port, while it talks: the sessions go on."""
    with Network() as network:
        lobby = Lobby(network, folder)
        link = lobby.link("delay 10")
        if is_nat:
            link.set("b nat 500")
        home, silent = lobby.listen(None, "Home"), lobby.listen(link, "Silent")
        lobby.wait_for(2)
        speaker = lobby.speak(link, "Anoop")
        lobby.wait_for(3)
        said = {"Anoop": [f"step {number}" for number in range(200)]}
        for number, text in enumerate(said["Anoop"]):
            speaker.say(text)
            time.sleep(0.01)
            if number == 100:
                home.wait_for_text("step 50")
                if is_nat:
                    link.set("b nat 900")
                else:
                    link.move(link.b)
        # The speaker notices when it next says something, the silent one at its next keep-alive.
        home.wait_for_text("step 199", 10)
        silent.wait_for_text("step 199", KEEP_ALIVE_SECONDS + 15)
        for listener in (home, silent):
            assert listener.of_type("left") == []
        speaker.end()
        for listener in (home, silent):
            listener.wait_for_left("Anoop")
        check_talk([home, silent], [speaker], said)


def restart(folder, is_told):
    """The server is stopped or killed, and started again: its clients come back by themselves."""
    with Network() as network:
        lobby = Lobby(network, folder)
        link = lobby.link("delay 10")
        listeners = [lobby.listen(link, "Meera"), lobby.listen(None, "Bo")]
        lobby.wait_for(2)
        speaker = lobby.speak(link, "Anoop")
        lobby.wait_for(3)
        speaker.say("before")
        for listener in listeners:
            listener.wait_for_text("before")
        if is_told:
            assert lobby.server.stop() == 0
        else:
            lobby.server.process.kill()
            lobby.server.process.wait()
        speaker.say("while it was away")
        time.sleep(1)
        lobby.start()
        lobby.wait_for(3, KEEP_ALIVE_SECONDS + 15)
        speaker.say("after")
        for listener in listeners:
            listener.wait_for_text("after")
            check_return(listener)
        speaker.end()
        for listener in listeners:
            listener.wait_for_left("Anoop")
        heard = "\n".join(lobby.server.transcript.lines)
        # Who came back later than the speaker did not hear this one, but the server took it once.
        assert heard.count("while it was away") == 1 and heard.count("after") == 1
        assert "before" not in heard


def check_return(listener):
    """It is the same client, heard nothing twice, and said once that it is back."""
    assert listener.joiner.process.poll() is None
    texts = listener.texts
    assert texts in (["before", "while it was away", "after"], ["before", "after"])
    lines = [line for line in listener.joiner.errors.lines if IS_BACK.search(line)]
    objects = [item for item in listener.objects if IS_BACK.search(item["type"])]
    assert len(lines) + len(objects) == 1, (listener.joiner.errors.lines, listener.objects)


SLOW = {
    "test_a_link_that_goes_away_for_20_seconds_loses_nothing": (outage,),
    "test_a_client_whose_address_changes_goes_on": (change_of_address, False),
    "test_a_client_behind_a_nat_that_takes_another_port_goes_on": (change_of_address, True),
    "test_clients_come_back_to_a_server_that_told_them_and_say_so_once": (restart, True),
    "test_clients_come_back_to_a_server_that_was_killed_and_say_so_once": (restart, False),
}


@pytest.fixture(scope="module", autouse=True)
def slow(request, tmp_path_factory):
    """Begins with those that were asked for; gives what waits for the one of this name."""
    wanted = [item.name for item in request.session.items if item.name in SLOW]
    if MISSING is not None:
        wanted = []
    with concurrent.futures.ThreadPoolExecutor(len(SLOW)) as pool:
        begun = {}
        for name in wanted:
            scenario, *words = SLOW[name]
            begun[name] = pool.submit(scenario, tmp_path_factory.mktemp("slow"), *words)
        yield begun


def test_clients_come_back_to_a_server_that_told_them_and_say_so_once(slow, request):
    slow[request.node.name].result()


def test_clients_come_back_to_a_server_that_was_killed_and_say_so_once(slow, request):
    slow[request.node.name].result()


def test_a_client_whose_address_changes_goes_on(slow, request):
    slow[request.node.name].result()


def test_a_client_behind_a_nat_that_takes_another_port_goes_on(slow, request):
    slow[request.node.name].result()


def test_a_link_that_goes_away_for_20_seconds_loses_nothing(slow, request):
    slow[request.node.name].result()

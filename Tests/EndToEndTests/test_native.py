"""The native protocol, spoken by a client that was written from its specification alone."""

import os
import pathlib
import random
import struct
import time

import pytest

from support import native_wire as wire
from support.pictures import jpeg_photo
from support.program import run_chatd


def has_aes():
    """Whether the processor has instructions for AES-GCM."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    return {"aes", "pclmulqdq"} <= set(text.split()) or {"aes", "pmull"} <= set(text.split())


# Before there is a session


def test_hello_is_answered_with_less(serve, native):
    server = serve()
    client = native(server, connects=False)
    answer = client.ask()
    assert len(client.heard_datagrams[-1]) < len(client.sent_datagrams[-1]) == 256
    assert not answer.needs_password and answer.present == 0
    server.a("Old")
    assert native(server, connects=False).ask().present == 1


@pytest.mark.parametrize("datagram", [
    struct.pack(">BBQ", wire.HELLO, 1, 7).ljust(255, b"\0"),
    struct.pack(">BB", wire.INIT, 1) + bytes(124),
    struct.pack(">BIQ", wire.DATA, 1, 0)[:12],
    b"\x85" * 300,
], ids=["short", "cookie", "data", "type"])
def test_some_datagrams_are_not_answered(serve, native, datagram):
    client = native(serve(), connects=False)
    client.send_datagram(datagram)
    # What comes next is the answer to the next Hello, and nothing was before it.
    client.ask()
    assert len(client.heard_datagrams) == 1


def test_a_cookie_is_good_for_one_address(serve, native):
    client = native(serve())
    client.roam()
    client.send_datagram(client.handshake.init)
    client.ask()
    assert [datagram[0] for datagram in client.heard_datagrams[-1:]] == [wire.HELLO_ANSWER]


def test_the_same_init_is_answered_the_same(serve, native):
    client = native(serve())
    accept = client.heard_datagrams[-1]
    for _ in range(3):
        client.send_datagram(client.handshake.init)
        assert client.receive_datagram(5) == accept
    assert client.join("Anna").type == wire.WELCOME


# Talk


@pytest.mark.parametrize("offers_aes", [False, True], ids=["ChaChaPoly", "AESGCM"])
def test_people_talk(serve, native, offers_aes):
    server = serve()
    anna = native(server, "Anna", offers_aes=offers_aes)
    # Where the processor has no instructions for it, the server takes no AES.
    assert anna.handshake.cipher == int(offers_aes and has_aes())
    assert (anna.welcome.type, anna.welcome.name, anna.welcome.flags) == (wire.WELCOME, "Anna", 2)
    bert = native(server, "Bert")
    assert bert.welcome.log == anna.welcome.log
    assert bert.welcome.member != anna.welcome.member
    anna.wait_for_event(wire.JOINED, name="Bert", member=bert.welcome.member)
    number = anna.say("hello, Bert")
    assert anna.receipt(0, number).status == 0
    for client in (anna, bert):
        event = client.wait_for_event(wire.SAID, text="hello, Bert")
        assert (event.member, event.run) == (anna.welcome.member, anna.run)
        assert event.own == number == 1
        assert event.number == anna.welcome.next_number
        assert abs(event.time / 1_000 - time.time()) < 60
    bert.leave()
    anna.wait_for_event(wire.LEFT, member=bert.welcome.member, reason=0)
    numbers = [event.seq for event in anna.events]
    assert numbers == list(range(anna.welcome.next, anna.welcome.next + len(numbers)))


def test_old_and_new_clients_share_the_lobby(serve, native):
    server = serve()
    old = server.a("Old")
    anna = native(server, "Anna")
    members = [name for m in anna.control if m.type == wire.PRESENT for _, name in m.members]
    assert "Old" in members
    old.say("from far away")
    event = anna.wait_for_event(wire.SAID, text="from far away")
    assert (event.run, event.own) == (0, 0)
    number = anna.say("from nearby")
    anna.receipt(0, number)
    assert b"Anna: from nearby" in old.received()
    assert anna.receipt(0, anna.say("waves", kind=wire.ACTION)).status == 0
    assert anna.receipt(0, anna.say("tea", kind=wire.NEW_TOPIC)).status == 0
    assert {b"Anna: * waves", b"Anna: * the topic is now: tea"} <= set(old.received())
    assert native(server, "Late").welcome.topic == "tea"


def test_saying_it_twice_does_not_double_it(serve, native):
    server = serve()
    anna = native(server, "Anna")
    anna.say("once")
    anna.receipt(0, 1)
    anna.control.clear()
    anna.say("once", number=1)
    assert anna.receipt(0, 1).status == 0
    anna.say("and then")
    anna.wait_for_event(wire.SAID, text="and then")
    assert [event.text for event in anna.events if event.type == wire.SAID] == ["once", "and then"]


def test_nothing_is_lost_where_datagrams_are(serve, native):
    server = serve()
    dice = random.Random(3)
    anna = native(server, "Anna", loses=lambda _: dice.random() < 0.2)
    bert = native(server, "Bert")
    texts = [f"line {number} " + "x" * dice.randrange(400) for number in range(60)]
    for text in texts:
        anna.say(text)
        anna.pump(lambda: True, "")
    anna.receipt(0, len(texts))
    for client in (bert, anna):
        client.wait_for_event(wire.SAID, own=len(texts))
        assert [event.text for event in client.events if event.type == wire.SAID] == texts


def test_who_comes_back_gets_the_rest(serve, native):
    server = serve()
    anna, bert = native(server, "Anna"), native(server, "Bert")
    bert.say("first")
    last = anna.wait_for_event(wire.SAID, text="first").seq
    static, run, log = anna.static, anna.run, anna.welcome.log
    for text in ("second", "third"):
        bert.receipt(0, bert.say(text))
    again = native(server, static=static)
    again.run = run
    welcome = again.join("Anna", log, last)
    assert (welcome.type, welcome.name, welcome.log) == (wire.WELCOME, "Anna", log)
    assert (welcome.flags & 1, welcome.next, welcome.said) == (1, last + 1, 0)
    again.wait_for_event(wire.SAID, text="third")
    assert [event.text for event in again.events if event.type == wire.SAID] == ["second", "third"]


def test_a_name_belongs_to_its_first_key(serve, native):
    server = serve()
    anna = native(server, "Anna")
    stranger = native(server)
    refused = stranger.join("Anna", may_be_numbered=False)
    assert (refused.type, refused.reason) == (wire.REFUSED, 1)
    anna.leave()
    assert stranger.join("Anna", may_be_numbered=False).type == wire.REFUSED
    assert native(server, static=anna.static).join("Anna").name == "Anna"


# Packets


def test_forged_and_repeated_packets_change_nothing(serve, native):
    server = serve()
    anna = native(server, "Anna")
    for number in range(5):
        anna.receipt(0, anna.say(f"line {number}"))
    sent = [datagram for datagram in anna.sent_datagrams if datagram[0] == wire.DATA]
    for datagram in sent:
        anna.send_datagram(datagram)
        for index in range(0, len(datagram), 3):
            changed = bytearray(datagram)
            changed[index] ^= 0x40
            anna.socket.send(changed)
    anna.receipt(0, anna.say("the end"))
    anna.wait_for_event(wire.SAID, text="the end")
    said = [event.text for event in anna.events if event.type == wire.SAID]
    assert said == [f"line {number}" for number in range(5)] + ["the end"]


def test_a_session_goes_on_from_another_port(serve, native):
    server = serve()
    anna, bert = native(server, "Anna"), native(server, "Bert")
    anna.roam()
    anna.receipt(0, anna.say("from another port"))
    bert.wait_for_event(wire.SAID, text="from another port")
    bert.receipt(0, bert.say("so I see"))
    anna.wait_for_event(wire.SAID, text="so I see")


@pytest.mark.parametrize("offers_aes", [False, True], ids=["ChaChaPoly", "AESGCM"])
def test_the_key_may_be_changed(serve, native, offers_aes):
    server = serve()
    anna = native(server, "Anna", offers_aes=offers_aes)
    for phase in range(3):
        anna.receipt(0, anna.say(f"in phase {phase}"))
        anna.settle()
        anna.update_key()
    anna.receipt(0, anna.say("in phase 3"))
    assert {datagram[0] for datagram in anna.sent_datagrams} >= {0x86, 0x87}


def test_an_unknown_frame_closes_the_session(serve, native):
    anna = native(serve(), "Anna")
    anna.send_frames(b"\x3f", repeat=())
    anna.pump(lambda: anna.closed, "CLOSE")
    assert anna.closed[0] == 3


def test_nothing_travels_in_the_clear(serve, native):
    server = serve()
    anna, bert = native(server, "Annabella"), native(server, "Bertram")
    anna.receipt(0, anna.say("something that is secret"))
    bert.wait_for_event(wire.SAID, text="something that is secret")
    for client in (anna, bert):
        wire_bytes = b"".join(client.sent_datagrams + client.heard_datagrams)
        for text in (b"secret", b"Annabella", b"Bertram", client.handshake.psk or b"psk"):
            assert text not in wire_bytes


def test_a_server_that_stops_says_so(serve, native):
    server = serve()
    anna = native(server, "Anna")
    assert server.stop() == 0
    anna.pump(lambda: anna.closed, "CLOSE")
    assert anna.closed[0] == 1


# Pictures


def test_a_picture_arrives_as_it_was_sent(serve, native):
    server = serve()
    anna, bert = native(server, "Anna"), native(server, "Bert")
    carla = native(server, "Carla")
    picture = jpeg_photo(640, 480, quality=80)
    assert anna.show(picture).status == 0
    for client in (bert, carla):
        shown = client.wait_for_event(wire.SHOWED, member=anna.welcome.member)
        assert (shown.width, shown.height, shown.length) == (640, 480, len(picture))
        client.pump(lambda: shown.object in client.pictures, "the picture")
        assert client.pictures[shown.object] == picture
    own = anna.wait_for_event(wire.SHOWED, member=anna.welcome.member)
    assert own.object not in anna.parts


def test_what_is_no_picture_is_not_shown(serve, native):
    anna = native(serve(), "Anna")
    receipt = anna.show(os.urandom(5_000))
    assert receipt.status == 1 and receipt.words


# Rooms


def test_a_room_hears_only_its_own(serve, native):
    server = serve()
    anna, bert, carla = (native(server, name) for name in ("Anna", "Bert", "Carla"))
    garden = [client.enter("garden") for client in (anna, bert)]
    assert all(entered.type == wire.ENTERED for entered in garden)
    assert carla.enter("Garden").type == wire.NOT_ENTERED
    channel = garden[0].channel
    anna.wait_for_event(wire.JOINED, channel, name="Bert")
    picture = jpeg_photo(320, 240, quality=80)
    assert anna.receipt(0, anna.say("in the garden", channel=channel)).status == 0
    assert anna.show(picture, channel).status == 0
    said = bert.wait_for_event(wire.SAID, channel, text="in the garden")
    assert (said.number, said.run, said.own) == (garden[1].next_number, anna.run, 1)
    shown = bert.wait_for_event(wire.SHOWED, channel)
    bert.pump(lambda: shown.object in bert.pictures, "the picture")
    assert bert.pictures[shown.object] == picture
    bert.part(channel)
    anna.wait_for_event(wire.LEFT, channel, member=bert.welcome.member, reason=0)
    failed = bert.receipt(0, bert.say("anybody here?", channel=channel))
    assert (failed.status, failed.words) == (1, "you are not in that room")
    anna.receipt(0, anna.say("to all"))
    carla.wait_for_event(wire.SAID, text="to all")
    assert [event.type for event in carla.events if event.type >= wire.SAID] == [wire.SAID]


# Passwords


@pytest.mark.skipif(b"--password-file" not in run_chatd("serve", "--help").stdout,
                    reason="the server takes no password")
def test_a_password_is_needed(serve, native, tmp_path):
    from support.native_handshake import Refused

    path = tmp_path / "password"
    path.write_text("open sesame\n")
    path.chmod(0o600)
    server = serve("--password-file", str(path))
    anna = native(server, "Anna", password="open sesame")
    assert anna.answer.needs_password and anna.answer.salt != bytes(16)
    assert anna.receipt(0, anna.say("hello")).status == 0
    wrong = native(server, connects=False, password="open barley")
    with pytest.raises(Refused) as refused:
        wrong.connect()
    assert refused.value.reason == 1

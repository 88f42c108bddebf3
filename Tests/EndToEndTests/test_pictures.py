"""Pictures on their way through the server."""

import pytest

from support.clients import DATAGRAM_BYTES_MAX, hush
from support.pictures import jpeg_photo, jpeg_shell, png

HOSTILE = {
    "no JPEG at all": b"garbage that is no picture",
    "nothing": b"",
    "a PNG": png(8, 8),
    "only the first marker": b"\xff\xd8",
    "only the headers' beginning": jpeg_shell()[:40],
    "headers without a scan": jpeg_shell()[:jpeg_shell().index(b"\xff\xda")],
    "a bomb of 65,535 × 65,535": jpeg_shell(65_535, 65_535),
    "a side of 4,097": jpeg_shell(4_097, 10),
    "a height of 4,097": jpeg_shell(10, 4_097),
    "too many pixels": jpeg_shell(4_000, 4_000),
    "no width": jpeg_shell(0, 480),
    "no height": jpeg_shell(640, 0),
    "two components": jpeg_shell(components=2),
    "a lossless frame": jpeg_shell(marker=0xC3),
    "an arithmetic frame": jpeg_shell(marker=0xC9),
    "fewer bytes than its pixels take": jpeg_shell(4_000, 2_000, body=b"\x12\x34", pads=False),
    "zeros": bytes(2_000),
}
SOUND = {
    "baseline": jpeg_shell(),
    "progressive": jpeg_shell(marker=0xC2),
    "grey": jpeg_shell(components=1),
    "CMYK": jpeg_shell(components=4),
    "one pixel": jpeg_shell(1, 1),
    "a long side": jpeg_shell(4_096, 2_048),
    "holding what looks like a message": jpeg_shell(body=b"Meera: hello\nIMG:x:\xff\x00"),
}


@pytest.mark.parametrize("jpeg", SOUND.values(), ids=SOUND)
def test_a_picture_reaches_clients_of_a_byte_for_byte_and_b_is_told(serve, jpeg):
    server = serve()
    anoop, meera, bo = server.a("Anoop"), server.a("Meera"), server.b("Bo")
    hush(anoop, meera, bo)
    anoop.show(jpeg)
    anoop.settle()
    assert meera.received() == [b"IMG:Anoop:" + jpeg]
    assert bo.received() == [b"Anoop sent an image."]
    assert anoop.received() == []


@pytest.mark.parametrize("quality, options", [(50, {}), (50, {"progressive": True}),
                                              (50, {"mode": "L"}), (20, {"mode": "CMYK"})])
def test_a_real_photograph_reaches_clients_of_a_byte_for_byte(serve, quality, options):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    jpeg = jpeg_photo(640, 480, quality, **options)
    assert len(jpeg) < DATAGRAM_BYTES_MAX - 50
    anoop.show(jpeg)
    anoop.settle()
    assert meera.received() == [b"IMG:Anoop:" + jpeg]


@pytest.mark.parametrize("jpeg", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_sound_jpeg_is_told_to_its_sender_once_and_goes_nowhere(serve, jpeg):
    server = serve()
    anoop, meera, bo = server.a("Anoop"), server.a("Meera"), server.b("Bo")
    hush(anoop, meera, bo)
    anoop.show(jpeg)
    notices = anoop.received()
    assert len(notices) == 1 and b"not passed on" in notices[0], notices
    assert meera.received() == [] and bo.received() == []
    server.log.wait_for(f" dropped .*reason=bad-picture.*127.0.0.1:{anoop.port}")
    anoop.say("still here")
    anoop.settle()
    assert meera.received() == [b"Anoop: still here"]


def test_a_picture_that_claims_another_name_is_its_senders(serve, jpeg):
    server = serve()
    anoop, meera, ravi = (server.a(name) for name in ("Anoop", "Meera", "Ravi"))
    hush(anoop, meera, ravi)
    anoop.send(b"IMG:Meera:" + jpeg)
    anoop.settle()
    assert ravi.received() == [b"IMG:Anoop:" + jpeg]
    assert meera.received() == [b"IMG:Anoop:" + jpeg]


def test_a_numbered_clients_picture_carries_its_number(serve, jpeg):
    server = serve()
    first, second, bo = server.a("Anoop"), server.a("Anoop"), server.b("Bo")
    hush(first, second, bo)
    second.show(jpeg)
    second.settle()
    assert first.received() == [b"IMG:Anoop-2:" + jpeg]
    assert bo.received() == [b"Anoop-2 sent an image."]


def test_the_largest_picture_arrives_whole(serve):
    server = serve()
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    room = DATAGRAM_BYTES_MAX - len(b"IMG:Anoop:")
    headers = len(jpeg_shell(body=b"", pads=False))
    jpeg = jpeg_shell(body=b"\x55" * (room - headers), pads=False)
    assert len(jpeg) == room
    anoop.show(jpeg)
    anoop.settle()
    assert meera.received() == [b"IMG:Anoop:" + jpeg]


def test_a_strangers_hostile_picture_under_a_name_of_no_utf8_joins_nobody(serve, jpeg):
    server = serve()
    watcher, stranger = server.a("Watcher"), server.stranger()
    for datagram in (b"IMG:\xff\xfe:" + jpeg, b"IMG:../../x:" + jpeg, b"IMG::" + jpeg,
                     b"IMG:" + jpeg[:3]):
        stranger.send(datagram)
    stranger.settle()
    assert watcher.received() == []
    assert server.summary()["clients"] == 1


def test_a_client_of_b_that_shows_a_picture_is_relayed_like_any_other(serve, jpeg):
    server = serve()
    anoop, bo = server.a("Anoop"), server.b("Bo")
    hush(anoop, bo)
    bo.send(b"IMG:Bo:" + jpeg)
    bo.settle()
    assert anoop.received() == [b"IMG:Bo:" + jpeg]


def test_notices_about_pictures_come_at_most_once_a_second(serve):
    server = serve()
    anoop = server.a("Anoop")
    for _ in range(100):
        anoop.show(b"garbage")
    assert 1 <= len(anoop.received()) <= 5
    assert server.summary()["dropped-bad-picture"] == 100

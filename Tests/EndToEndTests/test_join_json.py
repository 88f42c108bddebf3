"""`chatd join --json`: every event is one object a line."""

import re
import subprocess

import pytest

from support.clients import hush
from support.pictures import jpeg_shell
from support.waiting import wait_until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(name="talk")
def start_talk(serve, join):
    """A server, somebody who talks, and a client that has joined with --json."""
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--json", "--follow", stdin=subprocess.DEVNULL)
    assert watcher.receive() == b"Piper has joined the chat."
    hush(watcher)
    return server, watcher, piper


def objects(piper, count):
    """The first so many objects, without their times, which must be times, and without their room
    and the numbers of messages, which must be the lobby's."""
    wait_until(lambda: piper.output.bytes.count(b"\n") >= count, "objects")
    found = piper.objects[:count]
    number = 0
    for item in found:
        assert TIME.fullmatch(item.pop("time")), item
        assert item.pop("room", "lobby") == "lobby", item
        if item["type"] == "message" and "number" in item:
            assert item.pop("number") > number
            number += 1
    return found


def test_a_message_says_who_and_what(talk):
    _, watcher, piper = talk
    watcher.say('a "quoted" \\ text: 你好')
    watcher.say("second")
    assert objects(piper, 2) == [
        {"type": "message", "from": "Watcher", "text": 'a "quoted" \\ text: 你好'},
        {"type": "message", "from": "Watcher", "text": "second"}]


@pytest.mark.parametrize("text", ["\x1b[31mred", "two\nlines", "tab\t", "\x07", "\x9b", "\u202e",
                                  "\x00", "\x7f", "\u2028", "", "{}", "🎉"])
def test_a_text_comes_through_exactly_and_obeys_nothing(talk, text):
    _, watcher, piper = talk
    watcher.say(text)
    assert objects(piper, 1) == [{"type": "message", "from": "Watcher", "text": text}]
    line = piper.output.bytes.decode()
    assert line.count("\n") == 1 and line.endswith("}\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", line)


def test_joins_and_leaves_are_objects(talk):
    server, _, piper = talk
    meera, bo = server.a("Meera"), server.b("Bo")
    meera.leave()
    bo.leave()
    assert objects(piper, 4) == [
        {"type": "joined", "name": "Meera"}, {"type": "joined", "name": "Bo"},
        {"type": "left", "name": "Meera"}, {"type": "left", "name": "Bo"}]


def test_a_picture_says_who_how_large_and_where_it_is(talk, jpeg):
    _, watcher, piper = talk
    watcher.show(jpeg)
    picture, = objects(piper, 1)
    file = picture.pop("file")
    assert file.endswith("received_image_from_Watcher.jpg")
    assert picture == {
        "type": "picture", "from": "Watcher", "bytes": len(jpeg), "width": 640, "height": 480}


def test_a_picture_that_is_not_saved_has_no_file(serve, join, jpeg):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--json", "--no-save", "--count", "1", stdin=subprocess.DEVNULL)
    assert watcher.receive() == b"Piper has joined the chat."
    watcher.show(jpeg)
    assert piper.wait() == 0
    assert [sorted(item) for item in piper.objects] == [
        ["bytes", "from", "height", "room", "time", "type", "width"]]


def test_another_name_is_an_object(serve, join):
    server = serve()
    server.a("Piper")
    piper = join(server, "--json", "--follow", name=None, env={"USER": "Piper"},
                 stdin=subprocess.DEVNULL)
    assert objects(piper, 1) == [{"type": "renamed", "name": "Piper-2"}]


def test_what_the_server_has_is_an_object_with_its_number(serve, join):
    server = serve()
    piper = join(server, "--json")
    piper.write("one\ntwo\nthree\n")
    piper.end_input()
    assert piper.wait() == 0
    assert objects(piper, 3) == [
        {"type": "accepted", "what": "message", "number": number} for number in (1, 2, 3)]


def test_a_line_of_the_server_is_a_notice(classroom, join):
    server = classroom()
    piper = join(server, "--classic", "--json", "--follow", stdin=subprocess.DEVNULL)
    server.wait_for(b"Piper has joined the chat.")
    server.socket.sendto(b"tea is ready", list(server.names)[0])
    assert objects(piper, 1) == [{"type": "notice", "text": "tea is ready"}]


def test_a_restart_of_the_server_is_two_objects(talk, serve):
    server, watcher, piper = talk
    watcher.say("last words")
    watcher.settle()
    server.stop()
    assert objects(piper, 2)[1:] == [{"type": "connection-lost", "reason": "shut-down"}]
    serve("--port", str(server.port), state=server.state)
    assert objects(piper, 3)[2:] == [{"type": "restored", "missed": "nothing", "here": []}]


def test_after_a_restart_of_a_server_that_keeps_nothing_something_may_be_missing(serve, join):
    server = serve("--no-history")
    piper = join(server, "--json", "--follow", stdin=subprocess.DEVNULL)
    server.wait_for_summary(clients=1)
    server.stop()
    piper.output.wait_for('"connection-lost"')
    serve("--no-history", "--port", str(server.port), state=server.state)
    piper.output.wait_for('"restored"')
    assert [item["missed"] for item in piper.objects if item["type"] == "restored"] == ["unknown"]


def test_standard_output_holds_nothing_but_objects(serve, join):
    server = serve()
    piper = join(server, "--json")
    piper.write("what I say myself is only accepted\n")
    piper.end_input()
    assert piper.wait() == 0
    assert [item["type"] for item in piper.objects] == ["accepted"]


def test_order_is_kept_between_pictures_and_text_with_classic(serve, join, jpeg):
    server = serve()
    watcher = server.a("Watcher")
    piper = join(server, "--classic", "--json", "--follow", stdin=subprocess.DEVNULL)
    assert watcher.receive() == b"Piper has joined the chat."
    for number in range(20):
        watcher.show(jpeg)
        watcher.say(str(number))
    kinds = [item["type"] for item in objects(piper, 40)]
    assert kinds == ["picture", "message"] * 20
    texts = [item["text"] for item in piper.objects if item["type"] == "message"]
    assert texts == [str(number) for number in range(20)]


def test_no_text_waits_for_a_picture_and_each_keeps_its_order(talk):
    _, watcher, piper = talk
    pictures = [jpeg_shell(body=b"%d" % number * (50 + 10 * number)) for number in range(20)]
    for number, picture in enumerate(pictures):
        watcher.show(picture)
        watcher.say(str(number))
    found = objects(piper, 40)
    assert [item["text"] for item in found if item["type"] == "message"] == [
        str(number) for number in range(20)]
    assert [item["bytes"] for item in found if item["type"] == "picture"] == [
        len(picture) for picture in pictures]

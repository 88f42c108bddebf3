"""Limits: who goes beyond one is named in the log, and harms nobody else."""

from support.clients import ClassicA, ClassicB, hush
from support.waiting import wait_until


def test_a_flood_of_messages_is_cut_and_others_are_unharmed(serve):
    server = serve("--messages-per-second", "5")
    flooder, anoop, watcher = server.a("Flooder"), server.a("Anoop"), server.a("Watcher")
    hush(flooder, anoop, watcher)
    for number in range(1_000):
        flooder.say(str(number))
        if number % 100 == 99:
            flooder.settle()
    notices = [datagram for datagram in flooder.received() if b"too fast" in datagram]
    # At once, and then at most once a second.
    assert 1 <= len(notices) <= 20
    anoop.say("I still get through")
    anoop.settle()
    seen = watcher.received()
    relayed = [datagram for datagram in seen if datagram.startswith(b"Flooder: ")]
    assert 5 <= len(relayed) < 500
    assert relayed[:5] == [b"Flooder: %d" % number for number in range(5)]
    assert seen.count(b"Anoop: I still get through") == 1
    line = server.log.wait_for(" dropped .*messages-per-second")[0]
    assert "--messages-per-second" in line and f"127.0.0.1:{flooder.port}" in line
    summary = server.summary()
    assert summary["dropped-messages-per-second"] == 1_000 - len(relayed)


def test_a_flood_of_drops_does_not_flood_the_log(serve):
    server = serve()
    anoop = server.a("Anoop")
    for _ in range(20):
        for _ in range(100):
            anoop.send(b"\xff")
        anoop.settle()
    wait_until(lambda: server.summary()["dropped-not-text"] == 2_000, "all are counted")
    lines = server.log.wait_for(" dropped .*not-text")
    assert len(lines) <= 20


def test_messages_per_second_0_is_no_limit(serve):
    server = serve("--messages-per-second", "0")
    anoop, watcher = server.a("Anoop"), server.a("Watcher")
    hush(anoop, watcher)
    seen = 0
    for _ in range(20):
        for _ in range(100):
            anoop.say("again")
        anoop.settle()
        seen += len(watcher.received())
    assert seen == 2_000


def test_a_flood_of_joins_from_one_address_is_cut_and_others_get_in(serve):
    server = serve("--joins-per-second", "1")
    crowd = [server.stranger(ClassicA, f"Guest {number}") for number in range(150)]
    for guest in crowd:
        guest.send(f"{guest.name} has joined the chat.")
        guest.settle()
    summary = server.summary()
    assert 1 <= summary["clients"] < 100
    assert summary["clients"] + summary["dropped-joins-per-second"] == 150
    line = server.log.wait_for(" dropped .*joins-per-second")[0]
    assert "--joins-per-second" in line and "127.0.0.1:" in line
    # Who is in can talk, and another address can join.
    meera = server.stranger(ClassicB, "Meera", source="127.0.0.2")
    assert meera.ask_to_join() == b"Welcome"
    crowd[0].say("hello")
    crowd[0].settle()
    assert b"Guest 0:hello" in meera.received()


def test_a_full_server_says_so_and_takes_the_next_one_after_somebody_left(serve):
    server = serve("--clients-max", "2")
    anoop, bo = server.a("Anoop"), server.b("Bo")
    hush(anoop, bo)
    late = server.stranger(ClassicA, "Late")
    late.send("Late has joined the chat.")
    told = late.received()
    assert len(told) == 1 and b"full" in told[0]
    assert server.stranger(ClassicB, "Later").ask_to_join() not in (b"Welcome", b"")
    assert anoop.received() == [] and bo.received() == []
    line = server.log.wait_for(" dropped .*clients-max")[0]
    assert "--clients-max" in line
    bo.leave()
    server.wait_for_summary(clients=1)
    server.b("Later")
    assert anoop.received() == [b"Bo has left the chat.", b"Later has joined the chat."]


def test_a_full_server_still_relays(serve):
    server = serve("--clients-max", "2")
    anoop, meera = server.a("Anoop"), server.a("Meera")
    hush(anoop, meera)
    for number in range(50):
        server.stranger().send(f"Guest {number}: let me in")
    anoop.say("never mind them")
    anoop.settle()
    assert meera.received() == [b"Anoop: never mind them"]


def test_classic_off_answers_nobody(serve):
    server = serve("--classic", "off")
    clients = [server.stranger(ClassicA, "Anoop"), server.stranger(ClassicB, "Bo")]
    clients[0].send("Anoop has joined the chat.")
    clients[1].send("Bo:join")
    clients[1].send("DISCOVER_CHAT_SERVER")
    wait_until(lambda: server.summary()["datagrams"] == 3, "all were handled")
    line = server.log.wait_for(" dropped .*classic-off")[0]
    assert "--classic" in line
    assert server.summary()["clients"] == 0
    for client in clients:
        client.socket.setblocking(False)
        try:
            raise AssertionError(client.socket.recv(65_536))
        except BlockingIOError:
            pass


def test_the_log_names_the_policy_at_the_start(serve):
    assert "classic=private" in serve().log.wait_for("listening")[0]
    assert "classic=any" in serve("--classic", "any").log.wait_for("listening")[0]

"""Many clients, many messages: everyone receives exactly what they should, and nothing is lost."""

import random

import pytest

from support.crowd import Crowd

# Messages that are sent before everyone has received them: few enough for every buffer.
WINDOW = 100


@pytest.mark.parametrize(
    "clients, messages",
    [(20, 1_000), pytest.param(200, 10_000, marks=pytest.mark.soak)])
def test_everyone_receives_exactly_what_they_should(serve, clients, messages):
    server = serve("--joins-per-second", "0", "--messages-per-second", "0")
    dice = random.Random(clients)
    rounds = messages // WINDOW
    crowd = Crowd(server.address, clients + 2 * rounds)
    try:
        absent = list(crowd.members)
        for _ in range(clients):
            crowd.join(absent.pop(0))
        for number in range(rounds):
            talk(crowd, dice, number)
            # Two leave and two others come, of both dialects; those who left are told nothing.
            for _ in range(2):
                crowd.leave(dice.choice(crowd.present))
                crowd.join(absent.pop(0))
        check_the_end(server, crowd, clients, messages, rounds)
    finally:
        crowd.close()


def talk(crowd, dice, number):
    """A window of messages by anybody, and everyone has them."""
    for index in range(WINDOW):
        text = f"message {number * WINDOW + index}: {'grüß ' * dice.randrange(12)}"
        crowd.say(dice.choice(crowd.present), text)
    crowd.wait()


def check_the_end(server, crowd, clients, messages, rounds):
    """The server's own numbers agree, and the kernel dropped nothing."""
    assert crowd.kernel_drops() == 0
    summary = server.summary()
    assert summary["kernel-drops"] == 0
    assert summary["clients"] == clients
    assert summary["joined"] == clients + 2 * rounds
    assert summary["left"] == 2 * rounds and summary["lost"] == 0
    assert summary["messages"] == messages
    assert not [field for field in summary if field.startswith("dropped-")]
    assert server.stop() == 0
    said = [line for line in server.transcript.lines if ": message " in line]
    assert len(said) == messages
    # Each message of the last window reached everyone but its author.
    assert crowd.delivered > messages * (clients - 1)

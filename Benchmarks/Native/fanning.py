"""Fan-out of text and of pictures: CPU time for each delivery, by turns with the peers."""

import pathlib
import tempfile

from subjects import make_picture, native_subject, nats_subject, subjects_of_fanout
from turns import Turn, median, print_table, run_passes, spread, who

WINDOWS = (1, 32, 256)
DELIVERIES = {1: 100_000, 32: 200_000, 256: 400_000}
# The greatest ratios of chatd's cost to another's, by messages in flight.
RATIOS_MAX = {
    1: {"relay": 1.15, "NATS TLS": 0.45},
    32: {"relay": 0.15, "Redis": 1.00, "NATS TLS": 0.25},
    256: {"relay": 0.10},
}
PICTURE_BYTES = 40_000
PICTURE_COMMENT_BYTES = 12  # that the load puts in
PICTURE_DELIVERIES = 10_000
PICTURE_RATIO_MAX = 0.60


def ratios(passes, name, other):
    return [one[name].cost / one[other].cost for one in passes]


def load_share(passes, name):
    """The load's CPU time as a part of the server's."""
    return median(passes, lambda one: one[name].load_cost / one[name].cost)


def show(results, names, first_column):
    """The table of a comparison."""
    pairs = [("chatd", other) for other in names if other != "chatd" and "chatd" in names]
    pairs = [(name, other) for name, other in pairs if other != "relay again"]
    if "relay again" in names:
        pairs.append(("relay again", "relay"))
    header = ["clients", first_column, *(f"{name} µs" for name in names if name != "relay again")]
    header += ["A/A" if name == "relay again" else f"/ {other}" for name, other in pairs]
    header += ["load's share", "lost", "stray"]
    rows = []
    for (clients, window), passes in sorted(results.items()):
        costs = [median(passes, lambda one: one[name].cost) for name in names if name in passes[0]]
        row = [f"{clients:,}", str(window)]
        row += [
            f"{cost:.3f}" for name, cost in zip(names, costs) if name != "relay again"
        ]
        row += [spread(ratios(passes, name, other), 3) for name, other in pairs]
        row.append(", ".join(f"{name} {load_share(passes, name):.2f}" for name in names))
        rows.append([*row, who(passes, "lost"), who(passes, "stray")])
    print_table(header, rows)


def misses(results, limits):
    """What exceeds the greatest ratios, `limits[window][other]`, in words."""
    found = []
    for (clients, window), passes in sorted(results.items()):
        for other, limit in limits.get(window, {}).items():
            if "chatd" not in passes[0] or other not in passes[0]:
                continue
            ratio = median(ratios(passes, "chatd", other), float)
            if ratio > limit:
                found.append(
                    f"{clients:,} clients, {window} in flight: {ratio:.3f} of {other}, not {limit}"
                )
    return found


def fanout(options):
    """Messages of 100 bytes from one speaker to all."""

    def turns(clients):
        scale = 0.5 if options.quick else 1
        return [
            Turn(window, max(int(scale * DELIVERIES[window]) // clients, 4 * window))
            for window in WINDOWS
        ]

    with tempfile.TemporaryDirectory(prefix="native-") as folder:
        home = pathlib.Path(folder)
        subjects, skipped = subjects_of_fanout(options, home)
        for reason in skipped:
            print(f"skipped: {reason}")
        results = run_passes(subjects, options.clients, turns, options, home)
    show(results, list(subjects), "in flight")
    return misses(results, RATIOS_MAX)


def picture(options):
    """One picture of 40 KB after the other to all; NATS publishes as many bytes."""
    sizes = [clients for clients in options.clients if clients <= 200]
    with tempfile.TemporaryDirectory(prefix="native-") as folder:
        home = pathlib.Path(folder)
        path = make_picture(home, PICTURE_BYTES - PICTURE_COMMENT_BYTES)
        size = path.stat().st_size + PICTURE_COMMENT_BYTES
        nats, reason = nats_subject(options, home, "--size", size)
        subjects = {"NATS TLS": nats} if nats else {}
        if reason:
            print(f"skipped: {reason}")
        if not options.peers_only:
            subjects["chatd"] = native_subject(
                options, command=lambda _, count: f"pictures {count} {path}"
            )
        results = run_passes(
            subjects,
            sizes,
            lambda clients: [Turn(1, max(PICTURE_DELIVERIES // clients, 20))],
            options,
            home,
        )
    print(f"pictures of {size:,} bytes")
    show(results, list(subjects), "in flight")
    return misses(results, {1: {"NATS TLS": PICTURE_RATIO_MAX}})

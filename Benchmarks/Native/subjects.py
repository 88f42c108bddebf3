"""What the native benchmarks measure: chatd with native clients, and the servers that it is
compared with, each started for the occasion on loopback and in a folder of its own."""

import pathlib
import shutil
import subprocess

from bench import BENCHMARKS, COMMON, build, chatd_command
from turns import Subject, load_arguments, relay_subject

NATIVE = BENCHMARKS / "Native"
LOAD_SOURCES = (
    "cipher",
    "clients",
    "handshake",
    "inbound",
    "load",
    "noise",
    "ranges",
    "receiving",
    "recovery",
    "sending",
)


def build_load(folder):
    """The load generator with native clients."""
    sources = [NATIVE / f"{name}.c" for name in LOAD_SOURCES]
    return build(folder, "native-load", [*sources, *COMMON], ["crypto", "sodium"])


def build_flood(folder):
    sources = [NATIVE / "flood.c", *(path for path in COMMON if path.stem != "flight")]
    return build(folder, "flood", sources, ["sodium"])


def build_pubsub(folder):
    """The load generator with clients of NATS or Redis."""
    return build(folder, "pubsub", [NATIVE / "pubsub.c", *COMMON], ["ssl", "crypto"])


def together(options):
    """What a load is told so that its speaker says in one go all that may go now."""
    return ["--together", int(options.together)]


def native_subject(options, *load_options, **commands):
    """chatd with native clients."""
    return Subject(
        lambda port: chatd_command(options.chatd, port),
        load_arguments(build_load(options.build), *together(options), *load_options),
        **commands,
    )


def make_certificate(folder):
    """A key and a certificate for this run."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return key, certificate


def program(name):
    """Where a server is; None where it is not installed."""
    return shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def nats_subject(options, home, *load_options):
    """NATS with TLS; None and the reason where it is not installed."""
    server = program("nats-server")
    if not server or not program("openssl"):
        return None, "nats-server or openssl is not installed"
    key, certificate = make_certificate(home)
    return (
        Subject(
            lambda port: [server, "--addr", "127.0.0.1", "--port", port, "--tls"]
            + ["--tlscert", certificate, "--tlskey", key],
            load_arguments(
                build_pubsub(options.build), "--tls", 1, *together(options), *load_options
            ),
        ),
        None,
    )


def redis_subject(options):
    """Redis in the clear, without limits and without a database on disk; None and the reason where
    it is not installed."""
    server = program("redis-server")
    if not server:
        return None, "redis-server is not installed"
    return (
        Subject(
            lambda port: [server, "--bind", "127.0.0.1", "--port", port, "--save", ""]
            + ["--appendonly", "no", "--maxclients", 20000]
            + ["--client-output-buffer-limit", "pubsub 0 0 0"],
            load_arguments(build_pubsub(options.build), "--redis", 1, *together(options)),
        ),
        None,
    )


def subjects_of_fanout(options, home):
    """All that are there by name, the relay twice for the noise; and why others are not."""
    nats, no_nats = nats_subject(options, home)
    redis, no_redis = redis_subject(options)
    relay = relay_subject(options.build)
    subjects = {
        "chatd": None if options.peers_only else native_subject(options),
        "relay": relay,
        "NATS TLS": nats,
        "Redis": redis,
        "relay again": relay,
    }
    skipped = [reason for reason in (no_nats, no_redis) if reason]
    return {name: subject for name, subject in subjects.items() if subject}, skipped


def make_picture(folder, bytes_wanted):
    """A JPEG of 640 × 480 whose size is at most a little below the wanted one. Needs Pillow."""
    from PIL import Image, ImageFilter

    noise = Image.effect_noise((640, 480), 90).convert("RGB")
    picture = noise.filter(ImageFilter.GaussianBlur(1.2))
    path = pathlib.Path(folder) / "picture.jpg"
    for quality in range(95, 4, -1):
        picture.save(path, quality=quality)
        if path.stat().st_size <= bytes_wanted:
            return path
    raise ValueError("no quality is low enough")

"""Starts that are refused: one line that names the flag, and the right exit code."""

import os
import socket

import pytest

from support.program import one_line, run_chatd


def refusal(*flags, code):
    result = run_chatd("serve", *flags, timeout=10)
    line = one_line(result.stderr)
    assert result.returncode == code, line
    assert result.stdout == b""
    assert line.startswith("chatd: ")
    return line


def test_a_port_in_use_is_said(serve):
    server = serve()
    line = refusal("--bind", "127.0.0.1", "--port", str(server.port), code=1)
    assert f"--port {server.port}" in line


def test_a_port_in_use_by_another_program_is_said_on_all_addresses_too():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.bind(("::", 0))
        port = other.getsockname()[1]
        assert f"--port {port}" in refusal("--port", str(port), code=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may bind to every port")
def test_a_port_without_permission_is_said():
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
        if int(file.read()) <= 7:
            pytest.skip("every port is open to everyone here")
    assert "--port 7" in refusal("--bind", "127.0.0.1", "--port", "7", code=1)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_that_is_not_of_this_machine_is_said(address):
    assert f"--bind {address}" in refusal("--bind", address, "--port", "0", code=1)


@pytest.mark.parametrize(
    "flags, named",
    [
        (["--bind", "nonsense"], "--bind"), (["--bind", ""], "--bind"),
        (["--bind", "127.0.0.1:80"], "--bind"),
        (["--port", "65536"], "--port"), (["--port", "-1"], "--port"),
        (["--port", "abc"], "--port"), (["--port", ""], "--port"), (["-p", "x"], "--port"),
        (["--port"], "--port"), (["--port=1.5"], "--port"),
        (["--classic", "some"], "--classic"), (["--idle-timeout", "0"], "--idle-timeout"),
        (["--idle-timeout", "-1"], "--idle-timeout"), (["--idle-timeout", "1y"], "--idle-timeout"),
        (["--idle-timeout", "nan"], "--idle-timeout"),
        (["--clients-max", "0"], "--clients-max"), (["--clients-max", "65537"], "--clients-max"),
        (["--joins-per-second", "-1"], "--joins-per-second"),
        (["--messages-per-second", "many"], "--messages-per-second"),
        (["--log-format", "xml"], "--log-format"), (["--log-level", "loud"], "--log-level"),
        (["--nonsense"], "--nonsense"), (["-Z"], "-Z"), (["--quiet=yes"], "--quiet"),
        (["--save-images"], "--save-images"), (["word"], "word"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value)
def test_a_bad_flag_is_named_and_exits_with_2(flags, named):
    assert named in refusal(*flags, code=2)


def test_a_bad_value_is_shown_and_not_obeyed():
    line = refusal("--bind", "\x1b[31mred", code=2)
    assert "\x1b" not in line and "^[[31mred" in line


@pytest.mark.parametrize("words", [[], ["nonsense"], ["--nonsense"], ["serv"]])
def test_a_wrong_subcommand_is_one_line_and_exits_with_2(words):
    result = run_chatd(*words)
    assert result.returncode == 2 and result.stdout == b""
    assert "--help" in one_line(result.stderr)


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["serve", "--help"], ["serve", "-h"],
                                   ["join", "--help"], ["send", "--help"],
                                   ["send-image", "--help"]])
def test_help_goes_to_standard_output_with_examples_first(words):
    result = run_chatd(*words)
    text = result.stdout.decode()
    assert result.returncode == 0 and result.stderr == b""
    assert text.index("Examples:") < text.index("Usage:") < text.rindex("\n")
    assert max(map(len, text.splitlines())) <= 100


def test_every_subcommand_is_in_the_help():
    text = run_chatd("--help").stdout.decode()
    for name in ("serve", "join", "send", "send-image"):
        assert f"\n  {name} " in text


def test_the_version_is_told():
    result = run_chatd("--version")
    assert result.returncode == 0 and result.stdout.startswith(b"chatd ")

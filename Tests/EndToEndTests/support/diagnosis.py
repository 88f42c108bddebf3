"""What `chatd doctor` finds."""

import json
import os

from .program import new_state, run_chatd

VERDICTS = {"ok", "note", "warning", "failed", "skipped"}
CHECKS = ["interfaces", "firewall", "state", "server", "route", "udp", "tcp", "discovery",
          "round-trip", "whole", "fragments", "key", "password", "handshake", "clock", "summary"]


class Diagnosis:
    """What `doctor --json` said on a host."""

    def __init__(self, host, *words, **options):
        done = host.call(run_chatd, "doctor", "--json", *words, **options)
        self.status = done.returncode
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line["check"] for line in lines] == CHECKS, done.stderr
        assert {line["verdict"] for line in lines} <= VERDICTS
        assert done.stderr == b""
        self.checks = {line["check"]: line for line in lines}
        self.fault = self["summary"].get("fault")

    def __getitem__(self, check):
        return self.checks[check]

    def verdict(self, check):
        return self[check]["verdict"]

    def assert_fault(self, fault, check, status=3):
        """The fault is the summary's, it was found by this check, and it says what to do."""
        assert (self.fault, self.status) == (fault, status), self.checks
        assert self[check]["fault"] == fault
        assert self[check]["verdict"] == self["summary"]["verdict"]
        assert self["summary"]["advice"] == self[check]["advice"] != ""
        assert (status == 0) == (self["summary"]["verdict"] == "warning")


def target(at, server):
    """What --server takes for a server at a host's addresses."""
    return f"{at[4]}:{server.port}"


def block(host, *rules):
    """Each rule begins with its hook, and one table has them all."""
    chains = "".join(
        f"chain c{number} {{ type filter hook {hook} priority 0; {rule} }}\n"
        for number, (hook, rule) in enumerate(rules))
    host.run("nft", "-f", "-", given=f"table inet blocked {{\n{chains}}}\n")


def key_file(text):
    """A file for --password-file."""
    path = os.path.join(new_state(), "password")
    with open(path, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(text)
    return path

"""What `chatd doctor` finds."""

import json

from .program import run_chatd

VERDICTS = {"ok", "note", "warning", "failed", "skipped"}
CHECKS = ["interfaces", "firewall", "state", "server", "route", "udp", "tcp", "discovery", "whole",
          "fragments", "round-trip", "key", "password", "handshake", "clock", "summary"]


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

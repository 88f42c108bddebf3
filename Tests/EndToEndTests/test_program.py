"""The program as a file, and the units that systemd runs it with."""

import shutil
import subprocess

import pytest

from support.program import ROOT, chatd_path, environment

UNITS = sorted((ROOT / "Support").glob("chatd.s*"))


@pytest.mark.skipif(not shutil.which("readelf"), reason="needs readelf")
def test_it_needs_no_swift_library():
    headers = subprocess.run(["readelf", "-d", chatd_path()], check=True, capture_output=True,
                             text=True).stdout
    needed = [line for line in headers.splitlines() if "NEEDED" in line]
    assert needed and not [line for line in needed if "swift" in line.lower()]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_accepts_the_units(tmp_path):
    assert {unit.name for unit in UNITS} == {"chatd.service", "chatd.socket"}
    for unit in UNITS:
        shutil.copy(unit, tmp_path)
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / unit.name for unit in UNITS)],
        capture_output=True, text=True, check=False, env=environment(HOME=str(tmp_path)))
    assert result.returncode == 0, result.stderr
    assert not [line for line in result.stderr.splitlines() if "chatd" in line], result.stderr

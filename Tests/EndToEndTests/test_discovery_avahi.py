"""A server is announced through the Avahi of its machine, where one runs. Needs root."""

import contextlib
import shutil
import subprocess

import pytest

from support.collector import Collector
from support.network import what_is_missing
from support.segment import Segment
from support.waiting import PATIENCE_SECONDS, wait_until


def missing():
    for tool in ("avahi-daemon", "avahi-browse", "dbus-daemon", "unshare"):
        if not shutil.which(tool):
            return f"needs {tool} to announce and look"
    return what_is_missing()


MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>custom</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""
# The daemon's own files lie in /run, where there may be another's: it gets a /run of its own.
DAEMON = ("mount -t tmpfs tmpfs /run && mkdir -m 755 /run/avahi-daemon"
          ' && exec avahi-daemon --no-drop-root --no-chroot --no-rlimits --file "$1"')


class Avahi:
    """A D-Bus and an Avahi of a host's own."""

    def __init__(self, host, folder, name):
        self.host = host
        self._programs = []
        self.bus = folder / f"{name}.bus"
        (folder / f"{name}.xml").write_text(BUS.format(socket=self.bus))
        (folder / f"{name}.conf").write_text(
            f"[server]\nhost-name={name}\nenable-dbus=yes\nuse-iff-running=no\n"
            "[publish]\npublish-workstation=no\n")
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.bus}"}
        self._start("dbus-daemon", "--nofork", "--nopidfile",
                    f"--config-file={folder / f'{name}.xml'}")
        wait_until(self.bus.exists, "the bus")
        self._daemon = ("unshare", "--mount", "sh", "-c", DAEMON, "sh", folder / f"{name}.conf")
        self.start()

    def _start(self, *words):
        program = self.host.start(
            *words, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self.environment},
            stdout=subprocess.DEVNULL)
        self._programs.append((program, Collector(program.stderr)))
        return self._programs[-1]

    def start(self):
        _, errors = self._start(*self._daemon)
        errors.wait_for("Server startup complete")

    def stop(self):
        """Ends the daemon; the bus stays."""
        self._end(*self._programs.pop())

    @staticmethod
    def _end(program, errors):
        program.terminate()
        try:
            program.wait(PATIENCE_SECONDS)
        finally:
            program.kill()
            program.wait()
            errors.wait_for_end()
            program.stderr.close()

    def browse(self):
        """The services of chatd that the host knows of: name, address and records of each."""
        done = self.host.call(
            subprocess.run, ["avahi-browse", "-rtp", "_chatd._udp"], capture_output=True,
            text=True, timeout=PATIENCE_SECONDS, check=False,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **self.environment})
        lines = [line.split(";") for line in done.stdout.splitlines() if line.startswith("=")]
        return [(line[3], line[8], line[9]) for line in lines]

    def close(self):
        with contextlib.ExitStack() as stack:
            for program in self._programs:
                stack.callback(self._end, *program)


@pytest.fixture(name="avahi")
def make_avahi(network, tmp_path):
    def make(host, name):
        return network.keep(Avahi(host, tmp_path, name))

    return make


def test_a_server_is_announced_until_it_ends(network, serve, avahi):
    segment = Segment(network)
    home, lab = network.host(), network.host()
    segment.connect(home)
    segment.connect(lab)
    at_home, at_lab = avahi(home, "home"), avahi(lab, "lab")
    start = dict(bind=None, env=at_lab.environment)
    server = lab.call(serve, "--server-name", "Lab 1", "--verbose", **start)
    server.log.wait_for('announcement text="announced as Lab 1"')
    wait_until(at_home.browse, "the server is seen")
    name, port, records = at_home.browse()[0]
    assert (name, port) == ("Lab\\0321", str(server.port))
    key = server.log.lines[0].split("key=")[1].split()[0]
    assert {f'"key={key}"', '"password=no"', '"version=1"'} <= set(records.split(" "))
    second = lab.call(serve, "--server-name", "Lab 1", "--verbose", **start)
    second.log.wait_for('announcement text="announced as Lab 1 #2"')
    bound = lab.call(serve, "--verbose", bind="127.0.0.1", env=at_lab.environment)
    hidden = lab.call(serve, "--verbose", "--no-discovery", **start)
    wait_until(lambda: len({found[0] for found in at_home.browse()}) == 2, "both are seen")
    for other in (bound, hidden):
        assert not any("announcement" in line for line in other.log.lines)
    assert server.stop() == 0
    assert second.stop() == 0
    wait_until(lambda: at_home.browse() == [], "nobody is seen")


def test_a_daemon_that_is_started_again_announces_again(network, serve, avahi):
    lab = network.host()
    Segment(network).connect(lab)
    at_lab = avahi(lab, "lab")
    at_lab.stop()
    server = lab.call(serve, "--server-name", "lab", "--verbose", bind=None,
                      env=at_lab.environment)
    at_lab.start()
    server.log.wait_for("announced as lab")
    at_lab.stop()
    server.log.wait_for("Avahi is gone")
    at_lab.start()
    server.log.wait_for("announced as lab", count=2)


def test_without_a_bus_nothing_happens_but_a_line_for_who_debugs(network, serve, tmp_path):
    lab = network.host()
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path / 'none'}"}
    quiet = lab.call(serve, bind=None, env=nowhere)
    verbose = lab.call(serve, "--verbose", bind=None, env=nowhere)
    verbose.log.wait_for("debug announcement text=.*no Avahi")
    assert not any("announcement" in line for line in quiet.log.lines)

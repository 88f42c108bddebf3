"""One Ethernet of several hosts: a bridge on a host of its own. Needs root.

    with Network() as network:
        segment = Segment(network)
        home, lab = network.host(), network.host()
        segment.connect(home)
        lab_address = segment.connect(lab)
"""

import itertools
import json

from .waiting import wait_until

_numbers = itertools.count(1)


class Segment:
    """Addresses are 10.8.N.H/24 and fd08:N::H/64 for the N-th segment and its H-th host."""

    def __init__(self, network):
        self.number = next(_numbers) % 250
        self.switch = network.host()
        self._hosts = itertools.count(1)
        self.switch.ip("link add bridge type bridge forward_delay 0",
                       "link set dev bridge type bridge mcast_snooping 0",
                       "link set bridge up")

    def connect(self, host, device="eth0", families=(4, 6)):
        """Gives the host a device on this Ethernet; returns its addresses by family."""
        member = next(self._hosts)
        self.switch.ip(
            f"link add port{member} type veth peer name {device} netns {host.path}",
            f"link set dev port{member} master bridge", f"link set dev port{member} up")
        addresses = {4: f"10.8.{self.number}.{member}", 6: f"fd08:{self.number}::{member}"}
        _trust_addresses(host, device)
        if 4 in families:
            host.ip(f"address add {addresses[4]}/24 dev {device}")
        host.ip(f"link set dev {device} up")
        if 6 in families:
            host.ip(f"address add {addresses[6]}/64 dev {device} nodad")
        wait_until(lambda: _is_ready(host, device), f"the addresses of {device}")
        return addresses


def _trust_addresses(host, device):
    """Nobody else has the link-local address, and to make sure of that takes the kernel a second
    (RFC 4862 §5.4)."""
    def write():
        with open(f"/proc/sys/net/ipv6/conf/{device}/accept_dad", "w", encoding="ascii") as file:
            file.write("0")

    host.call(write)


def _is_ready(host, device):
    """The kernel makes its link-local address a little after the device is up."""
    [interface] = json.loads(host.run("ip", "-json", "address", "show", "dev", device))
    mine = interface["addr_info"]
    return any(a["scope"] == "link" for a in mine) and not any(a.get("tentative") for a in mine)


def pair_of(network):
    """Two hosts of one Ethernet, and the second one's addresses."""
    segment = Segment(network)
    home, lab = network.host(), network.host()
    segment.connect(home)
    return home, lab, segment.connect(lab)


def serve_on(serve, host, name, *flags, bind=None):
    """Starts a server that is called so on a host, by default at all its addresses."""
    return host.call(serve, "--server-name", name, *flags, bind=bind)


def link_local(host, device="eth0"):
    """The host's link-local IPv6 address on the device."""
    [interface] = json.loads(host.run("ip", "-json", "address", "show", "dev", device))
    return next(a["local"] for a in interface["addr_info"]
                if a["family"] == "inet6" and a["scope"] == "link")

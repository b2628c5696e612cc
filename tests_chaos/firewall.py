"""Firewall rules that drop packets, with nftables."""

import itertools
import os
import subprocess

from tests_cluster.link import NFT, can_drop_packets
from tests_live.server import WAIT

TABLE = """
table inet {name} {{
    chain input {{
        type filter hook input priority 0
        tcp dport {{ {ports} }} {share}drop
        tcp sport {{ {ports} }} {share}drop
    }}
}}
"""
numbers, tables = itertools.count(), set()

__all__ = ["can_drop_packets", "clear", "drop", "restore"]


def drop(ports, percent=100):
    """Drop this share of the packets to and from the ports; return the name of the rules."""
    name = f"chaos_{os.getpid()}_{next(numbers)}"
    share = f"numgen random mod 100 < {percent} " if percent < 100 else ""
    rules = TABLE.format(name=name, ports=", ".join(map(str, ports)), share=share)
    tables.add(name)
    subprocess.run([*NFT, "--file", "-"], input=rules, text=True, check=True, timeout=WAIT)
    return name


def restore(name):
    subprocess.run([*NFT, "delete", "table", "inet", name], check=True, timeout=WAIT)
    tables.discard(name)


def clear():
    """Remove all rules of this process."""
    for name in list(tables):
        restore(name)

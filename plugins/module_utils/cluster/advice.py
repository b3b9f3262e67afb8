# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does on each stack: the same trouble, another command.

Pure: words only. What is wrong is judged elsewhere, and alike for all stacks.

This module util is private to the collection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Advice:
    """Commands of one stack. ``{name}`` stands for the server.

    :ivar manager: what decides about the primary, for a sentence.
    :ivar start: starts it on a server.
    :ivar back: what is wrong with a server that is held back (its word) to how it is put back into service.
    :ivar resume: ends a pause of the whole cluster.
    :ivar confirm: tells the cluster that a lost server is off, after a person has seen it; empty where only its fence
        device is believed.
    :ivar confirm_bare: the same for a server without a fence device.
    :ivar take_out: takes one of two primaries out of service.
    :ivar forget: forgets a fencing that failed, when its cause is mended.
    :ivar voter: how to look at the vote host's program; empty where there is no telling.
    :ivar third: what tells a lost server from a cut cable where there is no vote host.
    """

    manager: str
    start: str
    back: dict[str, str]
    resume: str
    confirm: str
    confirm_bare: str
    take_out: str
    forget: str
    voter: str
    third: str


PACEMAKER = Advice(
    manager="the cluster manager",
    start="on {name}: systemctl start corosync pacemaker",
    back={"standby": "on {name}: crm node online {name}", "maintenance": "on {name}: crm node ready {name}"},
    resume="crm maintenance off",
    confirm="on another server: stonith_admin --confirm {name}",
    confirm_bare="on another server: stonith_admin --confirm {name}",
    take_out="on the server whose rows you can do without: crm node standby <its name>",
    forget="stonith_admin --history {name} --cleanup",
    voter="systemctl status corosync-qnetd",
    third="none",
)
# An agent that is not paused would start PostgreSQL again.
AGENT = Advice(
    manager="the failover agent",
    start="on {name}: systemctl start pgha-agent",
    back={"maintenance": "on {name}: pgha-agent resume"},
    resume="on each server: pgha-agent resume",
    confirm="",
    confirm_bare="on the server that is to go on: pgha-agent failover",
    take_out="on the server whose rows you can do without: pgha-agent pause && systemctl stop 'postgresql@*'",
    forget="make the device answer: the agent asks again by itself",
    voter="",
    third="none",
)
KEEPALIVED = replace(AGENT, third="VRRP and the ping targets")
VOTE = replace(AGENT, voter="systemctl status 'pgha-relay-*'")
STACKS = {"pacemaker": PACEMAKER, "keepalived": KEEPALIVED, "vote": VOTE, "drbd": PACEMAKER}


def advice_of(stack: str) -> Advice:
    """Return the commands of a stack; those of pacemaker for all that run it under another name."""
    return STACKS.get(stack, PACEMAKER)

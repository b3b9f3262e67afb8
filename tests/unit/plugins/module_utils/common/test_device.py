# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device for the cluster: what is there is never overwritten unless exactly that was named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.device import (
    SMALLEST,
    UNNAMED,
    Action,
    Device,
    parse_signatures,
    preparation,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from hypothesis import given
from hypothesis import strategies as st

_OLD = Path(__file__).parents[4] / "fixtures" / "drbd" / "8.4.11"
_FREE = Device("/dev/vdb", exists=True, block=True, size=SMALLEST, zero=True)


@pytest.mark.parametrize(
    ("device", "overwrite", "action", "code"),
    [
        (_FREE, "", Action.CREATE, "free"),
        (replace(_FREE, exists=False), "", Action.REFUSE, "no_device"),
        (replace(_FREE, block=False), "", Action.REFUSE, "no_block_device"),
        (replace(_FREE, taken_by="the DRBD resource r0", own=True), "", Action.REFUSE, "taken"),
        (replace(_FREE, users=("drbd0",), signatures=("drbd",), own=True), "", Action.KEEP, "own"),
        (replace(_FREE, signatures=("drbd",)), "", Action.REFUSE, "holds_data"),
        (replace(_FREE, users=("the kernel holds it",)), "", Action.REFUSE, "in_use"),
        (replace(_FREE, users=("the kernel holds it",), signatures=("ext4",)), "ext4", Action.REFUSE, "in_use"),
        (replace(_FREE, size=SMALLEST - 1), "", Action.REFUSE, "too_small"),
        (replace(_FREE, zero=None), "", Action.REFUSE, "unreadable"),
        (replace(_FREE, zero=False), "", Action.REFUSE, "holds_data"),
        (replace(_FREE, zero=False), UNNAMED, Action.CREATE, "overwrite"),
        (replace(_FREE, zero=False, signatures=("ext4",)), "", Action.REFUSE, "holds_data"),
        (replace(_FREE, zero=False, signatures=("ext4",)), "xfs", Action.REFUSE, "holds_data"),
        (replace(_FREE, zero=False, signatures=("ext4",)), UNNAMED, Action.REFUSE, "holds_data"),
        (replace(_FREE, zero=False, signatures=("ext4",)), "ext4", Action.CREATE, "overwrite"),
        (replace(_FREE, zero=False, signatures=("ext4", "gpt")), "ext4", Action.REFUSE, "holds_data"),
    ],
)
def test_each_device(device: Device, overwrite: str, action: Action, code: str) -> None:
    decided = preparation(device, overwrite)
    assert (decided.action, decided.code) == (action, code)
    assert bool(decided.clear) == (code == "overwrite")


_TYPES = st.sampled_from(["ext4", "xfs", "gpt", "LVM2_member", "drbd", UNNAMED])


@given(
    st.builds(
        Device,
        path=st.just("/dev/vdb"),
        exists=st.booleans(),
        block=st.booleans(),
        size=st.integers(0, 2 * SMALLEST),
        users=st.lists(st.just("drbd0"), max_size=1).map(tuple),
        signatures=st.lists(_TYPES, max_size=3).map(tuple),
        zero=st.sampled_from([True, False, None]),
        taken_by=st.sampled_from(["", "r0"]),
        own=st.booleans(),
    ),
    st.one_of(st.just(""), _TYPES),
)
def test_nothing_is_created_over_what_was_not_named(device: Device, overwrite: str) -> None:
    decided = preparation(device, overwrite)
    if decided.action is Action.CREATE:
        assert set(device.signatures) <= {overwrite}
        assert device.zero or overwrite
        assert not device.users
        assert not device.own


def test_what_wipefs_found_is_read() -> None:
    assert parse_signatures((_OLD / "wipefs-ext4.json").read_text()) == ("ext4",)
    assert parse_signatures((_OLD / "wipefs-drbd.json").read_text()) == ("drbd",)
    assert parse_signatures((_OLD / "wipefs-none.json").read_text()) == ()
    assert parse_signatures("") == ()
    with pytest.raises(ParseError, match="wipefs"):
        parse_signatures("{}")

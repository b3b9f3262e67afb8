# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers see one disk, or nothing is written to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import FileSystem, Look, label_of
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.plan import is_own, same_disk
from hypothesis import given
from hypothesis import strategies as st

FILES = FileSystem("b244f42f", label_of("orders"), protected=True, holder="n1")
N1 = Look("/dev/disk/by-id/wwn-1", "n1", seen=True, size=100, identity="ID_WWN=1", filesystem=FILES)
N2 = replace(N1, node="n2")


@pytest.mark.parametrize(
    ("other", "holder", "value", "code"),
    [
        (N2, "", Value.SAFE, "nothing_differs"),
        (N2, "n1", Value.SAFE, "same_disk"),
        (replace(N2, identity=""), "n1", Value.SAFE, "same_disk"),
        # What cannot be compared is no difference: the file system is the proof.
        (replace(N2, identity="ID_SERIAL=2"), "n1", Value.SAFE, "same_disk"),
        (replace(N2, identity="ID_WWN=2"), "", Value.UNSAFE, "identities_differ"),
        (replace(N2, identity="ID_WWN=2"), "n1", Value.UNSAFE, "identities_differ"),
        (replace(N2, size=99), "n1", Value.UNSAFE, "sizes_differ"),
        (replace(N2, filesystem=None), "n1", Value.UNSAFE, "other_disk"),
        (replace(N2, filesystem=replace(FILES, uuid="c355")), "n1", Value.UNSAFE, "other_disk"),
        # The same file system, and yet not the same disk: a copy, such as of a virtual machine, does not move with it.
        (replace(N2, filesystem=replace(FILES, holder="")), "n1", Value.UNSAFE, "other_copy"),
        (replace(N2, filesystem=replace(FILES, holder="n2")), "n1", Value.UNSAFE, "other_copy"),
        (replace(N2, seen=False, problem="gone"), "n1", Value.UNKNOWN, "not_seen"),
        (Look.of({}), "", Value.UNKNOWN, "not_seen"),
        (N2, "n3", Value.UNKNOWN, "no_such_server"),
    ],
)
def test_each_pair(other: Look, holder: str, value: Value, code: str) -> None:
    made = same_disk({"n1": N1, "n2": other}, holder)
    assert made.value is value
    assert code in {reason.code for reason in made.reasons}


def test_a_holder_without_protection_proves_nothing() -> None:
    for files in (None, replace(FILES, protected=False)):
        made = same_disk({"n1": replace(N1, filesystem=files), "n2": N2}, "n1")
        assert (made.value, made.reasons[0].code) == (Value.UNKNOWN, "not_protected")


_FILES = st.one_of(st.none(), st.builds(FileSystem, *[st.sampled_from("ab")] * 2, st.booleans(), st.sampled_from("12")))
_LOOKS = st.builds(
    Look,
    device=st.just("/dev/mapper/a"),
    node=st.sampled_from("12"),
    seen=st.booleans(),
    size=st.integers(1, 2),
    identity=st.sampled_from(["", "ID_WWN=1", "ID_WWN=2", "ID_SERIAL=1"]),
    filesystem=_FILES,
)


@given(_LOOKS, _LOOKS)
def test_it_is_safe_only_where_the_other_server_reads_what_the_holder_wrote(held: Look, other: Look) -> None:
    if not same_disk({"n1": held, "n2": other}, "n1").blocks:
        assert held.seen and other.seen and held.size == other.size
        assert held.filesystem is not None and other.filesystem is not None
        assert held.filesystem.uuid == other.filesystem.uuid
        assert other.filesystem.holder == held.node


def test_a_cluster_knows_its_own_file_system() -> None:
    assert is_own(N1, "orders")
    assert not is_own(N1, "invoices")
    assert not is_own(replace(N1, filesystem=replace(FILES, protected=False)), "orders")
    assert not is_own(replace(N1, filesystem=None), "orders")
    assert len(label_of("a" * 32)) == 16


def test_a_look_survives_the_way_through_ansible() -> None:
    look = replace(N1, mounted=("/srv",))
    assert Look.of(look.as_result()) == look
    assert look.as_result()["shared"] is True

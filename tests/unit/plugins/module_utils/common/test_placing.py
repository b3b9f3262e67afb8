# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files need Ansible's own modules: all that are not known to be as they should."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.placing import Wanted, search, to_place

FILE = {"path": "/etc/x/y.conf", "content": "one\n", "owner": "postgres", "group": "postgres", "mode": "0640"}
DIRECTORY = {"path": "/etc/x", "state": "directory", "mode": "0755"}


def there(**other: Any) -> dict[str, Any]:
    """Return what the module find says of the file."""
    checksum = hashlib.sha1(b"one\n").hexdigest()
    return {
        "path": "/etc/x/y.conf", "isreg": True, "isdir": False, "islnk": False, "mode": "0640", "pw_name": "postgres",
        "gr_name": "postgres", "checksum": checksum, **other,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("other", "placed"),
    [
        ({}, False),
        ({"checksum": "0"}, True),
        ({"checksum": None}, True),
        ({"mode": "0644"}, True),
        ({"pw_name": "root"}, True),
        ({"gr_name": ""}, True),
        ({"isreg": False, "islnk": True}, True),
        ({"isreg": False, "isdir": True}, True),
        ({"path": "/etc/y.conf"}, True),
    ],
)
def test_a_file_is_left_alone_only_when_all_of_it_is_as_it_should_be(other: dict[str, Any], placed: bool) -> None:
    wanted = Wanted.of(FILE)
    assert to_place([wanted], [there(**other)]) == ([wanted] if placed else [])


def test_what_is_not_there_is_placed_in_the_order_in_which_it_is_given() -> None:
    wanted = [Wanted.of(DIRECTORY), Wanted.of(FILE)]
    assert to_place(wanted, []) == wanted
    found = {"path": "/etc/x", "isdir": True, "mode": "0755", "pw_name": "root", "gr_name": "root"}
    assert to_place(wanted, [found]) == wanted[1:]
    assert to_place(wanted, [{**found, "mode": "0700"}]) == wanted
    assert to_place(wanted, [{**found, "isdir": False, "islnk": True}]) == wanted


def test_a_file_that_is_only_placed_where_none_is_stays_as_it_is() -> None:
    wanted = Wanted.of({**FILE, "force": False})
    assert to_place([wanted], [there(checksum="0", mode="0600")]) == []
    assert to_place([wanted], []) == [wanted]


def test_a_truth_may_be_written_out() -> None:
    wanted = Wanted.of({**FILE, "backup": "False", "force": "no"})
    assert (wanted.backup, wanted.force) == (False, False)


def test_what_ansible_is_told() -> None:
    wanted = Wanted.of({**FILE, "validate": "check %s", "backup": True})
    assert wanted.task() == {
        "dest": "/etc/x/y.conf", "content": "one\n", "owner": "postgres", "group": "postgres", "mode": "0640",
        "validate": "check %s", "backup": True, "force": True,
    }  # fmt: skip
    assert Wanted.of(DIRECTORY).task() == {
        "path": "/etc/x", "state": "directory", "owner": "root", "group": "root", "mode": "0755",
    }  # fmt: skip
    look = search([wanted, Wanted.of({**FILE, "path": "/root/.a[1]"}), Wanted.of(DIRECTORY)])
    assert look["paths"] == ["/etc", "/etc/x", "/root"]
    assert look["patterns"] == [".a[[]1]", "x", "y.conf"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "path has to be an absolute one"),
        ({**FILE, "path": "y.conf"}, "path has to be an absolute one"),
        ({**FILE, "path": "/etc//x"}, "path has to be an absolute one"),
        ({**FILE, "path": "/etc/x/"}, "path has to be an absolute one"),
        ({**FILE, "src": "y.j2"}, "nobody knows src"),
        ({**FILE, "state": "directory"}, "a directory has none"),
        ({key: value for key, value in FILE.items() if key != "content"}, "a file has content"),
        ({**FILE, "mode": 420}, "four octal digits"),
        ({**FILE, "mode": "u+x"}, "four octal digits"),
        ({**FILE, "owner": 26}, "owner has to be a name"),
        ({**FILE, "group": ""}, "group has to be a name"),
        ({**FILE, "backup": "perhaps"}, "backup has to be true or false"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(PghaError, match=says):
        Wanted.of(given)

# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's text: places, secrets, and what crmsh and crm_verify say about it."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.crmtext import (
    complaints,
    is_secret,
    parse_text,
    secret_values,
    without_secrets,
)
from hypothesis import given
from hypothesis import strategies as st

TEXT = """\
# the address
property stonith-enabled=true \\
  no-quorum-policy=stop

primitive write ocf:heartbeat:IPaddr2 \\
  params ip=10.0.0.1 \\
  op monitor interval=10s
rsc_defaults options: resource-stickiness=1
location near write 100: n1
fencing_topology n1: fence-n1
"""


def test_statements_know_their_line_kind_and_name() -> None:
    found = [(s.line, s.kind, s.name) for s in parse_text(TEXT)]
    assert found == [
        (2, "property", ""),
        (5, "primitive", "write"),
        (8, "rsc_defaults", "options"),
        (9, "location", "near"),
        (10, "fencing_topology", ""),
    ]
    assert parse_text(TEXT)[0].pairs == {"stonith-enabled", "no-quorum-policy"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nprimitiv x y", "'primitiv' is not a kind .* \\(at line 2\\)"),
        ("node n1 attributes a=b", "'node' is not a kind"),
        ("primitive", "primitive needs a name \\(at line 1\\)"),
        ("group g a\n\nclone g b", "g is defined twice, first in line 1 \\(at line 3\\)"),
        ("property dc-version=1", "dc-version is written by the cluster itself"),
        ("group g a \\", "ends after a backslash.* \\(at line 1\\)"),
    ],
)
def test_refusals_name_the_place(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse_text(text)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("passwd", True),
        ("snmp_community", True),
        ("auth_token", True),
        ("password_script", False),
        ("passwd_file", False),
        ("secret_path", False),
        ("ip", False),
        ("tokenring", False),
    ],
)
def test_secret_names(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


@given(st.text(alphabet="abcXYZ019 !%/+", min_size=1, max_size=20).filter(lambda value: value.strip("\"' ") != ""))
def test_no_secret_survives(value: str) -> None:
    text = f'primitive f stonith:x params password="{value}" ip=10.0.0.1'
    hidden = without_secrets(text, secret_values(text))
    assert f'"{value}"' not in hidden
    assert "ip=10.0.0.1" in hidden or value in "ip=10.0.0.1"


def test_what_crmsh_4_says_gets_its_line() -> None:
    said = (
        "\x1b[31mERROR\x1b[0m: (cluster_status) \twarning: Fencing and resource management disabled\n"
        '\x1b[31mERROR\x1b[0m: write: required parameter "ip" not defined\n'
        '\x1b[31mERROR\x1b[0m: write: required parameter "ip" not defined\n'
        "ERROR: 9: syntax: Unknown command near <x> parsing 'location near write 100: n1'\n"
    )
    assert complaints(said, parse_text(TEXT)) == (
        'line 5 (primitive write): required parameter "ip" not defined',
        "line 9 (location near): syntax: Unknown command near <x> parsing 'location near write 100: n1'",
    )


def test_an_unknown_agent_is_found_by_its_name_and_a_traceback_left_out() -> None:
    said = (
        "ERROR: ocf:heartbeat:IPaddr2: no such resource agent\n"
        "Traceback (most recent call last):\n  File x\nKeyError: 'y'\n"
    )
    assert complaints(said, parse_text(TEXT)) == (
        "line 5 (primitive write): ocf:heartbeat:IPaddr2: no such resource agent",
        "KeyError: 'y'",
    )


def test_a_name_inside_another_is_not_that_name() -> None:
    assert complaints("ERROR: near-by is odd\n", parse_text(TEXT)) == ("near-by is odd",)

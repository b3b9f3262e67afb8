# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a server needs a new certificate of the vote host, and how the databases change places."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.certificates import (
    Membership,
    NssDatabase,
    pem_body,
    why_join,
)

_CA = "Certificate:\n  Data\n-----BEGIN CERTIFICATE-----\nQUJD\nREVG\n-----END CERTIFICATE-----\n"


def test_the_body_of_a_certificate_is_compared_and_not_its_line_breaks() -> None:
    assert pem_body(_CA) == "QUJDREVG" == pem_body(_CA.replace("\n", "\r\n"))
    assert pem_body("no certificate") == ""


@pytest.mark.parametrize(
    ("current", "reason"),
    [
        (Membership("QUJDREVG", "demo", valid=True), ""),
        (Membership(), "no certificates yet"),
        (Membership("OTHER", "demo", valid=True), "another certificate authority"),
        (Membership("QUJDREVG"), "no certificate of its own"),
        (Membership("QUJDREVG", "other", valid=True), "for the cluster other"),
        (Membership("QUJDREVG", "demo", valid=False), "not valid"),
    ],
)
def test_why_a_server_joins(current: Membership, reason: str) -> None:
    assert (reason in why_join(current, _CA, "demo")) if reason else (why_join(current, _CA, "demo") == "")


class FakeTools:
    """Answers for certutil: keeps what it was called with, and writes the request it is asked for."""

    def __init__(self, rc: int = 0) -> None:
        self.calls: list[list[str]] = []
        self.rc = rc

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        self.calls.append(list(argv))
        if "-o" in argv:
            Path(argv[list(argv).index("-o") + 1]).write_bytes(b"request")
        return Completed(self.rc, "", "certutil: no" if self.rc else "")


def test_a_request_leaves_the_working_database_alone(tmp_path: Path) -> None:
    current = tmp_path / "nssdb"
    current.mkdir()
    (current / "cert9.db").write_text("works")
    database = NssDatabase(FakeTools(), str(current))
    assert base64.b64decode(database.request(_CA, "demo")) == b"request"
    assert (current / "cert9.db").read_text() == "works"
    assert not (tmp_path / "nssdb.new" / "noise.txt").exists()


def test_an_accepted_certificate_puts_the_new_database_in_place(tmp_path: Path) -> None:
    current = tmp_path / "nssdb"
    current.mkdir()
    (current / "cert9.db").write_text("old")
    database = NssDatabase(FakeTools(), str(current))
    database.request(_CA, "demo")
    database.accept(base64.b64encode(b"signed").decode())
    assert (current / "cluster.crt").read_bytes() == b"signed"
    assert (tmp_path / "nssdb.previous" / "cert9.db").read_text() == "old"


def test_a_certificate_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PghaError, match="no request"):
        NssDatabase(FakeTools(), str(tmp_path / "nssdb")).accept("")


def test_a_failing_tool_leaves_the_old_database_in_place(tmp_path: Path) -> None:
    current = tmp_path / "nssdb"
    current.mkdir()
    with pytest.raises(PghaError, match="could not be handled"):
        NssDatabase(FakeTools(rc=255), str(current)).request(_CA, "demo")
    assert current.exists()

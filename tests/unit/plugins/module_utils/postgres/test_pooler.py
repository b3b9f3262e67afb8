# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools that pause and resume: no clients are left waiting, whatever fails."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.pooler import Poolers

LOGINS = [{"host": host, "port": 6432, "user": "pgha_pooler", "password": "x"} for host in ("p1", "p2")]


class Consoles:
    """The consoles of all pools; notes what each is told, and refuses what it is told to refuse."""

    def __init__(self, *refused: tuple[str, str]) -> None:
        self.refused = set(refused)
        self.said: list[tuple[str, str]] = []
        self.open = 0

    def __call__(self, *, dbname: str, host: str, **login: Any) -> Consoles.One:
        assert dbname == "pgbouncer"
        if (host, "login") in self.refused:
            raise PghaError("no", said="password authentication failed")
        self.open += 1
        return Consoles.One(self, host)

    class One:
        def __init__(self, all_of_them: Consoles, host: str) -> None:
            self.all, self.host = all_of_them, host

        def ask(self, statement: str, values: tuple[Any, ...] = (), *, seconds: float = 5.0) -> list[Any]:
            assert 0 < seconds <= 5
            self.all.said.append((self.host, statement))
            if (self.host, statement) in self.all.refused:
                raise PghaError("no", said="no answer within 5 seconds")
            return []

        def close(self) -> None:
            self.all.open -= 1


def test_all_pause_and_all_resume() -> None:
    consoles = Consoles()
    pools = Poolers(LOGINS, consoles)
    pools.check()
    pools.pause()
    pools.resume()
    assert [statement for host, statement in consoles.said if host == "p2"] == ["SHOW VERSION", "PAUSE", "RESUME"]
    assert consoles.open == 0


@pytest.mark.parametrize("host", ["p1", "p2"])
def test_one_that_does_not_come_to_rest_lets_all_go_on(host: str) -> None:
    consoles = Consoles((host, "PAUSE"))
    with pytest.raises(PghaError, match=f"pool on {host} port 6432 did not come to rest"):
        Poolers(LOGINS, consoles).pause()
    assert consoles.said[-2:] == [("p1", "RESUME"), ("p2", "RESUME")]
    assert consoles.open == 0


def test_one_that_refuses_the_login_is_told_before_anything_is_paused() -> None:
    consoles = Consoles(("p2", "login"))
    with pytest.raises(PghaError, match="pool on p2 port 6432 does not let") as refused:
        Poolers(LOGINS, consoles).check()
    assert "password authentication failed" in str(refused.value.said)
    assert [statement for _host, statement in consoles.said] == ["SHOW VERSION"]


def test_one_that_is_gone_does_not_keep_the_others_waiting() -> None:
    consoles = Consoles(("p1", "login"), ("p2", "RESUME"))
    Poolers(LOGINS, consoles).resume()
    assert consoles.said == [("p2", "RESUME")]


def test_without_pools_nothing_happens() -> None:
    pools = Poolers(())
    pools.check()
    pools.pause()
    pools.resume()
    assert pools.logins == ()

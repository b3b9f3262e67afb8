# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that would take the server with it is refused before a host is touched."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check import announcement, problems
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_service import service
from ansible_collections.pgha.cluster.tests.unit.plugins.module_utils.cluster.test_check_stack import on_disk
from hypothesis import given
from hypothesis import strategies as st

WEB = {"unit": "nginx", "packages": ["nginx"], "directory": "/srv/www"}


def said(stack: str = "drbd", **changed: Any) -> list[str]:
    return [str(one) for one in service({"stack": stack, "service": WEB | changed})]


@pytest.mark.parametrize(
    "changed",
    [{}, {"unit": "app@1"}, {"packages": []}, {"directory": "/var/www/html"}, {"directory": "/home/app/data"}],
)
def test_a_unit_with_a_directory_of_its_own_is_taken(changed: dict[str, Any]) -> None:
    assert said(**changed) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"unit": "nginx.service"}, "without its ending"),
        ({"unit": "-nginx"}, "is no name of a unit"),
        ({"unit": "nginx; reboot"}, "is no name of a unit"),
        ({"unit": None}, "is no name of a unit"),
        ({"unit": "postgresql@15-main"}, "for PostgreSQL leave pgha_service out"),
        ({"unit": "pacemaker"}, "cannot be moved as a unit"),
        ({"directory": "srv/www"}, "is no absolute path"),
        ({"directory": "/"}, "is no absolute path"),
        ({"directory": "/srv/www/"}, "is no absolute path"),
        ({"directory": "/srv/w ww"}, "is no absolute path"),
        ({"directory": 7}, "is no absolute path"),
        ({"directory": "/srv/../etc"}, "write it as /etc"),
        ({"directory": "/etc"}, "belongs to the system"),
        ({"directory": "/etc/nginx"}, "belongs to the system"),
        ({"directory": "/usr/share/nginx"}, "belongs to the system"),
        ({"directory": "/var"}, "belongs to the system"),
        ({"directory": "/var/lib"}, "belongs to the system"),
        ({"packages": "nginx"}, "is no list of packages"),
        ({"packages": ["nginx", "--force-yes"]}, "is no list of packages"),
        ({"packages": [7]}, "is no list of packages"),
        ({"port": 80}, "must have unit, packages, directory and nothing else"),
    ],
)
def test_what_is_no_such_service_is_refused(changed: dict[str, Any], words: str) -> None:
    assert words in "\n".join(said(**changed))


def test_other_stacks_and_half_a_service_are_refused() -> None:
    assert "is for the stack drbd" in said("vote")[0]
    halves: list[Any] = ["nginx", [], {}, {"unit": "nginx"}]
    for wanted in halves:
        assert "must have" in str(next(service({"stack": "drbd", "service": wanted})))
    assert list(service({"stack": "drbd"})) == list(service({"stack": "vote", "service": None})) == []


@given(st.from_regex(r"(/[a-z.]{0,4}){1,4}", fullmatch=True))
def test_no_directory_of_the_system_slips_through(directory: str) -> None:
    if not said(directory=directory):
        assert directory.split("/")[1] not in ("etc", "usr", "bin", "dev", "lib", "run", "sys", "proc", "boot", "tmp")
        assert directory not in ("", "/", "/var", "/srv", "/home", "/opt")
        assert not {"", ".", ".."} & set(directory.split("/")[1:])


def test_the_whole_check_takes_it_and_the_announcement_names_it() -> None:
    servers, values = on_disk()
    values["service"] = WEB
    assert problems(servers, values) == []
    assert "on /srv/www, for nginx" in announcement(values, servers)[0]
    assert len(problems(servers, values | {"service": WEB | {"unit": ""}})) == 1

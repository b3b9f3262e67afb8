# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration: what is missing, wrong or contradictory is named, all of it at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import Config, config_of, load
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Timing
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.tests.support.agents import SECRET
from ansible_collections.pgha.cluster.tests.support.agents import settings as told


def complaint(data: Any) -> str:
    with pytest.raises(PghaError) as raised:
        config_of(data)
    return raised.value.message


def test_a_whole_one_is_read() -> None:
    config = config_of(told(relay=["10.0.0.19", 5433], timing={"fresh": 2, "lonely": 3, "silent": 4}))
    assert isinstance(config, Config)
    assert config.listen == (("10.0.0.11", 5480), ("10.1.0.11", 5480))
    assert config.relay == ("10.0.0.19", 5433)
    assert config.addresses[0].kind == "write"
    assert config.hooks.command == "/bin/true"
    assert config.hooks.webhook == ""
    assert config.state_directory == "/var/lib/pgha-agent"
    assert config.timing == Timing(fresh=2, lonely=3, silent=4)


def test_the_secret_is_not_shown_with_it() -> None:
    assert SECRET not in repr(config_of(told()))
    assert SECRET not in complaint(told(port="x"))


def test_all_mistakes_are_named_at_once() -> None:
    data = told(port="5432", strict="yes", listen=[["10.0.0.11", 70000]])
    del data["secret"]
    said = complaint(data)
    assert "secret is missing" in said
    assert "port has to be a whole number" in said
    assert "strict has to be true or false" in said
    assert "listen has to be a port from 1 to 65535" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "name is empty"),
        ({"name": 5}, "name has to be a text"),
        ({"port": True}, "port has to be a whole number"),
        ({"secret": "short"}, "secret has to have at least 32 characters"),
        ({"stack": "drbd"}, "stack has to be one of keepalived, vote"),
        ({"listen": "10.0.0.11"}, "listen has to be a list"),
        ({"listen": ["10.0.0.11"]}, "listen has to hold pairs"),
        ({"listen": [["n1", 5480], ["n1", 5480]]}, "listen holds 'n1', which is no IP address"),
        ({"listen": [["10.0.0.11", 5480]]}, "the same networks"),
        ({"listen": [], "peers": []}, "at least one"),
        ({"peer": "n1"}, "name and peer are the same"),
        ({"fencing": False}, "without fencing strict has to be true"),
        ({"stack": "vote"}, "the stack vote needs relay"),
        ({"addresses": [{"ip": "10.0.0.5"}]}, "addresses has to hold entries of ip, prefix and kind"),
        ({"addresses": [{"ip": "10.0.0.5", "prefix": 24, "kind": "rw"}]}, "knows the kinds write and read"),
        ({"hooks": []}, "hooks has to be a mapping"),
        ({"timing": {"slow": 1}}, "timing knows no 'slow'"),
        ({"timing": {"fresh": 0}}, "no number of seconds above 0 for 'fresh'"),
        ({"timing": {"silent": 1.5}}, "the primary has to act first"),
        ({"timing": []}, "timing has to be a mapping"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], said: str) -> None:
    assert said in complaint(told(**changes))


def test_what_is_no_mapping_is_refused() -> None:
    assert "it has to hold a mapping" in complaint([])


def test_a_key_of_another_version_is_left_out() -> None:
    assert config_of(told(of_tomorrow=1)).name == "n1"


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "agent.json"
    path.write_text(json.dumps(told()), encoding="utf-8")
    assert load(path).peer == "n2"


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("{", "it is no JSON")])
def test_a_file_that_is_of_no_use_is_named(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "agent.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(PghaError, match=said) as raised:
        load(path)
    assert str(path) in raised.value.message

# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at what a server has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.modules import host_info

SAID = {
    "list": "installed:procps ",
    "list-units": "a.service loaded active\n",
    "list-unit-files": "a.service enabled\n",
}


def look(place: Path, failing: str = "", asks_with: str = "/bin/sh") -> dict[str, Any]:
    def runner(argv: Sequence[str], **_options: Any) -> Completed:
        word = next((word for word in SAID if word in argv), "probe")
        return Completed(int(word == failing), SAID.get(word, ""), f"{word} failed")

    given = {
        "list_packages": ["dpkg", "list"],
        "package_lists": f"{place}/*_Packages*",
        "package_journal": f"{place}/updates/[0-9]*",
        "start_policy": f"{place}/policy-rc.d",
        "filter_probe": [asks_with, "x"],
    }
    return host_info.work(given, runner)


def test_all_of_it_is_told(tmp_path: Path) -> None:
    assert look(tmp_path) == {
        "changed": False, "installed": "procps", "running": "a.service", "lists": False, "filters": True,
        "interrupted": False, "barred": False,
    }  # fmt: skip
    (tmp_path / "mirror_main_binary-amd64_Packages.lz4").touch()
    assert look(tmp_path)["lists"] is True


def test_a_policy_is_the_interrupted_installation_s_only_where_there_was_one(tmp_path: Path) -> None:
    policy, journal = tmp_path / "policy-rc.d", tmp_path / "updates"
    journal.mkdir()
    policy.write_text("#!/bin/sh\nexit 101\n")
    told = look(tmp_path)
    assert (told["interrupted"], told["barred"]) == (False, False)
    (journal / "tmp.i").touch()
    assert look(tmp_path)["interrupted"] is False, "every run leaves this one"
    (journal / "0000").touch()
    told = look(tmp_path)
    assert (told["interrupted"], told["barred"]) == (True, True)
    policy.write_text("#!/bin/sh\nexit 104\n")
    told = look(tmp_path)
    assert (told["interrupted"], told["barred"]) == (True, False)


def test_a_kernel_that_cannot_filter_and_one_that_nothing_asks_are_no_failure(tmp_path: Path) -> None:
    assert look(tmp_path, "probe")["filters"] is False
    assert look(tmp_path, asks_with=str(tmp_path / "nft"))["filters"] is False


@pytest.mark.parametrize("word", ["list", "list-units", "list-unit-files"])
def test_a_server_that_does_not_say_what_it_has_is_one(tmp_path: Path, word: str) -> None:
    with pytest.raises(PghaError, match="does not say what it has") as refused:
        look(tmp_path, word)
    assert "failed" in str(refused.value.said)

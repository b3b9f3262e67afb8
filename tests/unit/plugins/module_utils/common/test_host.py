# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages and services, as dpkg and systemd list them."""

from __future__ import annotations

from ansible_collections.pgha.cluster.plugins.module_utils.common import host

UNITS = """\
corosync.service                   loaded active running Corosync Cluster Engine
pgha-rules.service                 loaded active exited  Packet rules of the database cluster
user@0.service                     loaded active running User Manager for UID 0
"""
FILES = """\
corosync.service         enabled enabled
corosync-qdevice.service enabled enabled
pgha-rules.service       enabled enabled
"""


def test_what_was_removed_and_left_its_settings_is_not_installed() -> None:
    listed = "installed:corosync config-files:pacemaker installed:libc6 half-installed:dlm "
    assert host.installed(listed) == ["corosync", "libc6"]
    assert host.installed("") == []


def test_what_runs_and_starts_at_boot_is_running() -> None:
    assert host.running(UNITS, FILES) == ["corosync.service", "pgha-rules.service"]
    assert host.running("", FILES) == host.running(UNITS, "") == []

#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the one-node cluster that the corosync package starts by itself."""

from __future__ import annotations

DOCUMENTATION = r"""
module: corosync_leftover
short_description: Moves the state of the package's own one-node cluster aside, when it is provably only that
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Debian starts corosync and pacemaker at their installation, as a cluster of one node on the loopback address. The
    CIB of that cluster stays on disk and would be taken over by the real one.
  - Acts only while corosync's configuration is the package's own file byte for byte. Then it stops pacemaker and
    corosync and moves the contents of the state directories to a directory beside them; nothing is deleted.
  - Fails when the configuration is the package's and the CIB holds more than the package put there.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  config:
    description: corosync's configuration file.
    type: path
    default: /etc/corosync/corosync.conf
  package:
    description: The package whose configuration file is compared.
    type: str
    default: corosync
  directories:
    description: The directories whose contents are that cluster's state. The first one holds C(cib.xml).
    type: list
    elements: path
    default:
      - /var/lib/pacemaker/cib
      - /var/lib/pacemaker/pengine
      - /var/lib/corosync
"""

EXAMPLES = r"""
- name: Remove what the package's own cluster left
  pgha.cluster.corosync_leftover:
"""

RETURN = r"""
moved:
  description: What was, or in check mode would be, moved aside.
  returned: success
  type: list
  elements: str
  sample: ["/var/lib/pacemaker/cib"]
"""

import datetime
import socket
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.leftover import judge_leftover, package_checksum
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.parse import parse_config


def _package_nodes(config: str) -> frozenset[str]:
    settings = parse_config(config)
    named = {value for key, value in settings.items() if key.startswith("nodelist.node.") and key.endswith(".name")}
    return frozenset(named | {socket.gethostname()})


def _stop(unit: str) -> None:
    if run(["systemctl", "is-active", "--quiet", unit], timeout=30).rc != 0:
        return
    done = run(["systemctl", "stop", unit], timeout=300)
    if done.rc != 0:
        raise PghaError(
            f"{unit} of the package's own cluster did not stop.",
            said=done.stderr,
            next_step=f"see `journalctl -u {unit}`",
        )


def _move_aside(directory: Path) -> None:
    stamp = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = directory.with_name(f"{directory.name}.package-default-{stamp}")
    aside.mkdir(mode=0o700)
    for entry in list(directory.iterdir()):
        entry.rename(aside / entry.name)


def _remove(module: AnsibleModule) -> dict[str, Any]:
    unchanged = {"changed": False, "moved": [], "diff": {"before": "", "after": ""}}
    path = Path(module.params["config"])
    if not path.exists():
        return unchanged
    directories = [Path(one) for one in module.params["directories"]]
    config = path.read_bytes()
    asked = run(["dpkg-query", "--show", "--showformat=${Conffiles}\n", module.params["package"]], timeout=60)
    checksum = package_checksum(asked.stdout, str(path)) if asked.rc == 0 else ""
    cib = directories[0] / "cib.xml"
    found = judge_leftover(
        config,
        checksum,
        cib.read_text(encoding="utf-8") if cib.exists() else None,
        _package_nodes(config.decode("utf-8", "replace")),
    )
    if found.foreign:
        raise PghaError(
            f"corosync has the package's own configuration, but {found.foreign}.",
            expected="the empty state of the package's own one-node cluster, or none",
            next_step="find out whose cluster this was; move /var/lib/pacemaker/cib away yourself when it may go",
        )
    moved = [str(one) for one in directories if found.removable and one.is_dir() and any(one.iterdir())]
    if moved and not module.check_mode:
        for unit in ("pacemaker", "corosync"):
            _stop(unit)
        for name in moved:
            _move_aside(Path(name))
    before = "".join(f"state of the package's own cluster in {name}\n" for name in moved)
    return {"changed": bool(moved), "moved": moved, "diff": {"before": before, "after": ""}}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "path", "default": "/etc/corosync/corosync.conf"},
            "package": {"type": "str", "default": "corosync"},
            "directories": {
                "type": "list",
                "elements": "path",
                "default": ["/var/lib/pacemaker/cib", "/var/lib/pacemaker/pengine", "/var/lib/corosync"],
            },
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _remove(module))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server has already, so that the roles skip what is there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Reads which packages a server has, which services run there, and what its kernel can filter
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - One look for all roles. Names are returned as one text, because a server's facts go along with every later task.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.attributes.info
options:
  list_packages:
    description: The command that lists packages as C(status:name), with the word C(installed) for those that are there.
    type: list
    elements: str
    required: true
  package_lists:
    description: A pattern of the files that the package manager keeps of what it could install.
    type: str
    required: true
  package_journal:
    description: A pattern of the files in which the package manager notes what it is at; a run that ended leaves none.
    type: str
    required: true
  start_policy:
    description: The file by which M(ansible.builtin.apt) with C(policy_rc_d) keeps packages from starting services.
    type: path
    required: true
  filter_probe:
    description: A command that succeeds where the kernel has packet rules, and changes nothing.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: See what is there
  pgha.cluster.host_info:
    list_packages: [dpkg-query, --show, "--showformat=${db:Status-Status}:${Package} "]
    package_lists: /var/lib/apt/lists/*_Packages*
    package_journal: /var/lib/dpkg/updates/[0-9]*
    start_policy: /usr/sbin/policy-rc.d
    filter_probe: [/usr/sbin/nft, --check, add table inet probe]
  register: there
"""

RETURN = r"""
installed:
  description: Names of the installed packages, with a blank between them.
  returned: success
  type: str
  sample: corosync nftables procps
running:
  description: Names of the services that run and are started at boot, with a blank between them.
  returned: success
  type: str
  sample: corosync.service ssh.service
lists:
  description: Whether there are any lists of packages. An emptied directory of them looks fresh to the package manager.
  returned: success
  type: bool
interrupted:
  description: Whether an installation was interrupted, as by a power cut. None can begin before that one is completed.
  returned: success
  type: bool
barred:
  description: Whether it has left its policy behind, so that packages go on starting nothing, those of others too.
  returned: success
  type: bool
filters:
  description: Whether the kernel has packet rules; false where nothing is installed to ask it with.
  returned: success
  type: bool
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common import host
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run

SECONDS = 60
UNITS = ["systemctl", "list-units", "--type=service", "--state=active", "--plain", "--no-legend", "--no-pager"]
FILES = ["systemctl", "list-unit-files", "--type=service", "--state=enabled", "--no-legend", "--no-pager"]


# What ansible.builtin.apt writes for our roles, word for word. Alone it proves nothing: images of containers bring it.
STARTS_NOTHING = "#!/bin/sh\nexit 101\n"


def _said(runner: Runner, argv: list[str]) -> str:
    done = runner(argv, timeout=SECONDS)
    if done.rc != 0:
        raise PghaError("The server does not say what it has.", ran=argv, said=done.stderr or done.stdout)
    return done.stdout


def _any(pattern: str) -> bool:
    place = Path(pattern)
    return any(place.parent.glob(place.name))


def work(params: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Read."""
    probe, policy = params["filter_probe"], Path(params["start_policy"])
    interrupted = _any(params["package_journal"])
    return {
        "changed": False,
        "installed": " ".join(host.installed(_said(runner, params["list_packages"]))),
        "running": " ".join(host.running(_said(runner, UNITS), _said(runner, FILES))),
        "lists": _any(params["package_lists"]),
        "interrupted": interrupted,
        "barred": interrupted and policy.is_file() and policy.read_text(errors="replace") == STARTS_NOTHING,
        "filters": Path(probe[0]).exists() and runner(probe, timeout=SECONDS).rc == 0,
    }


def main() -> None:
    """Entry point."""
    words = {"type": "list", "elements": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "list_packages": words,
            "package_lists": {"type": "str", "required": True},
            "package_journal": {"type": "str", "required": True},
            "start_policy": {"type": "path", "required": True},
            "filter_probe": words,
        },
        supports_check_mode=True,
    )
    finish(module, lambda: work(module.params, run))


if __name__ == "__main__":
    main()

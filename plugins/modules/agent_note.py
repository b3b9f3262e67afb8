#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on a server what is known of the cluster's servers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_note
short_description: Notes on this server what is known of a server of its cluster
version_added: 0.1.0
description:
  - A cluster of the failover agent has no configuration of its own in which to keep what a fencing check compares with
    while a server is down. It stands in a file on each server.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  name:
    description: The server that is noted of.
    type: str
    required: true
  attributes:
    description: What is noted. An empty value takes a note away; what is not named stays.
    type: dict
    required: true
  path:
    description: The file.
    type: path
    default: /etc/pgha/servers.json
seealso:
  - module: pgha.cluster.agent_info
author:
  - pgha.cluster contributors (@pgha)
"""

EXAMPLES = r"""
- name: Note the identity of the hardware of n2
  pgha.cluster.agent_note:
    name: n2
    attributes:
      pgha-hardware: 4c4c4544-0042-3510-8052-b4c04f384e32
"""

RETURN = r"""
servers:
  description: Server to what is noted of it, or in check mode would be.
  returned: success
  type: dict
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.agent import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish


def _lines(notes: dict[str, dict[str, str]]) -> str:
    return "".join(
        f"{name}: {key}={value}\n" for name, one in sorted(notes.items()) for key, value in sorted(one.items())
    )


def _note(module: AnsibleModule) -> dict[str, Any]:
    place, name = Path(module.params["path"]), module.params["name"]
    before = gateway.notes(place)
    given = {str(key): str(value or "") for key, value in module.params["attributes"].items()}
    own = {key: value for key, value in {**before.get(name, {}), **given}.items() if value}
    after = {**{one: noted for one, noted in before.items() if one != name}, **({name: own} if own else {})}
    if after != before and not module.check_mode:
        gateway.write_notes(after, place)
    return {
        "changed": after != before,
        "servers": after,
        "diff": {"before": _lines(before), "after": _lines(after)},
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "attributes": {"type": "dict", "required": True},
            "path": {"type": "path", "default": "/etc/pgha/servers.json"},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _note(module))


if __name__ == "__main__":
    main()

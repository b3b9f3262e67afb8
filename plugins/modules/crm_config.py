#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets a part of a pacemaker cluster's configuration from crmsh text."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crm_config
short_description: Set a part of a pacemaker cluster's configuration
version_added: 0.1.0
description:
  - Takes the desired configuration as crmsh text, compares it with the live configuration (CIB), and changes
    what differs, all in one step or not at all.
  - Each O(name) owns the objects that its text defines. Objects of others, nodes, and their attributes are left alone.
    What is owned is written into the CIB itself, in a property set with the id C(<name>-managed).
  - The text is checked by crmsh and by C(crm_verify) before anything changes; complaints name the line of the text.
  - Refuses to write when somebody changed the configuration after it was read.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  config:
    description:
      - The desired configuration, as an operator would write it for C(crm configure).
      - May hold C(primitive), C(clone), C(ms), C(group), C(bundle), C(rsc_template), C(location), C(colocation),
        C(order), C(rsc_ticket), C(tag), C(alert), C(property), C(rsc_defaults), C(op_defaults) and C(fencing_topology).
      - Values of parameters whose names tell of a secret, such as C(password), are shown nowhere. Better still, use
        the agent's C(password_script), so that the configuration holds no secret at all. The cluster's own log may
        quote what the configuration holds.
    type: str
    required: true
  name:
    description: Name of the managed set that owns these objects.
    type: str
    default: pgha
  purge:
    description:
      - Remove objects that this set owns and the text no longer defines. A running resource is stopped by that.
    type: bool
    default: true
  without_restart:
    description:
      - By primitive, the parameters that its agent reads anew at each operation.
      - Where only those of a primitive change, the cluster does not restart it. It rests for some seconds, in which
        nothing is watched or moved, and then looks anew at what runs.
    type: dict
    default: {}
  keep_running:
    description:
      - Primitives that a change must not restart. The cluster restarts a resource whose parameters changed, and what is
        ordered after it, on all servers at once; a database is gone for its clients meanwhile.
      - A change that would is refused, and nothing is written. In check mode it is only warned about.
      - Judged once the cluster has nothing left to do, or after half a minute.
    type: list
    elements: str
    default: []
  wait:
    description:
      - Seconds to wait for a cluster that is just starting, and for it to come to rest after that.
      - With V(0) the module does not wait for the cluster to come to rest.
    type: int
    default: 120
requirements:
  - crmsh, and a running cluster on the server
seealso:
  - module: pgha.cluster.crm_info
author:
  - pgha.cluster contributors (@pgha)
"""

EXAMPLES = r"""
- name: An address that the cluster moves
  pgha.cluster.crm_config:
    config: |
      property stonith-enabled=true
      primitive write-address ocf:heartbeat:IPaddr2 \
        params ip=10.78.0.100 cidr_netmask=24 \
        op monitor interval=10s timeout=20s
      location write-address-connected write-address \
        rule -inf: not_defined connectivity or connectivity lte 0
"""

RETURN = r"""
simulation:
  description: What the cluster does because of the change, as C(crm_simulate) foretells it.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: Such as V(start), V(stop), V(move), V(restart), V(promote), V(demote), V(fence).
      type: str
    target:
      description: The resource, or the node that is fenced.
      type: str
    source:
      description: The server it leaves.
      type: str
    destination:
      description: The server it is on afterwards.
      type: str
    reason:
      description: Why.
      type: str
advice:
  description: What crmsh remarks about a valid text, such as a timeout below the agent's advice.
  returned: always
  type: list
  elements: str
adopted:
  description: Resources whose agents get, or would get, changed parameters without a restart; see O(without_restart).
  returned: always
  type: list
  elements: str
added:
  description: Objects that were, or would be, created.
  returned: always
  type: list
  elements: str
updated:
  description: Objects that were, or would be, changed.
  returned: always
  type: list
  elements: str
removed:
  description: Objects that were, or would be, removed.
  returned: always
  type: list
  elements: str
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import adopt, configure
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.crmtext import secret_values
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Action
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.plan import Plan

_PATIENCE = 30


def judge(simulation: Sequence[Action], names: Sequence[str], warn: Callable[[str], None] | None) -> None:
    """Refuse a change that restarts what must go on.

    :param warn: what is called instead, where nothing is going to change.
    """
    struck = [one for one in simulation if one.action == "restart" and one.target.split(":")[0] in names]
    if not struck:
        return
    listing = " and ".join(sorted(f"{one.target.split(':')[0]} on {one.source}" for one in struck))
    against = f"This change would restart {listing}{', all at once' if len(struck) > 1 else ''}."
    if warn is not None:
        warn(against)
        return
    raise PghaError(
        f"{against} Nothing was written.",
        next_step="see what differs (--check --diff), and set it back; or, when clients may wait: "
        "-e pgha_accept=restart; the status at its end names what to rebuild",
    )


def look_at_rest(gateway: Gateway, wanted: configure.Wanted, warn: Callable[[str], None]) -> configure.Outlook:
    """Look once the cluster has nothing left to do.

    Until it has asked its agents anew (after a cleanup, or a server joined), a resource that runs counts as stopped,
    and no simulation shows that a change restarts it.
    """
    try:
        gateway.settle(_PATIENCE)
    except PghaError as busy:
        # Refused, it could not be mended: the change may be just what it waits for, such as another fence device.
        warn(f"{busy} What the change would restart is judged by what the cluster knows now.")
    return configure.look(gateway, wanted)


def write(gateway: Gateway, runner: Runner, wanted: configure.Wanted, plan: Plan, adopted: list[str]) -> None:
    """Write the plan, and let the cluster go on with resources that need no restart."""
    if not adopted:
        configure.apply(gateway, plan)
        return
    # The rest is itself a change of the configuration: what is written starts from there.
    adopt.at_rest(gateway, runner, adopted, lambda: configure.apply(gateway, configure.look(gateway, wanted).plan))


def work(module: AnsibleModule, gateway: Gateway, runner: Runner = run) -> dict[str, Any]:
    """Read, plan, stop if check mode, apply, read again."""
    name, wait = module.params["name"], module.params["wait"]
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
        raise PghaError(f"{name!r} is no usable name: letters, digits, '-' and '_', beginning with a letter.")
    wanted = configure.Wanted(module.params["config"], name, module.params["purge"])
    gateway.ready(wait or _PATIENCE)
    outlook = configure.look(gateway, wanted)
    there = {primitive.get("id") for primitive in outlook.plan.live.iter("primitive")}
    kept = [name for name in module.params["keep_running"] if name in there]
    if kept and not outlook.plan.empty:
        outlook = look_at_rest(gateway, wanted, module.warn)
    plan = outlook.plan
    adopted = adopt.adopted(plan, module.params["without_restart"])
    result: dict[str, Any] = {
        "changed": not plan.empty,
        "advice": list(outlook.advice),
        "simulation": [],
        "adopted": adopted,
        "added": [c.key.id for c in plan.changes if c.before is None],
        "updated": [c.key.id for c in plan.changes if c.before is not None and c.after is not None],
        "removed": [c.key.id for c in plan.changes if c.after is None],
    }
    result["diff"] = {"before": "", "after": ""}
    if not plan.empty:
        configure.check(gateway, wanted, plan)
        result["diff"] = configure.difference(gateway, wanted, plan)
        simulation = configure.effect(gateway, adopt.without(plan, adopted))
        result["simulation"] = [asdict(action) for action in simulation]
        judge(simulation, kept, module.warn if module.check_mode else None)
    if module.check_mode:
        return result
    if not plan.empty:
        write(gateway, runner, wanted, plan, adopted)
    # Also without a change: a run that was interrupted after writing must not report a cluster at rest.
    if wait:
        gateway.settle(wait)
    if not plan.empty:
        configure.must_be_empty(configure.look(gateway, wanted))
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            # The text may hold secrets, so that it must not reach the system's log.
            "config": {"type": "str", "required": True, "no_log": True},
            "name": {"type": "str", "default": "pgha"},
            "purge": {"type": "bool", "default": True},
            "without_restart": {"type": "dict", "default": {}},
            "keep_running": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    # From here on only the secrets in the text are hidden: a diff or an error that quotes the text stays readable.
    module.no_log_values = (module.no_log_values - {module.params["config"]}) | secret_values(module.params["config"])
    finish(module, lambda: work(module, Gateway(run)))


if __name__ == "__main__":
    main()

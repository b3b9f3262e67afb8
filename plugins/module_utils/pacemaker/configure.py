# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A configuration from text to cluster: read, plan, verify, apply to an unchanged base, and what a person sees of it.

This module util is private to the collection.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, crmtext
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway, Patched
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Action
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.parse import parse_actions
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.plan import Plan, make_plan, scratch

# A busy cluster updates its status often; each attempt takes well under a tenth of a second.
_ATTEMPTS = 20


@dataclass(frozen=True)
class Wanted:
    """What the operator wants.

    :ivar name: of the managed set that owns these objects.
    :ivar purge: whether objects that the set owns and the text no longer has are removed.
    """

    text: str
    name: str
    purge: bool

    @property
    def statements(self) -> tuple[crmtext.Statement, ...]:
        """The text's statements; a refusal quotes no secret, for it names places only."""
        return crmtext.parse_text(self.text)


@dataclass(frozen=True)
class Outlook:
    """A plan and what crmsh advises about the text."""

    plan: Plan
    advice: tuple[str, ...]


def look(gateway: Gateway, wanted: Wanted) -> Outlook:
    """Read the live CIB and plan."""
    live = cib.read(gateway.query_cib())
    base = scratch(live, wanted.statements, wanted.name)
    text, said = gateway.load(cib.write(base), wanted.text)
    hidden = crmtext.secret_values(wanted.text)
    found = tuple(crmtext.without_secrets(line, hidden) for line in crmtext.complaints(said, wanted.statements))
    # crmsh takes a group with a missing member for valid, and quietly leaves the member out.
    missing = [line for line in found if "refers to missing object" in line]
    if text is None and not any(line.startswith("line ") for line in found):
        found = _with_place(gateway, cib.write(base), wanted, found)
    if text is None or missing:
        raise PghaError(
            "The configuration is not valid; nothing was changed.",
            said="\n".join(missing or found) or crmtext.without_secrets(said, hidden),
            next_step="correct the text at the place named",
        )
    return Outlook(make_plan(live, base, cib.read(text), name=wanted.name, purge=wanted.purge), found)


def _with_place(gateway: Gateway, base: str, wanted: Wanted, found: Sequence[str]) -> tuple[str, ...]:
    """Find the statement behind complaints that name none, as those of pacemaker's schema do.

    The shortest beginning of the text that draws the same first complaint ends with it.
    """
    statements, hidden = wanted.statements, crmtext.secret_values(wanted.text)

    def draws(count: int) -> bool:
        text, said = gateway.load(base, "".join(f"{s.text}\n" for s in statements[:count]))
        return text is None and found[0] in crmtext.complaints(crmtext.without_secrets(said, hidden), ())

    if not found or not draws(len(statements)):
        return tuple(found)
    low, high = 0, len(statements)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if draws(middle) else (middle, high)
    culprit = statements[high - 1]
    title = f"{culprit.kind} {culprit.name}".strip()
    return (f"line {culprit.line} ({title}): {found[0]}", *found[1:])


def check(gateway: Gateway, wanted: Wanted, plan: Plan) -> None:
    """Let pacemaker judge the desired CIB before anything changes."""
    # Judged without status: that a removed clone still runs is no fault of the configuration.
    alone = copy.deepcopy(plan.desired)
    for status in alone.findall("status"):
        status.clear()
    said = gateway.verify(cib.write(alone))
    if said is None:
        return
    hidden = crmtext.secret_values(wanted.text) | {pair.get("value", "") for pair in cib.secrets(plan.desired)}
    found = [crmtext.without_secrets(line, hidden) for line in crmtext.complaints(said, wanted.statements)]
    raise PghaError(
        "Pacemaker would not accept the configuration; nothing was changed.",
        ran=["crm_verify", "--xml-file", "<the desired configuration>", "--verbose"],
        said="\n".join(found),
        next_step="correct the text at the place named; what is named without a line is configured elsewhere",
    )


def effect(gateway: Gateway, plan: Plan) -> tuple[Action, ...]:
    """Return what the cluster would do."""
    return parse_actions(gateway.simulate(cib.write(plan.desired)))


def apply(gateway: Gateway, plan: Plan) -> None:
    """Write the plan in one step, and only onto the configuration that it was made from."""
    for _attempt in range(_ATTEMPTS):
        if gateway.patch(cib.write(plan.live), cib.write(plan.desired)) is Patched.APPLIED:
            return
        plan = rebase(plan, cib.read(gateway.query_cib()))
    raise PghaError(
        f"The cluster's status changed under each of {_ATTEMPTS} attempts to write the configuration.",
        next_step="wait until the cluster comes to rest (crm_mon), then run again",
    )


def rebase(plan: Plan, fresh: ET.Element) -> Plan:
    """Carry a plan over to a newer status; a newer configuration was not what the plan, or its diff, is about."""
    same = ET.tostring(cib.configuration(fresh)) == ET.tostring(cib.configuration(plan.live))
    if cib.version(fresh) != cib.version(plan.live) or not same:
        who = f"{fresh.get('update-user')} with {fresh.get('update-client')} on {fresh.get('update-origin')}"
        raise PghaError(
            "Somebody changed the cluster's configuration after it was read here; nothing was written.",
            said=f"epoch was {plan.live.get('epoch')} and is {fresh.get('epoch')}, last changed by {who}",
            next_step="run again: the new plan will start from what is there now",
        )
    desired = copy.deepcopy(fresh)
    place = list(desired).index(cib.configuration(desired))
    desired[place] = copy.deepcopy(cib.configuration(plan.desired))
    desired.set("epoch", str(cib.version(fresh)[1] + 1))
    desired.set("num_updates", "0")
    return replace(plan, live=fresh, desired=desired)


def difference(gateway: Gateway, wanted: Wanted, plan: Plan) -> dict[str, str]:
    """Return the change as crmsh text before and after, without secrets."""
    values = {pair.get("id"): pair.get("value") for pair in cib.secrets(plan.live)}
    after = _render(gateway, plan.desired, [(c.key, c.after) for c in plan.changes], values)
    before = _render(gateway, plan.live, [(c.key, c.before) for c in plan.changes], values)
    # An object whose own change is shown needs no such line.
    shown = {change.key for change in plan.changes}
    forgotten = [key.id for key in plan.no_longer_managed if key not in shown]
    taken = [key.id for key in plan.newly_managed if key not in shown]
    return {
        "before_header": f"configuration {wanted.name}",
        "after_header": f"configuration {wanted.name}",
        "before": before + "".join(f"# managed: {name}\n" for name in forgotten),
        "after": after + "".join(f"# managed: {name}\n" for name in taken),
    }


def _render(
    gateway: Gateway,
    root: ET.Element,
    shown: Iterable[tuple[cib.Key, ET.Element | None]],
    old: dict[str | None, str | None],
) -> str:
    keys = [key for key, element in shown if element is not None]
    if not keys:
        return ""
    root = copy.deepcopy(root)
    for key, element in cib.objects(root).items():
        # Of a set of properties only the changed ones are shown.
        if element.tag == "nvpair" and key not in keys:
            parent = next(part for part in root.iter() if any(child is element for child in part))
            parent.remove(element)
    for pair in cib.secrets(root):
        changed = old.get(pair.get("id"), pair.get("value")) != pair.get("value")
        pair.set("value", "(hidden, changed)" if changed else "(hidden)")
    ids: dict[str, None] = {}
    for key in keys:
        if key.section == "fencing-topology":
            ids["type:fencing_topology"] = None
        elif key.section == "resources":
            ids.update(dict.fromkeys(sorted(cib.resource_ids(cib.objects(root)[key]))))
        else:
            ids[key.id.partition("/")[0]] = None
    return gateway.show(cib.write(root), list(ids))


def must_be_empty(outlook: Outlook) -> None:
    """The plan made after applying has to be empty, else the cluster is not what was asked for."""
    if not outlook.plan.empty:
        left = sorted({c.key.id for c in outlook.plan.changes} | {k.id for k in outlook.plan.newly_managed})
        raise PghaError(
            "The configuration was written, but reading it again shows differences.",
            said=", ".join(left),
            expected="no difference",
            next_step="somebody else may be writing to the same objects: see 'journalctl -u pacemaker'",
        )

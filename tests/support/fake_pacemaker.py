# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pacemaker cluster played in memory: its tools' answers, the check of a patch's base, a status that moves."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed

FIXTURES = Path(__file__).parents[1] / "fixtures" / "pacemaker"
VERSIONS = ("2.1", "3.0")
REST = '<pacemaker-result><actions/><status code="0"/></pacemaker-result>'
IDLE = '<pacemaker-result><crmd node_name="n1" state="S_IDLE" result="ok"/></pacemaker-result>'


def fixture(version: str, name: str) -> str:
    """Return a captured answer."""
    return (FIXTURES / version / name).read_text(encoding="utf-8")


class FakePacemaker:
    """Answers like the tools do.

    :ivar cib: the live CIB.
    :ivar wants: section and XML of the objects that crmsh makes of the operator's text.
    :ivar before_patch: called before each patch arrives, to change the cluster behind the module's back.
    :ivar refusal: what crmsh says instead of loading the text.
    :ivar offence: crmsh refuses only a text that holds this.
    :ivar advice: what crmsh remarks while it loads the text.
    :ivar verdict: what crm_verify says instead of accepting the file.
    :ivar actions: what it has left to do.
    :ivar effect: what it would do once the configuration is another one; the same if nothing is said.
    :ivar pending: looks at what it has left to do until it is at rest; until then a change has that same effect.
    """

    def __init__(self, cib: str, monitor: str, wants: Sequence[tuple[str, str]] = ()) -> None:
        self.cib = cib
        self.monitor: str | None = monitor
        self.wants = list(wants)
        self.before_patch: Callable[[], None] = lambda: None
        self.refusal = ""
        self.offence = ""
        self.verdict = ""
        self.advice = ""
        self.actions = REST
        self.effect = ""
        self.pending = 0
        self.calls: list[list[str]] = []
        self.environments: list[Mapping[str, str]] = []
        self._original = ""

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        self.calls.append(list(argv))
        self.environments.append(env or {})
        tool = getattr(self, "_" + argv[0].replace("-", "_"))
        result: Completed = tool(list(argv), stdin or "", env or {})
        return result

    def ran(self, program: str) -> list[list[str]]:
        """Return the calls of one program."""
        return [argv for argv in self.calls if argv[0] == program]

    def _cibadmin(self, argv: list[str], stdin: str, _env: Mapping[str, str]) -> Completed:
        if self.monitor is None:
            return Completed(102, "", "cibadmin: Init failed: Transport endpoint is not connected\n")
        if "--query" in argv:
            return Completed(0, self.cib, "")
        self.before_patch()
        versions = ("admin_epoch", "epoch", "num_updates")
        here, base = ET.fromstring(self.cib), ET.fromstring(self._original)
        if any(here.get(name) != base.get(name) for name in versions):
            return Completed(103, "", "Call failed: Update was older than existing configuration\n")
        self.cib = stdin
        return Completed(0, "", "")

    def _crm_diff(self, argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        self._original = Path(argv[2]).read_text(encoding="utf-8")
        return Completed(1, Path(argv[4]).read_text(encoding="utf-8"), "")

    def _crm(self, argv: list[str], stdin: str, env: Mapping[str, str]) -> Completed:
        path = Path(env["CIB_file"])
        if "show" in argv:
            return Completed(0, path.read_text(encoding="utf-8") + "\n", "")
        if self.refusal and self.offence in stdin:
            return Completed(1, "", self.refusal)
        root = ET.fromstring(path.read_text(encoding="utf-8"))
        configuration = root.find("configuration")
        assert configuration is not None
        for section, text in self.wants:
            parent = configuration.find(section)
            parent = ET.SubElement(configuration, section) if parent is None else parent
            parent.append(ET.fromstring(text))
        path.write_text(ET.tostring(root, encoding="unicode"), encoding="utf-8")
        return Completed(0, "", self.advice)

    def _crm_mon(self, _argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        return Completed(102, "", "") if self.monitor is None else Completed(0, self.monitor, "")

    def _crm_verify(self, _argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        return Completed(78, "", self.verdict) if self.verdict else Completed(0, "", "")

    def _crm_simulate(self, argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        changed = Path(argv[2]).read_text(encoding="utf-8") != self.cib
        if self.pending:
            self.pending -= not changed
            return Completed(0, fixture("2.1", "crm_simulate-probing.xml"), "")
        return Completed(0, (changed and self.effect) or self.actions, "")

    def _crmadmin(self, _argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        return Completed(0, IDLE, "")

    def _systemctl(self, _argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        return Completed(3 if self.monitor is None else 0, "", "")

    def _corosync_quorumtool(self, _argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        return Completed(0, "Expected votes:   3\nTotal votes:      3\n", "")

    def _crm_resource(self, _argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        return Completed(0, "", "")

    def _crm_attribute(self, argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        words = dict(word.partition("=")[::2] for word in argv[1:])
        root = ET.fromstring(self.cib)
        node = root.find(f"configuration/nodes/node[@uname='{words['--node']}']")
        assert node is not None
        path = "instance_attributes"
        if words["--lifetime"] == "reboot":
            node = root.find(f"status/node_state[@uname='{words['--node']}']/transient_attributes")
            assert node is not None
        attributes = node.find(path)
        attributes = ET.SubElement(node, path, {"id": "x"}) if attributes is None else attributes
        for pair in [pair for pair in attributes if pair.get("name") == words["--name"]]:
            attributes.remove(pair)
        if "--update" in words:
            ET.SubElement(attributes, "nvpair", {"name": words["--name"], "value": words["--update"]})
        self.cib = ET.tostring(root, encoding="unicode")
        return Completed(0, "", "")


class RestingPacemaker(FakePacemaker):
    """Takes a rest in and gives it back; obeys it or not."""

    obeys = True

    def _cibadmin(self, argv: list[str], stdin: str, env: Mapping[str, str]) -> Completed:
        if "--create" not in argv and "--delete" not in argv:
            return super()._cibadmin(argv, stdin, env)
        given = ET.fromstring(argv[-1].partition("=")[2])
        root = ET.fromstring(self.cib)
        options = root.find("configuration/crm_config")
        assert options is not None
        if "--create" in argv:
            options.append(given)
            rests = "true" if self.obeys else "false"
            self.monitor = (self.monitor or "").replace('maintenance-mode="false"', f'maintenance-mode="{rests}"')
        else:
            options.remove(next(one for one in options if one.get("id") == given.get("id")))
            self.monitor = (self.monitor or "").replace('maintenance-mode="true"', 'maintenance-mode="false"')
        root.set("epoch", str(int(root.get("epoch", "0")) + 1))
        self.cib = ET.tostring(root, encoding="unicode")
        return Completed(0, "", "")


def bump(cib: str, attribute: str) -> str:
    """Return a CIB whose epoch or num_updates moved on by one."""
    root = ET.fromstring(cib)
    root.set(attribute, str(int(root.get(attribute, "0")) + 1))
    return ET.tostring(root, encoding="unicode")

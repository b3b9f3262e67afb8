# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places several files: one look at all of them, then Ansible's own copy for those that differ."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.placing import Wanted, search, to_place


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller."""

    TRANSFERS_FILES = True
    _VALID_ARGS = frozenset({"files"})

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Look, and place what differs. The first one that fails ends it; a later run goes on from there."""
        super().run(tmp, task_vars)
        try:
            wanted = [Wanted.of(given) for given in self._task.args.get("files") or []]
        except PghaError as wrong:
            return {"failed": True, **wrong.as_result()}
        seen = self._execute_module(
            module_name="ansible.builtin.find", module_args=search(wanted), task_vars=task_vars or {}
        )
        if seen.get("failed"):
            return dict(seen)
        outcome: dict[str, Any] = {"changed": False, "placed": [], "diff": []}
        for one in to_place(wanted, seen.get("files") or []):
            done = self._place(one, task_vars or {})
            if done.get("failed"):
                return {**done, "changed": outcome["changed"], "msg": f"{one.path}: {done.get('msg')}"}
            if done.get("changed"):
                outcome["changed"] = True
                outcome["placed"].append(one.path)
                diff = done.get("diff") or []
                outcome["diff"] += diff if isinstance(diff, list) else [diff]
        return outcome

    def _place(self, one: Wanted, task_vars: dict[str, Any]) -> dict[str, Any]:
        if one.content is None:
            return dict(
                self._execute_module(module_name="ansible.builtin.file", module_args=one.task(), task_vars=task_vars)
            )
        if not (self._task.check_mode or self._task.diff):
            return self._send(one.content, one.module(), task_vars)
        task = self._task.copy()
        task.args = one.task()
        copy = self._shared_loader_obj.action_loader.get(
            "ansible.builtin.copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return dict(copy.run(task_vars=task_vars))

    def _send(self, content: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Bring a file there and let the module copy place it.

        The action copy would look once more before it does the same. It is for those who want to see what changes.
        """
        shell = self._connection._shell
        source = self._transfer_data(shell.join_path(shell.tmpdir, "source"), content)
        self._fixup_perms2((shell.tmpdir, source))
        sent = {"src": source, **module_args}
        return dict(self._execute_module(module_name="ansible.builtin.copy", module_args=sent, task_vars=task_vars))

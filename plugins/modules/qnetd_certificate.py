#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vote host's certificate authority."""

from __future__ import annotations

DOCUMENTATION = r"""
module: qnetd_certificate
short_description: Returns the vote host's certificate authority, and signs a server's request with it
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on the vote host. Without O(request) it only reads.
  - Signs one request at a time, however many servers ask at once.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  idempotent:
    support: partial
    details: Every request that is given is signed; give one only when M(pgha.cluster.qdevice_certificate) returned it.
options:
  request:
    description: A certificate request, as M(pgha.cluster.qdevice_certificate) returned it.
    type: str
    default: ""
  cluster_name:
    description: Name of the cluster that the certificate is for.
    type: str
    required: true
  database:
    description: Directory of the NSS database that C(corosync-qnetd) reads.
    type: path
    default: /etc/corosync/qnetd/nssdb
"""

EXAMPLES = r"""
- name: Read the authority
  pgha.cluster.qnetd_certificate:
    cluster_name: demo
  delegate_to: v1
  register: vote_host

- name: Sign the server's request
  pgha.cluster.qnetd_certificate:
    cluster_name: demo
    request: "{{ server.request }}"
  delegate_to: v1
  register: signed
"""

RETURN = r"""
ca:
  description: The certificate authority as PEM; empty when the vote host has none yet.
  returned: success
  type: str
certificate:
  description: The signed certificate, base64 of DER; empty without a request, and in check mode.
  returned: success
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.certificates import NssDatabase


def _answer(module: AnsibleModule) -> dict[str, Any]:
    database = NssDatabase(run, module.params["database"])
    ca = database.ca()
    if not ca and not module.check_mode:
        raise PghaError(
            "The vote host has no certificate authority.",
            expected=f"an NSS database in {module.params['database']}",
            next_step="deploy the vote host before the database servers",
        )
    request, cluster = module.params["request"], module.params["cluster_name"]
    signed = database.sign(request, cluster) if request and not module.check_mode else ""
    after = f"a certificate for the cluster {cluster}\n" if request else ""
    return {"changed": bool(request), "ca": ca, "certificate": signed, "diff": {"before": "", "after": after}}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "request": {"type": "str", "default": ""},
            "cluster_name": {"type": "str", "required": True},
            "database": {"type": "path", "default": "/etc/corosync/qnetd/nssdb"},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _answer(module))


if __name__ == "__main__":
    main()

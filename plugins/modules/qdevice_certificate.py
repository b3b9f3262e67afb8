#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate with which a server asks the vote host for its vote."""

from __future__ import annotations

DOCUMENTATION = r"""
module: qdevice_certificate
short_description: Makes a server's certificate request for the vote host, and takes the signed certificate in
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Without O(certificate), checks that this server holds a valid certificate for the cluster, signed by the given
    authority. If not, prepares a new key and returns a request to be signed on the vote host.
  - With O(certificate), takes the signed certificate in and puts the prepared database in the place of the current one.
  - The key is made on the server and never leaves it.
  - A new authority, as after the vote host was made anew, makes a new request.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  ca:
    description: The certificate authority of the vote host, as PEM.
    type: str
    required: true
  cluster_name:
    description: Name of the cluster, as in corosync's C(totem.cluster_name).
    type: str
    required: true
  certificate:
    description: The signed certificate, as M(pgha.cluster.qnetd_certificate) returned it.
    type: str
  database:
    description: Directory of the NSS database that C(corosync-qdevice) reads.
    type: path
    default: /etc/corosync/qdevice/net/nssdb
"""

EXAMPLES = r"""
- name: Ask whether this server needs a certificate
  pgha.cluster.qdevice_certificate:
    ca: "{{ vote_host.ca }}"
    cluster_name: demo
  register: server

- name: Take the signed certificate in
  pgha.cluster.qdevice_certificate:
    ca: "{{ vote_host.ca }}"
    cluster_name: demo
    certificate: "{{ signed.certificate }}"
  when: server.request | length > 0
"""

RETURN = r"""
request:
  description: The certificate request, base64 of DER. Empty when none is needed, and in check mode.
  returned: success
  type: str
reason:
  description: Why a new certificate is needed; empty when none is.
  returned: success
  type: str
  sample: it has no certificates yet
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.certificates import (
    NssDatabase,
    pem_body,
    why_join,
)


def _join(module: AnsibleModule) -> dict[str, Any]:
    ca, cluster = module.params["ca"], module.params["cluster_name"]
    if not pem_body(ca) and not module.check_mode:
        raise PghaError("The vote host gave no certificate authority.", next_step="deploy the vote host first")
    database = NssDatabase(run, module.params["database"])
    reason = why_join(database.membership(), ca, cluster)
    result: dict[str, Any] = {"changed": bool(reason), "reason": reason, "request": ""}
    result["diff"] = {
        "before": f"{reason}\n" if reason else "",
        "after": f"a certificate for the cluster {cluster}, signed by the vote host\n" if reason else "",
    }
    if not reason or module.check_mode:
        return result
    if not module.params["certificate"]:
        result["request"] = database.request(ca, cluster)
        return result
    database.accept(module.params["certificate"])
    still = why_join(database.membership(), ca, cluster)
    if still:
        raise PghaError(
            f"The server took a certificate from the vote host, and yet {still}.",
            next_step="look at both databases with `certutil -L -d`, then run again",
        )
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "ca": {"type": "str", "required": True},
            "cluster_name": {"type": "str", "required": True},
            "certificate": {"type": "str"},
            "database": {"type": "path", "default": "/etc/corosync/qdevice/net/nssdb"},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _join(module))


if __name__ == "__main__":
    main()

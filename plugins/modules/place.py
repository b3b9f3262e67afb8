# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places several files in one step; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: place
short_description: Places several files and directories, and looks at all of them at once
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Looks once at everything that it is given, by M(ansible.builtin.find), and lets M(ansible.builtin.copy), or for a
    directory M(ansible.builtin.file), place what differs. Where nothing does, that is one run of a module, in place of
    two for each file.
  - They are placed in the order in which they are given. The first one that cannot be placed ends it.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  files:
    description: What is to be placed.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where, an absolute path.
        type: path
        required: true
      content:
        description: What a file holds. Required for a file.
        type: str
      state:
        description: Whether it is a directory.
        type: str
        choices: [file, directory]
        default: file
      owner:
        description: Its user, by name.
        type: str
        default: root
      group:
        description: Its group, by name.
        type: str
        default: root
      mode:
        description: Its mode, as four octal digits.
        type: str
        required: true
      validate:
        description: A command that has to succeed before the file takes its place; C(%s) stands for the file.
        type: str
      backup:
        description: Keep a copy of what is replaced beside it.
        type: bool
        default: false
      force:
        description: Replace a file that is there with another content. Otherwise one that is there is left alone.
        type: bool
        default: true
"""

EXAMPLES = r"""
- name: Place a service
  pgha.cluster.place:
    files:
      - path: /usr/local/sbin/greet
        content: "{{ lookup('ansible.builtin.file', 'greet', rstrip=false) }}"
        mode: "0755"
      - path: /etc/systemd/system/greet.service
        content: "{{ lookup('ansible.builtin.template', 'greet.service.j2') }}"
        mode: "0644"
"""

RETURN = r"""
placed:
  description: Paths that were, or in check mode would be, changed.
  returned: success
  type: list
  elements: str
  sample: [/usr/local/sbin/greet]
"""

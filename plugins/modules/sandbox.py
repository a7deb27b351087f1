#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of sandbox, which is an action plugin."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sandbox
short_description: Start or stop the sandboxes of an inventory
version_added: 0.3.0
description:
  - Starts each sandbox that the hosts of a play live in, unless it runs, or stops it. A host lives in a sandbox where
    its variable C(llmops_sandbox_directory) names one. Where no host does, there is nothing to do.
  - The variables C(llmops_sandbox_speed) and C(llmops_sandbox_config) set up a sandbox at its start. They are those of
    the first host that lives in it. C(vars) of an C(ansible.builtin.import_playbook) set all three for every host of
    the playbook.
  - Runs on the controller, by the Python of C(ansible-playbook). An interrupted start is finished in the background.
options:
  state:
    description:
      - With V(started), the sandboxes answer when the task ends.
      - With V(stopped), they end with everything on them, and the files that they made are removed.
    type: str
    choices: [started, stopped]
    default: started
attributes:
  check_mode:
    support: partial
    details:
      - A sandbox is started in check mode as well, because a preview of a deployment needs it, and that counts as no
        change. None is stopped.
  diff_mode:
    support: none
  idempotent:
    support: full
extends_documentation_fragment:
  - llmops.gke.attributes
requirements:
  - llmops-gke-sandbox, where a host lives in a sandbox
notes:
  - Give the task C(run_once), because it does this for all hosts. Where a sandbox does not start, none of them goes on.
seealso:
  - name: The sandbox
    description: What it simulates, and its settings.
    link: https://github.com/llmops/llmops.gke/blob/main/sandbox/README.md
author: The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Start the sandbox of an inventory that has one
  llmops.gke.sandbox:
  run_once: true

- name: End it with everything on it
  llmops.gke.sandbox:
    state: stopped
  run_once: true
"""

RETURN = r"""
sandboxes:
  description: Each sandbox that runs or is stopped, also where another one failed.
  returned: always
  type: list
  elements: dict
  contains:
    directory:
      description: The directory, as the inventory names it.
      type: str
    hosts:
      description: The hosts that live in it.
      type: list
      elements: str
    changed:
      description: Whether this task started it, or stopped or would stop it.
      type: bool
"""

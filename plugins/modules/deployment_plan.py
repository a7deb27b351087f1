#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of deployment_plan, which is an action plugin."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_plan
short_description: Collect what the roles of a play are about to deploy for a host
version_added: 0.3.0
description:
  - Resolves every option of this collection's roles in the play, validates each value by the role's argument spec, and
    collects what the roles tell about the resources that they make.
  - Finds variables that begin with the name of one of the collection's roles and that no role knows, such as a mistyped
    option.
  - Options that an argument spec marks as C(no_log) are left out, except for whether they are set. Other secrets and
    credentials in URLs are hidden.
  - Runs on the controller and asks nobody.
options:
  refuse:
    description:
      - Roles whose options must be valid. Otherwise the task fails with everything that is wrong with them.
      - V(all) stands for every role. What is wrong with the options of other roles alone is in RV(errors).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
extends_documentation_fragment:
  - llmops.gke.attributes
notes:
  - A role tells what it makes by C(__<role>_plan), and which variable sets which option of a module by
    C(__<role>_variables), both in its C(vars/main.yml).
seealso:
  - module: llmops.gke.llm_preflight
author: The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Resolve and validate the options of every role in the play
  llmops.gke.deployment_plan:
  register: planned

- name: Show what is wrong with the variables of this host
  ansible.builtin.debug:
    var: planned.errors
"""

RETURN = r"""
errors:
  description: What the argument specs refuse and what cannot be resolved, one line each.
  type: list
  elements: str
  returned: success
plan:
  description:
    - A mapping as JSON text. As such it costs next to nothing, whatever else a host's tasks look at.
    - It has the C(host), its C(roles), those that are C(unseen) because C(include_role) keeps their variables from the
      rest of the play, the value of each of their C(options) that is not secret, and for the C(secrets)
      whether they are set.
    - C(plans) and C(variables) have for each role what it tells.
    - C(errors) is RV(errors), C(refused) names the options that these are about, and C(unknown) the variables that no
      role knows, each with the C(nearest) one that there is, or null.
  type: str
  returned: success
  sample: '{"host": "mistral-7b", "roles": ["llmops", "gke_cluster"], "options": {"llmops_replicas": 1}, "errors": []}'
error:
  description: Why it failed. C(findings) has everything that is refused, each with its C(text).
  type: dict
  returned: failure
"""

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every GKE module: where a resource is, and what is to become of it."""

from __future__ import annotations


class ModuleDocFragment:
    """See plugins/module_utils/gke/options.py for the argument spec that agrees with it."""

    DOCUMENTATION = r"""
options:
  project:
    description: ID of the Google Cloud project.
    type: str
    required: true
  location:
    description: Region or zone of the cluster.
    type: str
    required: true
"""

    MANAGED = r"""
options:
  definition:
    description: The field options of this module in one mapping, for passing them on as a whole. An option that is
      given beside it takes precedence, and nested mappings are merged.
    type: dict
  timeout:
    description: Seconds that the task may take, including the time that GKE's operations take.
    type: int
    default: 2700
notes:
  - Only the fields that are given are compared and changed. Values that GKE fills in are left alone.
  - A difference that GKE cannot change in place fails the task before anything is changed, with a remedy.
  - The task waits for an operation that is already running on the resource, whoever started it. In check mode it only
    warns about it.
"""

    STATE = r"""
options:
  state:
    description: V(absent) deletes the resource; V(present) creates or changes it.
    type: str
    choices: [present, absent]
    default: present
"""

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
    description: Id of the Google Cloud project.
    type: str
    required: true
  location:
    description: Region or zone of the cluster.
    type: str
    required: true
"""

    STATE = r"""
options:
  state:
    description: Whether it is to be there.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds that the task may take, waiting for operations included.
    type: int
    default: 2700
notes:
  - Only the fields that are given are compared and changed. What GKE fills in by itself is left alone.
  - A difference that cannot be changed in place fails the task before anything is written, and says what to do.
  - An operation that is under way on the resource, begun by anyone, is followed to its end first. In check mode it is
    told as a warning and not waited for.
"""

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of objects: what needs others goes first, and each is seen to be gone."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.ordering import by_rank
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.outcomes import Outcome
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.parallel import side_by_side
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.resources import ObjectRef
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.waiting import until_gone
from ansible_collections.llmops.gke.plugins.module_utils.result import Progress


def plan_removal(api: KubernetesApi, refs: Sequence[ObjectRef]) -> list[Outcome]:
    """What removing them would do: one GET each, nothing is written."""
    outcomes = []
    for ref, live in zip(refs, side_by_side(api.get, refs), strict=True):
        if isinstance(live, LlmopsError):
            raise live
        outcomes.append(
            Outcome(ref, "absent", None, None)
            if live is None
            else Outcome(ref, "deleted", live, None, request=f"DELETE {ref.path}")
        )
    return outcomes


def remove(api: KubernetesApi, planned: Sequence[Outcome], deadline: Deadline, progress: Progress) -> None:
    """Delete what the plan wants deleted, with what it owns, and wait until it is gone.

    The reverse of the order of creation; each rank is gone before the next one goes, so that nothing is left
    without what it needs to end well.
    """
    for group in by_rank((outcome for outcome in planned if outcome.changed), reverse=True):
        uids = {outcome.ref: outcome.before["metadata"]["uid"] for outcome in group if outcome.before}
        for reply in side_by_side(lambda item: api.delete(*item), list(uids.items())):
            if isinstance(reply, LlmopsError):
                raise reply
        until_gone(api, uids, deadline, progress)
        for ref in uids:
            progress(f"{ref}: deleted")

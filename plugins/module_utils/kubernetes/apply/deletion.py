# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of objects: what needs others goes first, and each is seen to be gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.deadline import Deadline
from ...core.result import Progress
from ..client.api import KubernetesApi
from ..client.parallel import all_of
from ..client.resources import ObjectRef
from ..objects.ordering import by_rank
from ..wait.wait import until_gone
from .outcomes import Outcome


def plan_removal(api: KubernetesApi, refs: Sequence[ObjectRef]) -> list[Outcome]:
    """What removing them would do: one GET each, nothing is written."""
    return [
        Outcome(ref, "absent", None, None) if live is None else removal(ref, live)
        for ref, live in zip(refs, all_of(api.get, refs), strict=True)
    ]


def removal(ref: ObjectRef, live: dict[str, Any]) -> Outcome:
    """The removal of an object that is there."""
    return Outcome(ref, "deleted", live, None, request=f"DELETE {ref.path}")


def remove(
    api: KubernetesApi,
    planned: Sequence[Outcome],
    deadline: Deadline,
    progress: Progress,
    propagation: str = "Foreground",
) -> None:
    """Delete what the plan wants deleted, and wait until it is gone. propagation: what becomes of what it owns.

    The reverse of the order of creation; each rank is gone before the next one goes, so that nothing is left
    without what it needs to end well.
    """
    for group in by_rank((outcome for outcome in planned if outcome.changed), reverse=True):
        uids = {outcome.ref: outcome.before["metadata"]["uid"] for outcome in group if outcome.before}
        going = {}
        replies = all_of(lambda item: api.delete(*item, propagation), list(uids.items()))
        for ref, reply in zip(uids, replies, strict=True):
            # The object itself comes back only where its end takes time.
            if reply is not None and reply.get("kind") != "Status":
                going[ref] = uids[ref]
        until_gone(api, going, deadline, progress)
        for ref in uids:
            progress(f"{ref}: deleted")

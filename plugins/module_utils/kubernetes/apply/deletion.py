# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of objects: what needs others goes first, and each is seen to be gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import LlmopsError
from ...core.result import Progress
from ..client.api import KubernetesApi
from ..client.parallel import all_of, side_by_side
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
    without what it needs to end well. An error names what was ``deleted``, or began to be, before it.
    """
    sent: list[str] = []
    try:
        _remove(api, planned, deadline, progress, propagation, sent)
    except LlmopsError as error:
        error.fields["deleted"] = sent
        raise


def _remove(
    api: KubernetesApi,
    planned: Sequence[Outcome],
    deadline: Deadline,
    progress: Progress,
    propagation: str,
    sent: list[str],
) -> None:
    for group in by_rank((outcome for outcome in planned if outcome.changed), reverse=True):
        uids = {outcome.ref: outcome.before["metadata"]["uid"] for outcome in group if outcome.before}
        going = {}
        replies = side_by_side(lambda item: api.delete(*item, propagation), list(uids.items()))
        sent += [str(ref) for ref, reply in zip(uids, replies, strict=True) if not isinstance(reply, LlmopsError)]
        if refused := next((reply for reply in replies if isinstance(reply, LlmopsError)), None):
            raise refused
        for ref, reply in zip(uids, replies, strict=True):
            # The object itself comes back only where its end takes time.
            if reply is not None and reply.get("kind") != "Status":
                going[ref] = uids[ref]
        until_gone(api, going, deadline, progress)
        for ref in uids:
            progress(f"{ref}: deleted")

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How objects go: at once, after a grace period, or when their finalizers are gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from llmops_gke_sandbox.kubernetes.errors import ApiError, details, forbidden, not_found
from llmops_gke_sandbox.kubernetes.lifecycle.strategies import has_generation
from llmops_gke_sandbox.kubernetes.options import DeleteOptions
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.store import Store

_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
_IMMORTAL = ("default", "kube-public", "kube-system")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Deletion:
    """Deletes objects of one store.

    :param now: returns the wall time as objects carry it.
    :param forget: called with each object that is gone.
    """

    def __init__(self, store: Store, now: Callable[[], str], forget: Callable[[Kind, dict], None]) -> None:
        self._store = store
        self._now = now
        self._forget = forget

    def delete(self, kind: Kind, namespace: str, name: str, options: DeleteOptions) -> tuple[dict, bool]:
        """Delete an object.

        :returns: the object's last state, and whether it is gone already.
        :raises ApiError: 404 if there is none, 409 if a precondition does not hold.
        """
        if kind.kind == "Namespace" and name in _IMMORTAL:
            raise forbidden(kind, name, "this namespace may not be deleted")
        live = self._store.get(kind, namespace, name)
        if live is None:
            raise not_found(kind, name)
        self._check_preconditions(kind, live, options)
        if options.dry_run:
            return live, True
        grace = self._grace(kind, live, options)
        finalizers = self._finalizers(kind, live, options)
        if not finalizers and not grace and not _held(kind, live):
            return self._remove(kind, live), True
        return self._mark(kind, live, finalizers, grace), False

    def finish(self, kind: Kind, obj: dict) -> dict:
        """Remove an object that was marked, once nothing holds it; return its last state."""
        metadata = obj["metadata"]
        held = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds") or _held(kind, obj)
        if metadata.get("deletionTimestamp") and not held:
            return self._remove(kind, obj)
        return obj

    def _check_preconditions(self, kind: Kind, live: dict, options: DeleteOptions) -> None:
        metadata = live["metadata"]
        if options.uid not in (None, metadata["uid"]):
            message = (
                f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
                "The object might have been deleted and then recreated"
            )
            raise _changed(kind, metadata["name"], message)
        if options.resource_version not in (None, metadata["resourceVersion"]):
            message = (
                f"the ResourceVersion in the precondition ({options.resource_version}) does not match the "
                f"ResourceVersion in record ({metadata['resourceVersion']}). The object might have been modified"
            )
            raise _changed(kind, metadata["name"], message)

    def _grace(self, kind: Kind, live: dict, options: DeleteOptions) -> int:
        """Only a pod that a node may be running is given time."""
        if kind.kind != "Pod" or not live["spec"].get("nodeName"):
            return 0
        if live.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return 0
        wanted = options.grace
        if wanted is None:
            wanted = live["spec"].get("terminationGracePeriodSeconds", 30)
        left = live["metadata"].get("deletionGracePeriodSeconds")
        return wanted if left is None else min(wanted, left)

    def _finalizers(self, kind: Kind, live: dict, options: DeleteOptions) -> list[str]:
        kept = [one for one in live["metadata"].get("finalizers", ()) if one not in _FINALIZERS.values()]
        wanted = _FINALIZERS.get(options.propagation) if kind.kind != "Namespace" else None
        return [*kept, wanted] if wanted else kept

    def _mark(self, kind: Kind, live: dict, finalizers: list[str], grace: int) -> dict:
        old = live["metadata"]
        metadata = {key: value for key, value in old.items() if key != "finalizers"}
        if finalizers:
            metadata["finalizers"] = finalizers
        if "deletionTimestamp" not in old or grace < old.get("deletionGracePeriodSeconds", 0):
            moment = datetime.strptime(self._now(), _TIME) + timedelta(seconds=grace)
            metadata["deletionTimestamp"] = moment.strftime(_TIME)
            if kind.kind != "Namespace":
                metadata["deletionGracePeriodSeconds"] = grace
            if has_generation(kind) and "deletionTimestamp" not in old:
                metadata["generation"] = old.get("generation", 0) + 1
        marked = {**live, "metadata": metadata}
        if kind.kind == "Namespace":
            marked["status"] = {**live.get("status", {}), "phase": "Terminating"}
        return live if marked == live else self._store.put(kind, marked)

    def _remove(self, kind: Kind, obj: dict) -> dict:
        self._forget(kind, obj)
        return self._store.remove(kind, obj)


def _changed(kind: Kind, name: str, message: str) -> ApiError:
    """Return the 409 of a precondition: it names the kind where others name the resource."""
    text = f'Operation cannot be fulfilled on {kind.kind} "{name}": {message}'
    return ApiError(409, "Conflict", text, details(kind, name, by_kind=True))


def _held(kind: Kind, obj: dict) -> bool:
    """A namespace is held by the finalizers of its specification until its content is gone."""
    return kind.kind == "Namespace" and bool(obj["spec"].get("finalizers"))

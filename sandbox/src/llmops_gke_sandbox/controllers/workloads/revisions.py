# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""ControllerRevisions: the templates that a workload has had, for its rollouts back. After pkg/controller/history."""

from __future__ import annotations

from llmops_gke_sandbox.control.client import Client
from llmops_gke_sandbox.control.informers import Store
from llmops_gke_sandbox.control.objects import controller_reference, is_controlled_by
from llmops_gke_sandbox.controllers.workloads.pods import template_hash

RESOURCE = "controllerrevisions.apps"


async def current_revision(owner: dict, store: Store, client: Client) -> dict:
    """Return the revision of the owner's present template, made or moved to the end where it must be.

    :param store: the local copy of all ControllerRevisions.
    """
    name = f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}"
    owned = history(owner, store)
    last = max((one["revision"] for one in owned), default=0)
    have = next((one for one in owned if one["metadata"]["name"] == name), None)
    namespace = owner["metadata"]["namespace"]
    if have is None:
        revision = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {**owner["spec"]["selector"].get("matchLabels", {}), "controller.kubernetes.io/hash": name},
                "ownerReferences": [controller_reference(owner)],
            },
            "data": {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}},
            "revision": last + 1,
        }
        return await client.create(RESOURCE, revision, namespace)
    if have["revision"] < last:
        return await client.patch(RESOURCE, name, {"revision": last + 1}, namespace)
    return have


def history(owner: dict, store: Store) -> list[dict]:
    """Return the owner's revisions, the oldest first."""
    found = [one for one in store.all(owner["metadata"]["namespace"]) if is_controlled_by(one, owner)]
    return sorted(found, key=lambda one: one["revision"])


async def clean_up(owner: dict, store: Store, client: Client, in_use: set[str]) -> None:
    """Delete the oldest revisions beyond revisionHistoryLimit; those in use, by name, stay."""
    spare = [one for one in history(owner, store) if one["metadata"]["name"] not in in_use]
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    for one in spare[: max(0, len(spare) - limit)]:
        await client.delete(RESOURCE, one)

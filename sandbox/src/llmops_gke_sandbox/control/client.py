# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to the API under one field manager's name, seen at once in the local copies."""

from __future__ import annotations

from llmops_gke_sandbox.control.informers import Informers
from llmops_gke_sandbox.kubernetes.api import KubernetesApi
from llmops_gke_sandbox.kubernetes.errors import ApiError


class Client:
    """The API's write verbs for one controller or agent.

    :param informers: whose stores take in what a write returned.
    :param manager: the field manager, as the component is called in life.
    """

    def __init__(self, api: KubernetesApi, informers: Informers, manager: str) -> None:
        self._api, self._informers, self._manager = api, informers, manager

    async def create(self, resource: str, obj: dict, namespace: str | None = None) -> dict:
        """Create an object and return it. :raises ApiError: as the API refuses."""
        return self._seen(resource, await self._api.create(resource, obj, namespace, manager=self._manager))

    async def patch(
        self, resource: str, name: str, body: dict, namespace: str | None = None, subresource: str | None = None
    ) -> dict:
        """Merge ``body`` into an object and return it. :raises ApiError: as the API refuses."""
        patched = await self._api.patch(resource, name, body, namespace, subresource=subresource, manager=self._manager)
        return self._seen(resource, patched)

    async def update_status(self, resource: str, obj: dict, status: dict) -> None:
        """Make the object's status equal to ``status``; nothing is sent where it is already.

        A value of None, and a key that ``status`` lacks, takes the field away.
        """
        body = merge_patch_between(obj.get("status") or {}, status)
        if body:
            meta = obj["metadata"]
            await self.patch(resource, meta["name"], {"status": body}, meta.get("namespace"), subresource="status")

    async def delete(self, resource: str, obj: dict, **options) -> None:
        """Delete this very object; one that is gone is fine, even if a namesake has taken its place."""
        meta = obj["metadata"]
        try:
            await self._api.delete(resource, meta["name"], meta.get("namespace"), uid=meta["uid"], **options)
        except ApiError as error:
            if error.status != 409:
                raise

    def _seen(self, resource: str, obj: dict) -> dict:
        store = self._informers.known(resource)
        if store is not None:
            store.observe(obj)
        return obj


def merge_patch_between(have: dict, want: dict) -> dict:
    """Return the JSON merge patch (RFC 7386) that makes ``want`` of ``have``; {} if they are equal."""
    patch = {}
    for key in have.keys() | want.keys():
        old, new = have.get(key), want.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            # A merge patch leaves alone what it does not name: what is gone must be named.
            if inner := merge_patch_between(old, new):
                patch[key] = inner
        elif old != new:
            patch[key] = new
    return patch

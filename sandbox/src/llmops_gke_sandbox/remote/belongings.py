# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GKE puts into a cluster, on an API server that somebody else runs: brought, and taken back.

Each of these objects is marked, so that only what a sandbox brought goes, if need be with a later sandbox. What others
have put into it keeps it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from llmops_gke_sandbox.control.objects import is_deleting, is_simulated, simulated
from llmops_gke_sandbox.kubernetes.bootstrap import MONITORING
from llmops_gke_sandbox.kubernetes.schema.published import published
from llmops_gke_sandbox.remote.http_api import HttpApi

# Wall seconds for the end of what goes: a namespace's content goes before it does.
PATIENCE = 15.0
_LOOK_EVERY_SECONDS = 0.05
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_DAEMON_SETS = "daemonsets.apps"
# Of a namespace: what somebody would miss. The certificates are a controller's, who puts them into every namespace.
_MISSED = (
    "configmaps", "secrets", "services", "persistentvolumeclaims", "pods", "deployments.apps", "statefulsets.apps",
    "daemonsets.apps", "jobs.batch",
)  # fmt: skip
_CERTIFICATES = "kube-root-ca.crt"
_log = logging.getLogger(__name__)


class Belongings:
    """Those of one server."""

    def __init__(self, api: HttpApi) -> None:
        self._api = api

    async def bring(self, definitions: Iterable[dict] = MONITORING) -> None:
        """Define kinds, by default those of managed Prometheus, unless they are there.

        :raises ApiError: if the server does not answer or does not let us in.
        """
        for definition in definitions:
            name = definition["metadata"]["name"]
            live = await self._api.get(_DEFINITIONS, name)
            if live is not None and is_deleting(live) and await self._ended([(_DEFINITIONS, name, None)]):
                live = None
            if live is None:
                await self._api.create(_DEFINITIONS, simulated(definition), manager="kubectl-gke")
            self._api.define(definition)

    async def take_back_namespaces(self) -> None:
        """Remove the DaemonSets, and the namespaces that were made for them; while there are nodes, so that pods end.

        :raises ApiError: as the server refuses.
        """
        ours = [
            (_DAEMON_SETS, one["metadata"]["name"], one["metadata"]["namespace"])
            for one in await self._api.list(_DAEMON_SETS)
            if is_simulated(one)
        ]
        for place in ours:
            # In the foreground: it is gone when its pods are.
            await self._api.delete(*place, propagation="Foreground")
        await self._ended(ours)
        made = [one["metadata"]["name"] for one in await self._api.list("namespaces") if is_simulated(one)]
        going = []
        for name in made:
            missed = await self._missed(name)
            if missed:
                _log.warning("namespace %s stays, because others have put something there: %s", name, missed)
                continue
            await self._api.delete("namespaces", name)
            going.append(("namespaces", name, None))
        await self._ended(going)

    async def take_back_definitions(self) -> None:
        """Remove the kinds that were defined here and of which there is nothing.

        :raises ApiError: as the server refuses.
        """
        going = []
        for definition in (*MONITORING, *published("gateway"), *published("inference")):
            name = definition["metadata"]["name"]
            live = await self._api.get(_DEFINITIONS, name)
            if live is None or not is_simulated(live):
                continue
            if await self._api.list(name):
                _log.warning("the definition %s stays, because others have created such objects", name)
                continue
            await self._api.delete(_DEFINITIONS, name)
            going.append((_DEFINITIONS, name, None))
        await self._ended(going)

    async def _missed(self, namespace: str) -> str:
        """What others have in a namespace, in words; nothing where that is all the sandbox's, or going."""
        found = []
        for resource in _MISSED:
            for one in await self._api.list(resource, namespace):
                name = one["metadata"]["name"]
                if name != _CERTIFICATES and not is_simulated(one) and not is_deleting(one) and not _owners(one):
                    found.append(f"{resource}/{name}")
        return ", ".join(found)

    async def _ended(self, going: list[tuple[str, str, str | None]]) -> bool:
        """Wait until objects are gone that are being deleted; False where that takes too long, which is told."""
        limit = asyncio.get_running_loop().time() + PATIENCE
        while going:
            going = [place for place in going if await self._api.get(*place) is not None]
            if going and asyncio.get_running_loop().time() > limit:
                for resource, name, _namespace in going:
                    _log.warning("%s %s is being deleted and is not gone yet", resource, name)
                return False
            await asyncio.sleep(_LOOK_EVERY_SECONDS if going else 0)
        return True


def _owners(obj: dict) -> list[dict]:
    return obj["metadata"].get("ownerReferences") or []

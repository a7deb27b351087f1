# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What controllers and agents need of an API server: the protocol of both clients.

LocalApi calls the sandbox's own server inside its process, HttpApi any server over HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

DEFAULT_MANAGER = "kube-controller-manager"


class KubernetesApi(Protocol):
    """Reads and writes one cluster.

    ``resource`` is the plural with its group: ``pods``, ``deployments.apps``. Objects that are returned belong to the
    caller, with apiVersion and kind. Whatever the server refuses raises ApiError(status, reason, message).
    """

    async def get(self, resource: str, name: str, namespace: str | None = None) -> dict | None:
        """Return an object, None if there is none."""

    async def list(self, resource: str, namespace: str | None = None) -> list[dict]:
        """Return the objects of one namespace, or of all, ordered by namespace and name."""

    async def snapshot(self, resource: str) -> tuple[list[dict], str]:
        """Return all objects of a resource, and the version from which a watch goes on."""

    async def create(
        self, resource: str, obj: dict, namespace: str | None = None, manager: str = DEFAULT_MANAGER
    ) -> dict:
        """Create an object and return it; the namespace is the object's own if none is given."""

    async def patch(
        self,
        resource: str,
        name: str,
        body: dict,
        namespace: str | None = None,
        subresource: str | None = None,
        manager: str = DEFAULT_MANAGER,
    ) -> dict:
        """Apply a JSON merge patch to an object or to its subresource, and return the object."""

    async def delete(
        self,
        resource: str,
        name: str,
        namespace: str | None = None,
        propagation: str = "Background",
        uid: str | None = None,
        grace_period: int | None = None,
    ) -> None:
        """Delete an object; one that is absent already is fine.

        :param grace_period: seconds; None for the object's own.
        :raises ApiError: 409 where the object has another uid.
        """

    def watch(
        self, resource: str, namespace: str | None = None, since: str | None = None
    ) -> AsyncIterator[tuple[str, dict]]:
        """Yield (ADDED, MODIFIED or DELETED, object) for each change after ``since``.

        Without it, (ADDED, object) for all that is there comes first.

        :raises ApiError: 410 where the history does not reach back to ``since``.
        """

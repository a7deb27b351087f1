# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where objects may be created: in namespaces that exist and are not on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_gke_sandbox.kubernetes.errors import Cause, forbidden, not_found
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind

if TYPE_CHECKING:
    from llmops_gke_sandbox.kubernetes.verbs import Verbs


def require_namespace(verbs: Verbs, kind: Kind, namespace: str, name: str) -> None:
    """Refuse a create where its namespace does not allow it.

    :raises ApiError: 404 if the namespace is absent, 403 if it is being deleted.
    """
    if not kind.namespaced:
        return
    namespaces = verbs.registry.named("namespaces")
    found = verbs.store.get(namespaces, "", namespace)
    if found is None:
        raise not_found(namespaces, namespace)
    if found["metadata"].get("deletionTimestamp"):
        message = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
        raise forbidden(kind, name, message, [cause])

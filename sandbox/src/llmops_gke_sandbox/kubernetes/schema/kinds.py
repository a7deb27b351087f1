# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kinds of objects there are: names, scope, verbs, subresources. The fields themselves are in the schemas."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
STATUS_VERBS = ("get", "patch", "update")


@dataclass(frozen=True)
class Subresource:
    """A part of a kind under a path of its own; group and version where it is another kind's."""

    name: str
    kind: str = ""
    verbs: tuple[str, ...] = STATUS_VERBS
    group: str = ""
    version: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind as it is served under one group and version."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    singular: str = ""
    custom: dict | None = field(default=None, compare=False, hash=False)
    """The version's entry of the CustomResourceDefinition, for custom resources."""

    @property
    def resource(self) -> str:
        """The plural with its group: ``deployments.apps``, ``pods``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """``apps/v1``, ``v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def list_kind(self) -> str:
        """The kind of a list of them."""
        return f"{self.kind}List"

    @property
    def generic(self) -> str:
        """How the server's messages name a kind: ``apps/v1, Kind=Deployment``, ``/v1, Kind=Secret``."""
        return f"{self.group}/{self.version}, Kind={self.kind}"

    @property
    def storage_hash(self) -> str:
        """The hash by which clients see that the stored form changed (apiserver: discovery.StorageVersionHash)."""
        digest = hashlib.sha256(f"{self.group}/{self.version}/{self.kind}".encode()).digest()
        return base64.b64encode(digest[:8]).decode()

    def subresource(self, name: str) -> Subresource | None:
        """Return a subresource by name, None if the kind has none such."""
        return next((one for one in self.subresources if one.name == name), None)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of objects that belong together, so that those a later run leaves out can be found and removed.

The form is that of ``kubectl apply --applyset`` (KEP-3659): a Secret or ConfigMap, the parent, names the kinds and
namespaces in which members are; each member bears the set's id as a label.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...core.errors import HttpError, InvalidOption, LlmopsError
from ..client.api import KubernetesApi
from ..client.parallel import all_of
from ..client.resources import Kind, ObjectRef, builtin
from ..objects.labels import owned_keys
from ..objects.manifests import Manifest

_PREFIX = "applyset.kubernetes.io"
_ID, PART_OF = f"{_PREFIX}/id", f"{_PREFIX}/part-of"
_TOOLING, _KINDS = f"{_PREFIX}/tooling", f"{_PREFIX}/contains-group-kinds"
_NAMESPACES = f"{_PREFIX}/additional-namespaces"
_TOOL = "llmops.gke"
_PARENTS = {"configmaps": "ConfigMap", "secrets": "Secret"}

Identity = "tuple[str, str, str | None, str]"


class ApplySetTaken(LlmopsError):
    """The parent belongs to another tool, which would not know what is done to its members."""

    kind = "apply_set_taken"


@dataclass(frozen=True)
class LiveSet:
    """A set as it is in the cluster: its parent, None where that is not there, and its members."""

    parent: dict[str, Any] | None = None
    members: dict[ObjectRef, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ApplySet:
    """One set, by its parent."""

    parent: ObjectRef

    @classmethod
    def named(cls, option: str, namespace: str) -> ApplySet:
        """The set that ``option`` names as kubectl does: NAME, secrets/NAME or configmaps/NAME; InvalidOption else."""
        kind, _slash, name = option.rpartition("/")
        parent = builtin("v1", _PARENTS.get(kind or "secrets", ""))
        if parent is None or not name:
            raise InvalidOption("apply_set", option, "NAME, secrets/NAME or configmaps/NAME")
        return cls(ObjectRef(parent, namespace, name))

    @property
    def id(self) -> str:
        """The set's id: by definition a hash of what its parent is."""
        unique = ".".join((self.parent.name, self.parent.namespace or "", self.parent.kind.kind, ""))
        digest = base64.urlsafe_b64encode(hashlib.sha256(unique.encode()).digest()).decode().rstrip("=")
        return f"applyset-{digest}-v1"

    def member(self, manifest: Manifest) -> Manifest:
        """The manifest with the set's label; a namespace that is only made where it lacks does not join."""
        if manifest.create_only:
            return manifest
        labels = manifest.body["metadata"].get("labels") or {}
        if labels.get(PART_OF, self.id) != self.id:
            raise InvalidOption(manifest.source, f"{PART_OF}: {labels[PART_OF]}", "no label of another apply_set")
        return _labelled(manifest, labels, self.id)

    def check(self, parent: dict[str, Any] | None) -> None:
        """Raise ApplySetTaken where the live parent is another tool's, or an object that has its own use."""
        tooling = _annotations(parent).get(_TOOLING, _TOOL)
        if tooling.partition("/")[0] != _TOOL:
            raise ApplySetTaken(
                f"{self.parent} is the parent of a set that {tooling} looks after; give apply_set another name",
                object=str(self.parent),
                tooling=tooling,
            )
        if parent is not None and _labels(parent).get(_ID) != self.id:
            raise ApplySetTaken(
                f"{self.parent} is there already and is no set's parent, which has no content of its own; "
                "give apply_set another name",
                object=str(self.parent),
            )

    def check_members(self, manifests: Iterable[Manifest], lives: Iterable[dict[str, Any] | None]) -> None:
        """Raise ApplySetTaken where a live object is a member of another set, which would lose it unawares."""
        for manifest, live in zip(manifests, lives, strict=True):
            other = _labels(live).get(PART_OF, self.id)
            if other != self.id and not manifest.create_only:
                raise ApplySetTaken(
                    f"{manifest.ref} ({manifest.source}) is a member of another apply_set; leave it to that one, or "
                    f"take its label {PART_OF} away first (llmops.gke.k8s_label, kubectl label)",
                    object=str(manifest.ref),
                    apply_set=other,
                )

    def parent_manifest(self, refs: Iterable[ObjectRef], live: dict[str, Any] | None = None) -> Manifest:
        """The parent of a set with these members, and of whatever else the ``live`` one tells of."""
        refs = list(refs)
        kinds = {_group_kind(ref.kind) for ref in refs} | set(_listed(live, _KINDS))
        places = {ref.namespace for ref in refs if ref.namespace} | set(_listed(live, _NAMESPACES))
        annotations = {
            _TOOLING: f"{_TOOL}/v1",
            _KINDS: ",".join(sorted(kinds)),
            _NAMESPACES: ",".join(sorted(places - {self.parent.namespace or ""})),
        }
        metadata = {
            "name": self.parent.name,
            "namespace": self.parent.namespace,
            "labels": {_ID: self.id},
            "annotations": annotations,
        }
        body = {"apiVersion": self.parent.kind.api_version, "kind": self.parent.kind.kind, "metadata": metadata}
        return Manifest(self.parent, body, "apply_set")

    def read(self, api: KubernetesApi, manifests: Sequence[Manifest] = ()) -> LiveSet:
        """The set as it is: one GET for its parent, and one list for each kind and namespace that this tells of.

        manifests: those that will be applied, whose kinds need no discovery. Raises ApplySetTaken.
        """
        parent = api.get(self.parent)
        self.check(parent)
        known = {_group_kind(manifest.ref.kind): manifest.ref.kind for manifest in manifests}
        namespaces = [self.parent.namespace, *_listed(parent, _NAMESPACES)]
        places: list[tuple[Kind, str | None]] = []
        for group_kind in _listed(parent, _KINDS):
            name, _dot, group = group_kind.partition(".")
            kind = known.get(group_kind) or api.kind_of_group(group, name)
            if kind is not None:
                places += [(kind, namespace) for namespace in namespaces] if kind.namespaced else [(kind, None)]
        found: dict[ObjectRef, dict[str, Any]] = {}
        lists = all_of(lambda place: self._members(api, *place), places)
        for (kind, _namespace), objects in zip(places, lists, strict=True):
            for obj in objects:
                found[ObjectRef(kind, obj["metadata"].get("namespace"), obj["metadata"]["name"])] = obj
        return LiveSet(parent, found)

    def _members(self, api: KubernetesApi, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        try:
            return api.list(kind, namespace, label_selector=f"{PART_OF}={self.id}")
        except HttpError as error:
            # Its kind is no longer served, so that none is left.
            if error.status == 404:
                return []
            raise


def kept_in_set(manifest: Manifest, live: dict[str, Any] | None, manager: str) -> Manifest:
    """The manifest of an object that is applied without a set, with the label of the one that ``manager`` put it into.

    Otherwise it would leave that set unnoticed, and never be pruned.
    """
    labels = manifest.body["metadata"].get("labels") or {}
    if live is None or PART_OF in labels or PART_OF not in owned_keys(live, manager)["labels"]:
        return manifest
    return _labelled(manifest, labels, _labels(live)[PART_OF])


def _labelled(manifest: Manifest, labels: dict[str, str], set_id: str) -> Manifest:
    metadata = {**manifest.body["metadata"], "labels": {**labels, PART_OF: set_id}}
    return replace(manifest, body={**manifest.body, "metadata": metadata})


def identity(ref: ObjectRef) -> Identity:
    """What makes two references mean one object, whatever their API versions."""
    return ref.kind.group, ref.kind.kind, ref.namespace, ref.name


def _group_kind(kind: Kind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


def _annotations(obj: dict[str, Any] | None) -> dict[str, str]:
    return ((obj or {}).get("metadata") or {}).get("annotations") or {}


def _labels(obj: dict[str, Any] | None) -> dict[str, str]:
    return ((obj or {}).get("metadata") or {}).get("labels") or {}


def _listed(obj: dict[str, Any] | None, annotation: str) -> list[str]:
    return [entry for entry in _annotations(obj).get(annotation, "").split(",") if entry]

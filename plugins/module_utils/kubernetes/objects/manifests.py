# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests: documents whose place in the cluster is known."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...core.errors import InvalidOption
from ..client.api import KubernetesApi
from ..client.resources import Kind, ObjectRef, builtin, kinds_of_definition, versions_of
from .documents import Document

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_API_VERSION = re.compile(r"(?:[a-z0-9][a-z0-9.-]*/)?[a-z0-9]+")


@dataclass(frozen=True)
class Manifest:
    """A manifest whose place in the cluster is known; body is what is sent."""

    ref: ObjectRef
    body: dict[str, Any]
    source: str
    create_only: bool = False
    kind_is_coming: bool = False
    """Whether the cluster may not know its kind yet: another manifest of the same call defines it, or GKE brings it."""


_WRITTEN_BY_THE_SERVER = frozenset({"uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"})
"""Of metadata, as an export holds it; managedFields are refused when a manifest is read."""


def resolve(
    documents: Iterable[Document], api: KubernetesApi | None, namespace: str | None, *, absent: bool = False
) -> list[Manifest]:
    """Find each document's place; ``namespace`` is for those that name none.

    api: None where the cluster does not exist yet; kinds that only it could tell are then taken to be named
    regularly. absent: for objects that are to go; those of an API that is not served are gone already, and no error.
    Raises InvalidOption for a kind that the cluster does not know, and for an object given twice.
    """
    documents = list(documents)
    coming = {
        (kind.api_version, kind.kind): kind
        for document in documents
        if document.body["kind"] == "CustomResourceDefinition"
        for kind in _defined(document)
    }
    default_namespace = namespace or (api.default_namespace if api else "default")
    found: list[Manifest] = []
    taken: dict[tuple[str, str, str | None, str], str] = {}
    for document in documents:
        key = (document.body["apiVersion"], document.body["kind"])
        kind = coming.get(key) or known_kind(*key, api, document.source, absent=absent)
        manifest = _placed(document, kind, default_namespace, kind_is_coming=key in coming)
        identity = (kind.group, kind.kind, manifest.ref.namespace, manifest.ref.name)
        if identity in taken:
            raise InvalidOption(document.source, str(manifest.ref), f"an object once; {taken[identity]} has it too")
        taken[identity] = document.source
        found.append(manifest)
    return found


def known_kind(api_version: str, kind: str, api: KubernetesApi | None, option: str, *, absent: bool = False) -> Kind:
    """The kind's place as the cluster tells it, or InvalidOption with the nearest kind that there is; see resolve."""
    if not _KIND.fullmatch(kind or ""):
        raise InvalidOption(option, kind, "a kind, such as Deployment")
    if not _API_VERSION.fullmatch(api_version or ""):
        raise InvalidOption(option, f"{api_version} {kind}", "an api_version of the form v1 or apps/v1")
    known = api.kind(api_version, kind) if api else builtin(api_version, kind)
    if known is not None:
        return known
    there = [entry["kind"] for entry in api.kinds_in(api_version)] if api else []
    if not there and (api is None or absent) and not _builtin_version(api_version):
        group, _sep, version = api_version.rpartition("/")
        return Kind(group, version, kind, f"{kind.lower()}s")
    near = difflib.get_close_matches(kind, there, n=1)
    elsewhere = versions_of(kind)
    if elsewhere:
        hint = f"did you mean the {kind} of {' or '.join(elsewhere)}?"
    elif near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = "check its spelling, or apply its CustomResourceDefinition first"
    raise InvalidOption(option, f"{api_version} {kind}", f"a kind that the cluster knows; {hint}")


def _builtin_version(api_version: str) -> bool:
    return "." not in api_version or api_version.partition("/")[0].endswith(".k8s.io")


def _defined(document: Document) -> list[Kind]:
    try:
        return kinds_of_definition(document.body)
    except (KeyError, TypeError, AttributeError) as error:
        accepted = "spec.group, spec.names.kind, spec.names.plural and spec.versions"
        raise InvalidOption(document.source, document.body["metadata"]["name"], accepted) from error


def _placed(document: Document, kind: Kind, default_namespace: str, *, kind_is_coming: bool) -> Manifest:
    """The manifest with its namespace written out, or taken away where its kind has none (as kubectl does).

    What only the server writes is left out, so that an exported object can be applied: its resourceVersion would be
    taken for a condition, which holds once.
    """
    metadata = {key: value for key, value in document.body["metadata"].items() if key not in _WRITTEN_BY_THE_SERVER}
    body = {key: value for key, value in document.body.items() if key != "status"}
    namespace = metadata.pop("namespace", None) or default_namespace
    if kind.namespaced:
        metadata["namespace"] = namespace
    ref = ObjectRef(kind, namespace if kind.namespaced else None, metadata["name"])
    return Manifest(ref, {**body, "metadata": metadata}, document.source, document.create_only, kind_is_coming)

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: selected, in pages, as they are or as they were."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from llmops_gke_sandbox.kubernetes.errors import ApiError, bad_request, number
from llmops_gke_sandbox.kubernetes.options import refuse_list_options
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.selectors import Matches, field_matcher, label_matcher
from llmops_gke_sandbox.kubernetes.store import Gone, Store


def matcher(kind: Kind, query: Mapping[str, str], name: str = "") -> Matches:
    """Return a predicate for a query's selectors, and for one name where a path gives it.

    :raises ApiError: 400 for a selector that does not parse.
    """
    labels = label_matcher(query.get("labelSelector"))
    fields = field_matcher(kind, query.get("fieldSelector"))
    return lambda obj: (not name or obj["metadata"]["name"] == name) and labels(obj) and fields(obj)


def list_objects(store: Store, kind: Kind, namespace: str, query: Mapping[str, str]) -> tuple[list[dict], dict]:
    """Return a page of objects and the list's metadata.

    :param query: labelSelector, fieldSelector, limit, continue, resourceVersion, resourceVersionMatch.
    :raises ApiError: 400 for a query that makes no sense, 410 for a version that is too old.
    """
    matches = matcher(kind, query)
    limit = number(query, "limit") or 0
    refuse_list_options(query, watch=False)
    revision, start, wanted = store.revision, "", _version(query)
    if query.get("continue"):
        revision, start = _read_continue(query["continue"])
    elif wanted > revision:
        raise _too_large(wanted, revision)
    elif query.get("resourceVersionMatch") == "Exact":
        revision = wanted
    try:
        items = (
            store.items(kind, namespace) if revision == store.revision else store.items_at(kind, namespace, revision)
        )
    except Gone as error:
        raise expired(query, error) from None
    items = [obj for obj in items if matches(obj) and _position(obj, namespace) >= start]
    metadata = {"resourceVersion": str(revision)}
    if 0 < limit < len(items):
        metadata["continue"] = _write_continue(revision, _position(items[limit - 1], namespace))
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(items) - limit
        items = items[:limit]
    return items, metadata


def _version(query: Mapping[str, str]) -> int:
    text = query.get("resourceVersion") or "0"
    if not text.isdigit():
        raise bad_request(f"invalid resource version: {not_a_version(text)}")
    return int(text)


def not_a_version(text: str) -> str:
    """Return what is wrong with a resource version that is no number."""
    return f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'


def _too_large(wanted: int, current: int) -> ApiError:
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return ApiError(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def expired(query: Mapping[str, str], error: Gone) -> ApiError:
    """Return the 410 for a version that the history does not reach."""
    message = str(error)
    if query.get("continue"):
        message = (
            "The provided continue parameter is too old to display a consistent list result. "
            "You must start a new list without the continue parameter."
        )
    return ApiError(410, "Expired", message)


def _position(obj: dict, namespace: str) -> str:
    metadata = obj["metadata"]
    own = metadata.get("namespace", "")
    return metadata["name"] if namespace or not own else f"{own}/{metadata['name']}"


def _write_continue(revision: int, last: str) -> str:
    token = {"v": "meta.k8s.io/v1", "rv": revision, "start": last + "\u0000"}
    return base64.urlsafe_b64encode(json.dumps(token, separators=(",", ":")).encode()).decode().rstrip("=")


def _read_continue(token: str) -> tuple[int, str]:
    refused = "invalid continue token: continue key is not valid"
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        raise bad_request(f"{refused}: illegal base64 data at input byte {len(token) - len(token) % 4}") from None
    try:
        found = json.loads(text)
        return int(found["rv"]), str(found["start"])
    except (ValueError, KeyError, TypeError):
        raise bad_request(refused) from None

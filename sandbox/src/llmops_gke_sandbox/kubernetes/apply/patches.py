# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three ways to patch JSON: merge (RFC 7386), a list of operations (RFC 6902), and Kubernetes' strategic merge."""

from __future__ import annotations

import json

from llmops_gke_sandbox.kubernetes.apply.typed import child
from llmops_gke_sandbox.kubernetes.errors import ApiError, Cause, bad_request, internal
from llmops_gke_sandbox.kubernetes.go_values import go
from llmops_gke_sandbox.kubernetes.schema.decode import DecodeError, copy
from llmops_gke_sandbox.kubernetes.schema.types import Type

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"


_UNREADABLE = "json: cannot unmarshal"
_OPERATIONS = "[]handlers.jsonPatchOp"


class PatchError(ValueError):
    """A patch cannot be carried out."""


def patched(kind: Type, value: dict, patch: object, form: str) -> object:
    """Return a value with a patch of any form but apply carried out.

    :param form: the patch's media type.
    :raises ApiError: 400 or 422, in the server's words.
    """
    try:
        if form == JSON:
            if not isinstance(patch, list):
                raise bad_request(f"error decoding patch: {_UNREADABLE} object into Go value of type {_OPERATIONS}")
            return json_patch(value, patch)
        if not isinstance(patch, dict):
            before = "error decoding patch: " if form == MERGE else ""
            raise bad_request(f"{before}{_UNREADABLE} array into Go value of type map[string]interface {{}}")
        return strategic_merge_patch(kind, value, patch) if form == STRATEGIC else merge_patch(value, patch)
    except PatchError as error:
        if form != JSON:
            raise bad_request(str(error)) from None
        message = "the server rejected our request due to an error in our request"
        raise ApiError(422, "Invalid", message, {}) from None


def unreadable(merged: object, patch: object, form: str, error: DecodeError) -> ApiError:
    """Return the 422 for a patch that leaves an object which cannot be read."""
    shown, text = go(patch), error.converted
    if form != STRATEGIC:
        shown, text = json.dumps(merged, separators=(",", ":"), ensure_ascii=False), str(error)
    cause = Cause("FieldValueInvalid", f"Invalid value: {json.dumps(shown, ensure_ascii=False)}: {text}", "patch")
    message = f' "" is invalid: {cause.field}: {cause.message}'
    return ApiError(422, "Invalid", message, {"causes": [cause._asdict()]})


def merge_patch(value: object, patch: object) -> object:
    """Return a value with a JSON merge patch applied; null removes."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, part in patch.items():
        if part is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), part)
    return merged


def json_patch(value: object, operations: list[dict]) -> object:
    """Return a copy of a value with JSON patch operations applied.

    :raises PatchError: if an operation is malformed, a path does not exist or a test fails.
    """
    document = copy(value)
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise PatchError("an operation needs op and path")
        document = _operate(document, operation)
    return document


def _operate(document: object, operation: dict) -> object:
    name, path = operation.get("op"), _pointer(operation["path"])
    if name in ("add", "replace", "test"):
        if "value" not in operation:
            raise PatchError(f"{name} needs a value")
        value = copy(operation["value"])
        if name == "test":
            if _find(document, path) != value:
                raise PatchError(f"testing path {operation['path']} value failed")
            return document
        if name == "replace":
            _find(document, path)
            document = _take(document, path)[0] if path else document
        return _add(document, path, value)
    if name == "remove":
        return _take(document, path)[0]
    if name in ("move", "copy"):
        source = _pointer(operation.get("from", ""))
        value = copy(_find(document, source))
        if name == "move":
            document = _take(document, source)[0]
        return _add(document, path, value)
    raise PatchError(f"unexpected kind: {name}")


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _index(items: list, part: str, end: int) -> int:
    if not part.isdigit() or int(part) > end:
        raise PatchError(f"invalid index referenced: {part}")
    return int(part)


def _find(document: object, path: list[str]) -> object:
    for part in path:
        if isinstance(document, list):
            document = document[_index(document, part, len(document) - 1)]
        elif isinstance(document, dict) and part in document:
            document = document[part]
        else:
            raise PatchError(f"path does not exist: /{'/'.join(path)}")
    return document


def _add(document: object, path: list[str], value: object) -> object:
    if not path:
        return value
    parent = _find(document, path[:-1])
    if isinstance(parent, list):
        parent.insert(len(parent) if path[-1] == "-" else _index(parent, path[-1], len(parent)), value)
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise PatchError(f"path does not exist: /{'/'.join(path)}")
    return document


def _take(document: object, path: list[str]) -> tuple[object, object]:
    value = _find(document, path)
    parent = _find(document, path[:-1])
    if isinstance(parent, list):
        parent.pop(int(path[-1]))
    else:
        del parent[path[-1]]
    return document, value


_DIRECTIVES = ("$patch", "$retainKeys")
_DELETE_LIST = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def strategic_merge_patch(kind: Type, value: object, patch: dict) -> dict:
    """Return a value with a strategic merge patch applied: lists with a merge key are merged item by item.

    Source: k8s.io/apimachinery, util/strategicpatch.
    """
    if patch.get("$patch") == "replace":
        return {name: part for name, part in patch.items() if name not in _DIRECTIVES}
    if patch.get("$patch") == "delete":
        return {}
    merged = dict(value) if isinstance(value, dict) else {}
    if "$retainKeys" in patch:
        merged = {name: part for name, part in merged.items() if name in patch["$retainKeys"]}
    for name, part in patch.items():
        if name in _DIRECTIVES or name.startswith(_ORDER):
            continue
        if name.startswith(_DELETE_LIST):
            target = name.removeprefix(_DELETE_LIST)
            merged[target] = [item for item in merged.get(target) or [] if item not in part]
        elif part is None:
            merged.pop(name, None)
        else:
            order = patch.get(f"{_ORDER}{name}")
            merged[name] = _strategic(child(kind, name), merged.get(name), part, order)
    for name, order in patch.items():
        target = name.removeprefix(_ORDER)
        if name.startswith(_ORDER) and target not in patch and isinstance(merged.get(target), list):
            merged[target] = _ordered(child(kind, target), merged[target], order)
    return merged


def _strategic(kind: Type, value: object, patch: object, order: list | None) -> object:
    if isinstance(patch, dict):
        return strategic_merge_patch(kind, value, patch)
    if not isinstance(patch, list) or not kind.merged:
        return patch
    current = value if isinstance(value, list) else []
    if kind.merge_key is None:
        merged = current + [item for item in patch if item not in current]
    else:
        merged = _strategic_items(kind, current, patch)
    return _ordered(kind, merged, order) if order else merged


def _strategic_items(kind: Type, current: list, patch: list) -> list:
    key = kind.merge_key
    if any(isinstance(item, dict) and item.get("$patch") == "replace" and key not in item for item in patch):
        return [item for item in patch if item.get("$patch") != "replace"]
    merged = list(current)
    fresh = []
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise internal(f"map: {go(item)} does not contain declared merge key: {key}")
        at = next((index for index, one in enumerate(merged) if one.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            merged = [one for one in merged if one.get(key) != item[key]]
        elif at is None:
            fresh.append(strategic_merge_patch(kind.items, {}, item))
        else:
            merged[at] = strategic_merge_patch(kind.items, merged[at], item)
    # Without an order given, the items of the patch come before those that only the server knows.
    named = [item.get(key) for item in patch if item.get("$patch") != "delete"]
    pool = {one.get(key): one for one in [*merged, *fresh]}
    return [pool[name] for name in named] + [one for one in merged if one.get(key) not in named]


def _ordered(kind: Type, items: list, order: list) -> list:
    """Return items in the order that a patch gives; items it does not name stay behind their predecessors."""
    key = kind.merge_key
    names = [one[key] if isinstance(one, dict) else one for one in order]

    def name_of(item: object) -> object:
        return item.get(key) if isinstance(item, dict) else item

    ordered = sorted((item for item in items if name_of(item) in names), key=lambda item: names.index(name_of(item)))
    for at, item in enumerate(items):
        if name_of(item) not in names:
            ordered.insert(min(at, len(ordered)), item)
    return ordered

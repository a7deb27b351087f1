# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a body is of the kind that its URL names, in the words that the server has for each way of writing."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.errors import ApiError, bad_request
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.registry import Registry


def require_type(registry: Registry, kind: Kind, body: dict) -> None:
    """Refuse a body of another kind or version; what it leaves out the URL says.

    :raises ApiError: 400.
    """
    given, version = body.get("kind") or kind.kind, body.get("apiVersion") or kind.api_version
    if (given, version) == (kind.kind, kind.api_version):
        return
    group, _, name = str(version).rpartition("/")
    known = any(one.kind == given and one.api_version == version for one in registry)
    if known:
        internal_package = kind.group.split(".")[0] or "core"
        problem = f"converting ({name}.{given}) to ({internal_package}.{kind.kind}): unknown conversion"
    else:
        problem = f'no kind "{given}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
    raise cannot_be_handled(kind, given, name, problem)


def cannot_be_handled(kind: Kind, given: str, version: str, problem: str) -> ApiError:
    """Return the 400 for a body that is not what the URL takes."""
    return bad_request(f'{given} in version "{version}" cannot be handled as a {kind.kind}: {problem}')


def require_applied_type(kind: Kind, config: dict) -> None:
    """Refuse an apply configuration that does not say exactly the URL's kind and version.

    :raises ApiError: 400.
    """
    given, version = config.get("kind") or "", config.get("apiVersion") or ""
    if (given, version) != (kind.kind, kind.api_version):
        shown = version if "/" in version else f"/{version}"
        raise bad_request(f"invalid object type: {shown}, Kind={given}")

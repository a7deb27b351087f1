# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures as the API server words them: one exception that carries a Status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind


class Cause(NamedTuple):
    """One detail of a failure: machine-readable reason, message, and the field it is about."""

    reason: str
    message: str
    field: str


class ApiError(Exception):
    """A request failed.

    :param status: the HTTP status.
    :param reason: the machine-readable reason (``NotFound``…); empty where the real server gives none.
    :param message: what a person reads.
    :param details: the Status' details; None leaves them out.
    """

    def __init__(self, status: int, reason: str, message: str, details: dict | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details

    def body(self) -> dict:
        """Return the Status object that a client gets."""
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        return {**status, "code": self.status}


def details(kind: Kind, name: str = "", causes: list[Cause] | None = None, *, by_kind: bool = False) -> dict:
    """Return a Status' details for an object: name, group, kind (the plural, or the kind itself), causes."""
    found = {"name": name} if name else {}
    if kind.group:
        found["group"] = kind.group
    found["kind"] = kind.kind if by_kind else kind.plural
    if causes:
        found["causes"] = [cause._asdict() for cause in causes]
    return found


def bad_request(message: str) -> ApiError:
    """400: the request itself makes no sense."""
    return ApiError(400, "BadRequest", message)


def flag(query: Mapping[str, str], name: str) -> bool:
    """Return whether a query switches something on: every value but ``0`` and ``false`` does, the empty one too."""
    return name in query and query[name].lower() not in ("0", "false")


def number(query: Mapping[str, str], name: str) -> int | None:
    """Return a query's number, None if it is not given.

    :raises ApiError: 400 if it is no number.
    """
    text = query.get(name)
    if not text:
        return None
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def invalid_options(options: str, causes: list[Cause], name: str = "") -> ApiError:
    """422 for the options of a request.

    :param options: their kind, with its group: ``PatchOptions.meta.k8s.io``.
    """
    kind, _, group = options.partition(".")
    return invalid(Kind(group, "", kind, ""), name, causes)


def not_found(kind: Kind, name: str) -> ApiError:
    """404 for an object."""
    return ApiError(404, "NotFound", f'{kind.resource} "{name}" not found', details(kind, name))


def already_exists(kind: Kind, name: str) -> ApiError:
    """409 for a create."""
    return ApiError(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', details(kind, name))


def conflict(kind: Kind, name: str, message: str) -> ApiError:
    """409 for a write that is based on another state than the server's."""
    text = f'Operation cannot be fulfilled on {kind.resource} "{name}": {message}'
    return ApiError(409, "Conflict", text, details(kind, name))


def forbidden(kind: Kind, name: str, message: str, causes: list[Cause] | None = None) -> ApiError:
    """403 for an object, or for a whole resource where name is empty."""
    subject = f'{kind.resource} "{name}" is forbidden' if name else f"{kind.resource} is forbidden"
    return ApiError(403, "Forbidden", f"{subject}: {message}", details(kind, name, causes))


def invalid(kind: Kind, name: str, causes: list[Cause], unique: bool = True) -> ApiError:
    """422 with its causes.

    :param unique: say each message once in the summary, as the server's aggregation does; causes stay complete.
    """
    lines = [f"{cause.field}: {cause.message}" for cause in causes]
    if unique:
        lines = list(dict.fromkeys(lines))
    summary = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    subject = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    message = f'{subject} "{name}" is invalid: {summary}'
    return ApiError(422, "Invalid", message, details(kind, name, causes, by_kind=True))


def internal(message: str) -> ApiError:
    """500 without a reason: what typed conversion failures are."""
    return ApiError(500, "", message)


def not_implemented(what: str) -> ApiError:
    """501: the sandbox has not got this, and says so."""
    return ApiError(501, "NotImplemented", f"the sandbox does not implement {what}")

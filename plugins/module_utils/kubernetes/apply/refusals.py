# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server's refusal means for the one who wrote the manifest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import HttpError, LlmopsError
from ...core.option_names import turned_on, worded
from ..client.api import UNANSWERED_WEBHOOK
from ..client.resources import ObjectRef

_GROWS = (
    "keep what it is: a claim can only grow; for anything else delete it first (state: absent), and its data with it"
)
_KNOWN = (
    ("error looking up service account", "apply the ServiceAccount that it names first"),
    (
        "updates to statefulset spec",
        "delete the StatefulSet first (state: absent; with propagation: orphan its pods stay), then apply it again",
    ),
    ("pod updates may not change", "delete the Pod first (state: absent), then apply it again"),
    ("spec is immutable after creation except resources.requests", _GROWS),
    ("field can not be less than", _GROWS),
    ("must support resize", "set allowVolumeExpansion in its StorageClass, or keep the size"),
    ("cannot change roleRef", "delete the binding first (state: absent), then apply it again"),
    (
        UNANSWERED_WEBHOOK,
        "the webhook does not answer: see to its Service and pods, or remove its configuration where they are gone",
    ),
)
"""What a refusal's words mean for the one who wrote the manifest."""


_REPLICAS = "manifests.spec.replicas"
"""What is scaled by hand most often: a role has a variable for it."""

_OWNER = re.compile(r'"([^"]*)"(?: with subresource "([^"]*)")?')


@dataclass(frozen=True)
class Conflict:
    """A field that another manager owns (``.spec.replicas``), and by which part of the object it wrote it, if any."""

    field: str
    manager: str
    subresource: str = ""


class ApplyRefused(LlmopsError):
    """The API server refused a manifest; ``applied`` names the objects of the same call that it took before."""

    kind = "apply_refused"


class ApplyConflict(ApplyRefused):
    """Fields of a manifest belong to other managers; ``conflicts`` lists field and manager."""

    kind = "apply_conflict"


def explain(error: LlmopsError, ref: ObjectRef, source: str, applied: Sequence[ObjectRef]) -> LlmopsError:
    """``error``, met while applying ``ref`` (given in ``source``), as one that says what to do."""
    if not isinstance(error, HttpError):
        return error
    done = "; applied before it: " + ", ".join(map(str, applied)) if applied else "; nothing was applied"
    fields: dict[str, Any] = {
        "object": str(ref),
        "source": source,
        "applied": [str(each) for each in applied],
        "status": error.status,
        "reason": error.reason,
        "server_message": error.server_message,
        "details": error.details,
    }
    conflicts = conflicts_in(error)
    if conflicts:
        listed = ", ".join(f"{conflict.field} ({conflict.manager})" for conflict in conflicts)
        where = worded("force_conflicts", f" ({source})")
        keep = worded(
            "force_conflicts", "leave them out of the manifest", "put the values that are there into the inventory"
        )
        known = worded(_REPLICAS, "", " ({})") if any(_is_replicas(conflict) for conflict in conflicts) else ""
        return ApplyConflict(
            f"{ref}{where}: other managers own fields that it sets: {listed}; {keep}{known}, or take them over with "
            f"{turned_on('force_conflicts')}{done}",
            conflicts=[{"field": conflict.field, "manager": conflict.manager} for conflict in conflicts],
            **fields,
        )
    if not error.server_message:
        return error
    return ApplyRefused(
        f"{ref} ({source}): the API server answered {error.status}: {_on_one_line(error)}{_advice(error)}{done}",
        **fields,
    )


def _is_replicas(conflict: Conflict) -> bool:
    return conflict.field == ".spec.replicas"


def all_of_them(errors: Sequence[LlmopsError]) -> LlmopsError:
    """The first of the refusals of one rehearsal, which names the others as well."""
    first, *others = errors
    told = [error for error in errors if isinstance(error, ApplyRefused)]
    if len(told) < 2:
        return first
    first.add("; refused as well: " + "; ".join(_without_end(error) for error in others if error in told))
    first.fields["refused"] = [
        {name: error.fields.get(name) for name in ("object", "source", "server_message")} for error in told
    ]
    return first


def _without_end(error: LlmopsError) -> str:
    return error.message.removesuffix("; nothing was applied")


def _on_one_line(error: HttpError) -> str:
    """The server's words; several misspelt fields come a line each."""
    lines = [line.strip() for line in error.server_message.splitlines()]
    return " ".join([lines[0], ", ".join(lines[1:])]).strip()


def conflicts_in(error: HttpError) -> list[Conflict]:
    """The conflicts that a refused apply names, none where it was refused for another reason."""
    causes = error.details.get("causes") or [] if isinstance(error.details, dict) else []
    found = []
    for cause in causes:
        if cause.get("reason") == "FieldManagerConflict":
            told = _OWNER.search(cause.get("message", ""))
            manager, subresource = told.groups() if told else (cause.get("message", ""), None)
            found.append(Conflict(cause.get("field", ""), manager, subresource or ""))
    return found


def _advice(error: HttpError) -> str:
    said = error.server_message
    details = error.details if isinstance(error.details, dict) else {}
    if error.status == 404 and details.get("kind") == "namespaces":
        return "; set create_namespace: true, or give its manifest too"
    if error.status == 404 and not details.get("name"):
        return "; the cluster does not serve its kind: check apiVersion and kind, or apply its definition first"
    if error.status == 401:
        return "; the cluster does not accept these credentials: they may have run out, or be another cluster's"
    if found := next((advice for words, advice in _KNOWN if words in said), None):
        return f"; {found}"
    if error.status == 403 and "being terminated" in said:
        return "; wait until it is gone, then run again"
    if "admission webhook" in said:
        return "; satisfy the policy that the webhook keeps, or ask who runs it"
    if error.status == 403 and "quota" not in said:
        return (
            "; give these credentials the right to it (by RBAC in the cluster, or by an IAM role in its cloud project)"
        )
    if "field is immutable" in said:
        return "; delete the object first (state: absent), or keep the field"
    if "not declared in schema" in said:
        return "; correct the field's name"
    return ""

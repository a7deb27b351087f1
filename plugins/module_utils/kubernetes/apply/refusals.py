# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server's refusal means for the one who wrote the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.errors import HttpError, LlmopsError
from ...core.option_names import option
from ..client.resources import ObjectRef


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
    conflicts = _conflicts(error)
    if conflicts:
        listed = ", ".join(f"{conflict['field']} ({conflict['manager']})" for conflict in conflicts)
        return ApplyConflict(
            f"{ref} ({source}): other managers own fields that it sets: {listed}; leave them out of the manifest, "
            f"or take them over with {option('force_conflicts')}: true{done}",
            conflicts=conflicts,
            **fields,
        )
    if not error.server_message:
        return error
    return ApplyRefused(
        f"{ref} ({source}): the API server answered {error.status}: {_on_one_line(error)}{_advice(error)}{done}",
        **fields,
    )


def _on_one_line(error: HttpError) -> str:
    """The server's words; several misspelt fields come a line each."""
    lines = [line.strip() for line in error.server_message.splitlines()]
    return " ".join([lines[0], ", ".join(lines[1:])]).strip()


def _conflicts(error: HttpError) -> list[dict[str, str]]:
    """Field and manager of each conflict (golden form: ``conflict with "hpa" using apps/v1``, field .spec.replicas)."""
    causes = error.details.get("causes") or [] if isinstance(error.details, dict) else []
    return [
        {"field": cause.get("field", ""), "manager": _between_quotes(cause.get("message", ""))}
        for cause in causes
        if cause.get("reason") == "FieldManagerConflict"
    ]


def _between_quotes(text: str) -> str:
    parts = text.split('"')
    return parts[1] if len(parts) > 2 else text


def _advice(error: HttpError) -> str:
    said = error.server_message
    details = error.details if isinstance(error.details, dict) else {}
    if error.status == 404 and details.get("kind") == "namespaces":
        return "; set create_namespace: true, or give its manifest too"
    if error.status == 404 and not details.get("name"):
        return "; the cluster does not serve its kind: check apiVersion and kind, or apply its definition first"
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

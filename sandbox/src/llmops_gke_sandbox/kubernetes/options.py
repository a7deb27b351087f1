# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a writer says beside the object itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_gke_sandbox.kubernetes.apply.patches import APPLY
from llmops_gke_sandbox.kubernetes.errors import Cause, flag, invalid_options, number
from llmops_gke_sandbox.kubernetes.schema.decode import DecodeError
from llmops_gke_sandbox.kubernetes.validation.messages import Causes, forbidden, one_of, required, unsupported, wrong


@dataclass
class WriteOptions:
    """Options of a create, update, patch or apply.

    :ivar manager: who owns the fields that are written.
    :ivar validation: ``Strict`` refuses undeclared fields, ``Warn`` names them in ``warnings``, ``Ignore`` drops them.
    """

    manager: str = "unknown"
    force: bool = False
    dry_run: bool = False
    validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)

    def judge_unknown(self, unknown: list[str]) -> None:
        """Refuse, report or forget fields that the schema does not declare.

        :raises DecodeError: if validation is strict.
        """
        notes = [f'unknown field "{path}"' for path in unknown]
        if notes and self.validation == "Strict":
            raise DecodeError(f"strict decoding error: {', '.join(notes)}")
        if self.validation == "Warn":
            self.warnings.extend(notes)


@dataclass
class DeleteOptions:
    """Options of a delete. ``grace`` is in seconds; None takes the object's own."""

    propagation: str = "Background"
    dry_run: bool = False
    grace: int | None = None
    uid: str | None = None
    resource_version: str | None = None

    @classmethod
    def of(cls, body: dict, query: Mapping[str, str]) -> DeleteOptions:
        """Read the options from a DeleteOptions object, or where there is none from a query.

        :raises ApiError: 400 or 422 for values that the server does not know.
        """
        given = body or _from_query(query)
        policy, orphan = given.get("propagationPolicy"), given.get("orphanDependents")
        causes = list(dry_run_causes(given.get("dryRun")))
        if policy is not None and orphan is not None:
            causes.append(wrong("propagationPolicy", policy, _TWO_POLICIES))
        elif policy not in (None, *_POLICIES):
            causes.append(unsupported("propagationPolicy", policy, *_POLICIES, "nil"))
        if causes:
            raise invalid_options("DeleteOptions.meta.k8s.io", causes)
        preconditions = given.get("preconditions") or {}
        return cls(
            propagation=policy or ("Orphan" if orphan else "Background"),
            dry_run=bool(given.get("dryRun")),
            grace=given.get("gracePeriodSeconds"),
            uid=preconditions.get("uid"),
            resource_version=preconditions.get("resourceVersion"),
        )


_POLICIES = ("Foreground", "Background", "Orphan")
_TWO_POLICIES = "orphanDependents and deletionPropagation cannot be both set"


def _from_query(query: Mapping[str, str]) -> dict:
    given: dict = {name: query[name] for name in ("propagationPolicy",) if name in query}
    if "orphanDependents" in query:
        given["orphanDependents"] = flag(query, "orphanDependents")
    if query.get("dryRun"):
        given["dryRun"] = [query["dryRun"]]
    grace = number(query, "gracePeriodSeconds")
    return given if grace is None else {**given, "gracePeriodSeconds": grace}


def dry_run_causes(wanted: list[str] | None) -> Causes:
    """Yield what is wrong with a wish for a dry run: there is one kind of them."""
    if wanted and wanted != ["All"]:
        yield unsupported("dryRun", wanted, "All")


def write_causes(query: Mapping[str, str], form: str | None) -> Causes:
    """Yield what is wrong with the options of a create, update or patch.

    :param form: the media type of a patch, None for the others.
    """
    manager, validation = query.get("fieldManager", ""), query.get("fieldValidation", "")
    if form == APPLY and not manager:
        yield required("fieldManager", "is required for apply patch")
    elif form not in (None, APPLY) and "force" in query:
        yield forbidden("force", "may not be specified for non-apply patch")
    if len(manager) > _LONGEST_MANAGER:
        message = f"Too long: may not be more than {_LONGEST_MANAGER} bytes"
        yield Cause("FieldValueTooLong", message, "fieldManager")
    yield from dry_run_causes([query["dryRun"]] if query.get("dryRun") else None)
    yield from one_of("fieldValidation", validation, *_VALIDATIONS)


_LONGEST_MANAGER = 128
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def refuse_list_options(query: Mapping[str, str], watch: bool) -> None:
    """Refuse options of a list or a watch that exclude each other.

    :raises ApiError: 422.
    """
    causes = list(_watch_causes(query) if watch else _list_causes(query))
    if causes:
        raise invalid_options("ListOptions.meta.k8s.io", causes)


def _list_causes(query: Mapping[str, str]) -> Causes:
    field, match = "resourceVersionMatch", query.get("resourceVersionMatch", "")
    if query.get("sendInitialEvents"):
        yield forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if not match:
        return
    if not query.get("resourceVersion"):
        yield forbidden(field, f"{field} is forbidden unless resourceVersion is provided")
    if query.get("continue"):
        yield forbidden(field, f"{field} is forbidden when continue is provided")
    yield from one_of(field, match, "Exact", "NotOlderThan", "")
    if match == "Exact" and query.get("resourceVersion") == "0":
        yield forbidden(field, f'{field} "exact" is forbidden for resourceVersion "0"')


def _watch_causes(query: Mapping[str, str]) -> Causes:
    field, match = "resourceVersionMatch", query.get("resourceVersionMatch", "")
    if query.get("sendInitialEvents") and match != "NotOlderThan":
        yield forbidden(field, f"sendInitialEvents requires setting {field} to NotOlderThan")
    if match and not query.get("sendInitialEvents"):
        yield forbidden(field, f"{field} is forbidden for watch unless sendInitialEvents is provided")
    if match:
        yield from one_of(field, match, "NotOlderThan")

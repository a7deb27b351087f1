"""What a writer says beside the object itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import ApiError, Cause, bad_request


@dataclass
class WriteOptions:
    """Options of a create, update, patch or apply.

    :ivar manager: who owns the fields that are written.
    :ivar given_manager: False where the client named none and its user agent stands in.
    :ivar validation: ``Strict`` refuses undeclared fields, ``Warn`` names them in ``warnings``, ``Ignore`` drops them.
    """

    manager: str = "unknown"
    given_manager: bool = True
    force: bool = False
    dry_run: bool = False
    validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)

    def judge_unknown(self, unknown: list[str]) -> None:
        """Refuse, report or forget fields that the schema does not declare.

        :raises ApiError: 400 if validation is strict.
        """
        notes = [f'unknown field "{path}"' for path in unknown]
        if notes and self.validation == "Strict":
            raise bad_request(f"strict decoding error: {', '.join(notes)}")
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
    def of(cls, body: dict, query: dict[str, str]) -> DeleteOptions:
        """Read the options from a DeleteOptions object and a query; the object wins.

        :raises ApiError: 400 for a propagation policy that does not exist.
        """
        preconditions = body.get("preconditions") or {}
        grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
        policy = body.get("propagationPolicy") or query.get("propagationPolicy")
        if policy is None:
            orphan = body.get("orphanDependents", query.get("orphanDependents"))
            policy = "Orphan" if orphan in (True, "true") else "Background"
        if policy not in ("Background", "Foreground", "Orphan"):
            raise bad_request(f'invalid propagationPolicy "{policy}": must be Background, Foreground or Orphan')
        return cls(
            propagation=policy,
            dry_run="All" in (body.get("dryRun") or [query.get("dryRun")]),
            grace=_seconds(grace),
            uid=preconditions.get("uid"),
            resource_version=preconditions.get("resourceVersion"),
        )


def _seconds(grace: object) -> int | None:
    if grace is None or isinstance(grace, int):
        return grace
    if not str(grace).isdigit():
        raise bad_request(f'gracePeriodSeconds: Invalid value: "{grace}": must be a number')
    return int(str(grace))


def missing_manager() -> ApiError:
    """Return the failure of an apply without fieldManager."""
    cause = Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
    failure = {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [cause._asdict()]}
    message = f'PatchOptions.meta.k8s.io "" is invalid: {cause.field}: {cause.message}'
    return ApiError(422, "Invalid", message, failure)

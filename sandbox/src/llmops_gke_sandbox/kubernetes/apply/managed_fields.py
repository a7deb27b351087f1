# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns which field: what an apply and an update do to an object's managedFields.

Source: sigs.k8s.io/structured-merge-diff, merge/update.go, and k8s.io/apimachinery, util/managedfields.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from llmops_gke_sandbox.kubernetes.apply.fieldsets import Fields, Path, decode, encode, shown, without_below
from llmops_gke_sandbox.kubernetes.apply.merge import merge
from llmops_gke_sandbox.kubernetes.apply.typed import Comparison, TypedError, check, compare, field_set, named, remove
from llmops_gke_sandbox.kubernetes.errors import ApiError, Cause, internal
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.types import Type, type_of

# Nobody owns these: the server fills them.
_UNOWNED: Fields = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ),
}


@dataclass(frozen=True)
class Owner:
    """A field manager: its name, how it writes (``Apply`` or ``Update``), in which version, where."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""

    @property
    def shown(self) -> str:
        """The owner as a conflict names it."""
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return f"{text} using {self.api_version}" if self.operation == "Update" else text


@dataclass
class Managed:
    """The owners of one object's fields, and when each changed them last."""

    fields: dict[Owner, Fields] = field(default_factory=dict)
    times: dict[Owner, str] = field(default_factory=dict)

    @classmethod
    def of(cls, obj: dict) -> Managed:
        """Return the owners that an object's metadata names."""
        managed = cls()
        for entry in obj["metadata"].get("managedFields") or ():
            if not entry.get("manager"):
                continue
            owner = Owner(
                entry["manager"], entry["operation"], entry.get("apiVersion", ""), entry.get("subresource", "")
            )
            managed.fields[owner] = decode(entry.get("fieldsV1") or {})
            if entry.get("time"):
                managed.times[owner] = entry["time"]
        return managed

    def entries(self) -> list[dict]:
        """Return managedFields as an object carries them."""

        def order(owner: Owner) -> tuple:
            return (
                owner.operation,
                self.times.get(owner, ""),
                owner.manager,
                owner.api_version,
                owner.subresource,
            )

        found = []
        for owner in sorted(self.fields, key=order):
            entry = {"manager": owner.manager, "operation": owner.operation, "apiVersion": owner.api_version}
            if owner in self.times:
                entry["time"] = self.times[owner]
            entry |= {"fieldsType": "FieldsV1", "fieldsV1": encode(self.fields[owner])}
            if owner.subresource:
                entry["subresource"] = owner.subresource
            found.append(entry)
        return found


def without_owners(obj: dict) -> dict:
    """Return an object (a shallow copy) without managedFields."""
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": metadata}


def with_owners(obj: dict, managed: Managed) -> dict:
    """Return an object (a shallow copy) with managedFields."""
    entries = managed.entries()
    bare = without_owners(obj)
    return {**bare, "metadata": {**bare["metadata"], "managedFields": entries}} if entries else bare


def updated(kind: Kind, live: dict, new: dict, owner: Owner, now: str, ignored: Fields) -> dict:
    """Return ``new`` with the owners that follow when ``owner`` writes it over ``live``.

    :param ignored: fields that this endpoint does not write, see strategies.reset_fields.
    """
    given = new["metadata"].get("managedFields")
    if given and not any(given):
        return without_owners(new)
    managed = Managed.of(new if given else live)
    bare = without_owners(new)
    try:
        changes = _filtered(compare(type_of(kind), without_owners(live), bare), ignored)
    except TypedError:
        return with_owners(bare, managed)
    taken = (changes.modified | changes.added) - _UNOWNED
    _release(managed, changes.modified | changes.added | changes.removed)
    if taken:
        managed.fields[owner] = managed.fields.get(owner, set()) | taken
        managed.times[owner] = now
    return with_owners(bare, managed)


def applied(kind: Kind, live: dict, config: dict, owner: Owner, force: bool, now: str, ignored: Fields) -> dict:
    """Return the object that follows when ``owner`` applies ``config`` to ``live``.

    :param live: the object as it is; an empty one for a create.
    :param force: take fields that others own and that would change.
    :returns: the merged object with its owners; values are not decoded yet. Owners' times tell whether a value changed.
    :raises ApiError: 409 for conflicts.
    """
    of = type_of(kind)
    managed = Managed.of(live)
    former_owner = next((known for known in managed.fields if _same_applier(known, owner)), None)
    former = managed.fields.pop(former_owner, set()) if former_owner else set()
    former_time = managed.times.pop(former_owner, None) if former_owner else None
    bare = without_owners(live)
    managed.fields[owner] = without_below(field_set(of, config), ignored)
    new = _pruned(of, merge(of, bare, config), managed, former)
    changes = _filtered(compare(of, bare, new), ignored)
    changed = changes.modified | changes.added
    conflicts = {
        other: fields & changed for other, fields in managed.fields.items() if other != owner and fields & changed
    }
    if conflicts and not force:
        raise _conflict(conflicts)
    claimed = managed.fields.pop(owner) - _UNOWNED
    _release(managed, changed | changes.removed)
    if claimed:
        managed.fields[owner] = claimed
        moment = now if new != bare else former_time
        if moment:
            managed.times[owner] = moment
    return with_owners(new, managed)


def same_but_times(one: dict, other: dict) -> bool:
    """Whether two objects differ in nothing but the times of their owners."""
    if without_owners(one) != without_owners(other):
        return False
    return Managed.of(one).fields == Managed.of(other).fields


def _same_applier(known: Owner, owner: Owner) -> bool:
    return (known.manager, known.operation, known.subresource) == (owner.manager, "Apply", owner.subresource)


def refuse_misfits(kind: Kind, config: dict, subject: str) -> None:
    """Refuse a configuration that does not fit its type.

    :param subject: NAMESPACE/NAME as the configuration itself says them.
    :raises ApiError: 500.
    """
    wrong = check(type_of(kind), config)
    if wrong:
        text = wrong[0] if len(wrong) == 1 else "errors:\n" + "\n".join(f"  {line}" for line in wrong)
        raise internal(f"failed to create typed patch object ({subject}; {kind.generic}): {text}")


def _filtered(changes: Comparison, ignored: Fields) -> Comparison:
    if not ignored:
        return changes
    return Comparison(*(without_below(part, ignored) for part in (changes.removed, changes.modified, changes.added)))


def _release(managed: Managed, fields: Fields) -> None:
    for owner in list(managed.fields):
        left = managed.fields[owner] - fields
        if left:
            managed.fields[owner] = left
        else:
            del managed.fields[owner]
            managed.times.pop(owner, None)


def _pruned(of: Type, merged: dict, managed: Managed, former: Fields) -> dict:
    """Remove what the applier owned formerly and claims no more, unless someone else owns it."""
    if not former:
        return merged
    former = named(of, former)
    pruned = remove(of, merged, former)
    everything = named(of, field_set(of, merged))
    owned = named(of, set().union(*managed.fields.values()))
    pruned = remove(of, merged, everything - (named(of, field_set(of, pruned)) | owned))
    left = named(of, field_set(of, pruned))
    return remove(of, merged, (everything - left) & former)


def _conflict(conflicts: dict[Owner, Fields]) -> ApiError:
    found: list[tuple[Owner, Path]] = [
        (owner, path)
        for owner in sorted(conflicts, key=lambda one: (one.manager, one.operation, one.subresource))
        for path in sorted(conflicts[owner])
    ]
    causes = [Cause("FieldManagerConflict", f"conflict with {owner.shown}", shown(path)) for owner, path in found]
    if len(found) == 1:
        message = f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}"
    else:
        lines = []
        for owner in conflicts:
            lines.append(f"conflicts with {owner.shown}:")
            lines += [f"- {shown(path)}" for path in sorted(conflicts[owner])]
        message = f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", message, {"causes": [cause._asdict() for cause in causes]})

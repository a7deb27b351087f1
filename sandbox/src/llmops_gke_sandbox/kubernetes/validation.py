"""Checks that every object passes: names, labels, what the schema requires. Kinds' own checks are in kind_checks."""

from __future__ import annotations

import re

from .errors import ApiError, Cause, invalid
from .kind_checks import check_create, check_update
from .kinds import Kind
from .schema import Type, type_of

_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_QUALIFIED_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")

LABEL_VALUE_MESSAGE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_QUALIFIED_NAME_MESSAGE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_DNS_LABEL_MESSAGE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_NAMESPACE_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
# Kinds whose names are not subdomains: pattern, message, longest.
_NAMES = {
    "Service": (_DNS_LABEL, _DNS_LABEL_MESSAGE, 63),
    "Namespace": (_NAMESPACE, _NAMESPACE_MESSAGE, 63),
}
_FREE_NAMES = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


def validate_create(kind: Kind, obj: dict) -> None:
    """Refuse a new object that is not valid.

    :raises ApiError: 422 with every cause.
    """
    _raise(kind, obj, [*_metadata(kind, obj), *_required(kind, obj), *check_create(kind, obj)])


def validate_update(kind: Kind, old: dict, new: dict) -> None:
    """Refuse an object that may not replace ``old``.

    :raises ApiError: 422 with every cause.
    """
    labels = _label_causes(new)
    repeated = labels * 3 if kind.kind == "Service" else labels
    _raise(kind, new, [*repeated, *_required(kind, new), *check_update(kind, old, new)])


def _raise(kind: Kind, obj: dict, causes: list[Cause]) -> None:
    if causes:
        raise invalid(kind, obj["metadata"]["name"], causes)


def _metadata(kind: Kind, obj: dict) -> list[Cause]:
    causes = _label_causes(obj)
    wrong = _name_problem(kind, obj["metadata"]["name"])
    if wrong:
        causes.insert(0, wrong)
    return causes


def _name_problem(kind: Kind, name: str) -> Cause | None:
    if kind.kind in _FREE_NAMES:
        return None
    pattern, message, longest = _NAMES.get(kind.kind, (_SUBDOMAIN, _SUBDOMAIN_MESSAGE, 253))
    if len(name) > longest:
        message = f"must be no more than {longest} bytes"
    elif pattern.fullmatch(name):
        return None
    return Cause("FieldValueInvalid", f'Invalid value: "{name}": {message}', "metadata.name")


def _label_causes(obj: dict) -> list[Cause]:
    causes = []
    for key, value in (obj["metadata"].get("labels") or {}).items():
        if not _QUALIFIED_NAME.fullmatch(key.rsplit("/", 1)[-1]):
            causes.append(_label_cause(key, _QUALIFIED_NAME_MESSAGE))
        if len(value) > 63:
            causes.append(_label_cause(value, "must be no more than 63 bytes"))
        elif not _LABEL_VALUE.fullmatch(value):
            causes.append(_label_cause(value, LABEL_VALUE_MESSAGE))
    return causes


def _label_cause(value: str, message: str) -> Cause:
    return Cause("FieldValueInvalid", f'Invalid value: "{value}": {message}', "metadata.labels")


def _required(kind: Kind, obj: dict) -> list[Cause]:
    """Return what the schema requires and the object lacks."""
    causes: list[Cause] = []
    of = type_of(kind)
    for name, value in obj.items():
        if name not in ("metadata", "status", "kind", "apiVersion"):
            _collect_missing(of.field(name), value, name, causes, custom=kind.custom is not None)
    return causes


def _collect_missing(of: Type | None, value: object, path: str, causes: list[Cause], custom: bool) -> None:
    if of is None:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            _collect_missing(of.items, item, f"{path}[{index}]", causes, custom)
    if not isinstance(value, dict):
        return
    for name in of.required:
        if value.get(name) is None or (not custom and value[name] in ("", [], {}) and name in _NEVER_EMPTY):
            causes.append(Cause("FieldValueRequired", "Required value", f"{path}.{name}"))
    for name, below in value.items():
        if isinstance(below, dict | list):
            _collect_missing(of.field(name), below, f"{path}.{name}", causes, custom)


_NEVER_EMPTY = ("name", "containers", "mountPath", "kind", "key", "maxReplicas")


def refuse_missing_name(kind: Kind, obj: dict) -> ApiError:
    """Return the failure of a create without a name and without generateName."""
    cause = Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
    return invalid(kind, obj["metadata"].get("name", ""), [cause])

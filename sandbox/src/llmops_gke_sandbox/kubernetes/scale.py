"""The scale subresource: replicas and selector of a workload as an autoscaling/v1 Scale."""

from __future__ import annotations

from .errors import Cause, bad_request, invalid
from .kinds import Kind
from .options import WriteOptions
from .patches import MERGE, patched
from .schema import ANY
from .verbs import Verbs


def read_scale(verbs: Verbs, kind: Kind, namespace: str, name: str) -> dict:
    """Return an object's Scale.

    :raises ApiError: 404 if there is no such object.
    """
    return _scale(verbs.get(kind, namespace, name))


def write_scale(
    verbs: Verbs, kind: Kind, namespace: str, name: str, body: object, form: str | None, options: WriteOptions
) -> dict:
    """Set an object's replicas by its Scale.

    :param form: the media type if the body is a patch of the Scale, None if it is the Scale.
    :raises ApiError: 400, 404, 409 or 422.
    """
    live = verbs.get(kind, namespace, name)
    wanted = patched(ANY, _scale(live), body, form) if form else body
    if not isinstance(wanted, dict):
        raise bad_request("the body must be an object of kind Scale")
    replicas = wanted.get("spec", {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid(kind, name, [Cause("FieldValueInvalid", message, "spec.replicas")])
    version = wanted.get("metadata", {}).get("resourceVersion")
    patch = {"metadata": {"resourceVersion": version} if version else {}, "spec": {"replicas": replicas}}
    obj, _ = verbs.patch(kind, namespace, name, patch, MERGE, options, "scale")
    return _scale(obj)


def _scale(obj: dict) -> dict:
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = obj["spec"].get("replicas", 0)
    labels = (obj["spec"].get("selector") or {}).get("matchLabels", {})
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {"replicas": obj.get("status", {}).get("replicas", 0), "selector": selector},
    }

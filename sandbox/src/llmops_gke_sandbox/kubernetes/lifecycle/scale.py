# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scale subresource: replicas and selector of a workload as an autoscaling/v1 Scale."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.apply.patches import MERGE, patched, unreadable
from llmops_gke_sandbox.kubernetes.errors import bad_request, invalid
from llmops_gke_sandbox.kubernetes.options import WriteOptions
from llmops_gke_sandbox.kubernetes.schema.decode import DecodeError, decode
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.types import ANY
from llmops_gke_sandbox.kubernetes.validation.messages import NOT_NEGATIVE, wrong
from llmops_gke_sandbox.kubernetes.validation.object_types import cannot_be_handled, require_type
from llmops_gke_sandbox.kubernetes.verbs import Verbs


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
    require_type(verbs.registry, _SCALE, wanted)
    try:
        decoded = decode(_SCALE, wanted)
        options.judge_unknown(decoded.unknown)
    except DecodeError as error:
        if form:
            raise unreadable(wanted, body, form, error) from None
        raise cannot_be_handled(_SCALE, "Scale", "v1", str(error)) from None
    given = decoded.obj["metadata"]
    if given.get("name", name) != name:
        raise bad_request(f"the name of the object ({given['name']}) does not match the name on the URL ({name})")
    replicas = decoded.obj.get("spec", {}).get("replicas", 0)
    if replicas < 0:
        raise invalid(_SCALE, name, [wrong("spec.replicas", replicas, NOT_NEGATIVE)])
    version = given.get("resourceVersion")
    patch = {"metadata": {"resourceVersion": version} if version else {}, "spec": {"replicas": replicas}}
    obj, _ = verbs.patch(kind, namespace, name, patch, MERGE, options, "scale")
    return _scale(obj)


_SCALE = Kind("autoscaling", "v1", "Scale", "scales")


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

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod that serves a model has otherwise than the manifest that Google generates for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.yaml_text import read, yaml
from ..serving.engine import Engine

_GPU = "nvidia.com/gpu"
_ACCELERATOR = "cloud.google.com/gke-accelerator"


def differences(
    engine: Engine, pod: Mapping[str, Any], manifests: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]] | None:
    """``{setting, ours, google}`` of each setting that is not the same, None on the side that leaves it to the server.

    pod: as llm_latency tells of it. manifests: ``kubernetesManifests`` of the API. Only what the report shows of a pod
    is compared. None where there is no container with GPUs among the manifests.
    """
    spec = _pod_spec(manifests)
    container = next((one for one in spec.get("containers") or [] if _gpus(one)), None)
    if container is None:
        return None
    given = {
        str(one.get("name")): str(one["value"]) for one in container.get("env") or [] if one.get("value") is not None
    }
    arguments = [str(one) for one in (*(container.get("command") or []), *(container.get("args") or []))]
    theirs = _compared(
        container.get("image"),
        _gpus(container),
        (spec.get("nodeSelector") or {}).get(_ACCELERATOR),
        engine.settings(given, arguments).shown,
    )
    ours = _compared(pod.get("image"), pod.get("gpus"), pod.get("accelerator_type"), pod.get("settings") or {})
    return [
        {"setting": name, "ours": ours.get(name), "google": theirs.get(name)}
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ]


def _compared(image: Any, gpus: Any, accelerator: Any, settings: Mapping[str, str]) -> dict[str, str]:
    named = {"image": image, "GPUs": gpus, "accelerator": accelerator, **settings}
    return {name: str(value) for name, value in named.items() if value not in (None, "")}


def _pod_spec(manifests: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of the first workload whose text can be read; empty where there is none."""
    for one in manifests:
        try:
            found = read(one.get("content", ""))
        except yaml.YAMLError:
            continue
        spec: Any = found
        for name in ("spec", "template", "spec"):
            spec = spec.get(name) if isinstance(spec, Mapping) else None
        if isinstance(spec, Mapping) and _is_pod(spec):
            return spec
    return {}


def _is_pod(spec: Mapping[str, Any]) -> bool:
    """Whether what is read of it has the types that Kubernetes gives it."""
    containers = spec.get("containers")
    return (
        isinstance(containers, list)
        and isinstance(spec.get("nodeSelector") or {}, Mapping)
        and all(
            isinstance(one, Mapping)
            and all(isinstance(one.get(name) or [], list) for name in ("command", "args", "env"))
            and all(isinstance(each, Mapping) for each in one.get("env") or [])
            for one in containers
        )
    )


def _gpus(container: Mapping[str, Any]) -> str | None:
    resources = container.get("resources")
    limits = resources.get("limits") if isinstance(resources, Mapping) else None
    return str(limits[_GPU]) if isinstance(limits, Mapping) and limits.get(_GPU) else None

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container's environment, and the volumes it mounts: what they need of ConfigMaps and Secrets."""

from __future__ import annotations

import base64
import re

from llmops_gke_sandbox.agents.kubelet.volumes import GCS_FUSE, ModelVolumes, MountError
from llmops_gke_sandbox.kubernetes.api import KubernetesApi
from llmops_gke_sandbox.workloads.base import Directory

_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_][A-Za-z0-9_.-]*)\))")
_SIMULATED_VOLUMES = {"emptyDir", "configMap", "secret", "projected", "downwardAPI"}


class ConfigError(Exception):
    """A container can't be started for what its pod asks; worded as the kubelet words it."""


class Environment:
    """Resolves what a pod takes from elsewhere."""

    def __init__(self, api: KubernetesApi, models: ModelVolumes) -> None:
        self._api, self._models = api, models

    async def resolve(self, pod: dict, container: dict) -> dict[str, str]:
        """Return the container's environment, values of Secrets included.

        :raises ConfigError: if a ConfigMap, a Secret or a key that is not optional is missing.
        """
        resolved: dict[str, str] = {}
        for source in container.get("envFrom") or []:
            prefix = source.get("prefix", "")
            for key, value in (await self._whole(pod, source)).items():
                resolved[prefix + key] = value
        for entry in container.get("env") or []:
            if "valueFrom" in entry:
                value = await self._referenced(pod, container, entry["valueFrom"])
            else:
                value = _expanded(entry.get("value") or "", resolved)
            if value is not None:
                resolved[entry["name"]] = value
        return resolved

    async def files(self, pod: dict, container: dict) -> dict[str, str]:
        """Return what the volumes of ConfigMaps and Secrets put into the container, path -> text.

        What is missing is left out: check_volumes has refused it where it must be there.
        """
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
        found: dict[str, str] = {}
        for mount in container.get("volumeMounts") or []:
            kind, reference = _reference(volumes.get(mount["name"], {}))
            if not reference:
                continue
            name = reference.get("secretName") or reference.get("name")
            data = await self._data(kind, name, pod["metadata"]["namespace"]) or {}
            shown = {item["key"]: item["path"] for item in reference.get("items") or []} or {key: key for key in data}
            found |= {f"{mount['mountPath']}/{path}": data[key] for key, path in shown.items() if key in data}
        return found

    def directories(self, pod: dict, node: dict, container: dict) -> dict[str, Directory]:
        """Return the directories with models that the container finds, by their path."""
        return self._models.mounted(pod, node, container)

    async def check_volumes(self, pod: dict, node: dict) -> float:
        """See whether all volumes can be mounted, and return how long that takes.

        :raises MountError: naming the first that can't.
        """
        seconds = 0.0
        for volume in pod["spec"].get("volumes") or []:
            kind = next((key for key in volume if key != "name"), "emptyDir")
            if kind == "hostPath" or volume.get("csi", {}).get("driver") == GCS_FUSE:
                seconds += self._models.check(pod, node, volume)
                continue
            if kind not in _SIMULATED_VOLUMES:
                raise MountError(
                    f'MountVolume.SetUp failed for volume "{volume["name"]}" : the sandbox has no {kind} volumes'
                )
            sources = volume["projected"].get("sources") or [] if kind == "projected" else [volume]
            for source in sources:
                await self._check_source(pod, volume["name"], source)
        return seconds

    async def _check_source(self, pod: dict, volume: str, source: dict) -> None:
        kind, reference = _reference(source)
        if not reference or reference.get("optional"):
            return
        # A volume of a Secret names it otherwise than a projection of one does.
        name = reference.get("secretName") or reference.get("name")
        have = await self._data(kind, name, pod["metadata"]["namespace"])
        failed = f'MountVolume.SetUp failed for volume "{volume}" : '
        if have is None:
            raise MountError(f'{failed}{kind} "{name}" not found')
        for item in reference.get("items") or []:
            if item["key"] not in have:
                raise MountError(f"{failed}references non-existent {kind} key: {item['key']}")

    async def _whole(self, pod: dict, source: dict) -> dict[str, str]:
        kind, reference = _reference(source)
        have = await self._data(kind, reference["name"], pod["metadata"]["namespace"])
        if have is None and not reference.get("optional"):
            raise ConfigError(f'{kind} "{reference["name"]}" not found')
        return have or {}

    async def _referenced(self, pod: dict, container: dict, source: dict) -> str | None:
        if "fieldRef" in source:
            return _field(pod, source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            part, _dot, name = source["resourceFieldRef"]["resource"].partition(".")
            return str(((container.get("resources") or {}).get(part) or {}).get(name, "0"))
        kind, reference = _reference(source)
        namespace = pod["metadata"]["namespace"]
        have = await self._data(kind, reference["name"], namespace)
        if have is not None and reference["key"] in have:
            return have[reference["key"]]
        if reference.get("optional"):
            return None
        if have is None:
            raise ConfigError(f'{kind} "{reference["name"]}" not found')
        shown = "Secret" if kind == "secret" else "ConfigMap"
        raise ConfigError(f"couldn't find key {reference['key']} in {shown} {namespace}/{reference['name']}")

    async def _data(self, kind: str, name: str, namespace: str) -> dict[str, str] | None:
        obj = await self._api.get(f"{kind}s", name, namespace)
        if obj is None:
            return None
        data = obj.get("data") or {}
        if kind == "configmap":
            return data
        return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items()}


def _reference(source: dict) -> tuple[str, dict | None]:
    """Return which kind a source refers to, as the kubelet calls it, and the reference; None if it is to neither."""
    for field in ("secret", "secretRef", "secretKeyRef"):
        if field in source:
            return "secret", source[field]
    for field in ("configMap", "configMapRef", "configMapKeyRef"):
        if field in source:
            return "configmap", source[field]
    return "", None


def _expanded(value: str, known: dict[str, str]) -> str:
    """Replace $(NAME) by what is known of it; $$ is a dollar, and an unknown name stays as it is."""

    def replace(found: re.Match) -> str:
        return "$" if found[1] == "$" else known.get(found[2], found[0])

    return _REFERENCE.sub(replace, value)


def _field(pod: dict, path: str) -> str:
    """Return the value of a fieldRef (documentation of the downward API)."""
    bracket = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if bracket:
        return (pod["metadata"].get(bracket[1]) or {}).get(bracket[2], "")
    value: object = pod
    for step in path.split("."):
        value = value.get(step, "") if isinstance(value, dict) else ""
    return str(value)

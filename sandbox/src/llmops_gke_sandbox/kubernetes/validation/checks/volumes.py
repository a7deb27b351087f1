# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of volumes and of their mounts. Source: k8s.io/kubernetes, pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Callable, Set

from llmops_gke_sandbox.kubernetes import quantity
from llmops_gke_sandbox.kubernetes.validation.messages import (
    Causes,
    config_key,
    dns_label,
    duplicate,
    forbidden,
    formed,
    not_found,
    one_of,
    required,
    wrong,
)

_HOST_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_HIGHEST_MODE = 0o777
_SHORTEST_TOKEN_SECONDS = 600


def volumes(found: list[dict], path: str) -> Causes:
    """Check a pod's volumes."""
    names: set[str] = set()
    for index, volume in enumerate(found):
        at = f"{path}[{index}]"
        name = volume.get("name", "")
        if not name:
            yield required(f"{at}.name")
        else:
            yield from formed(f"{at}.name", name, dns_label)
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        yield from _source(volume, at)


def _source(volume: dict, path: str) -> Causes:
    given = [name for name in _SOURCES if name in volume]
    for index, name in enumerate(given):
        if index:
            yield forbidden(f"{path}.{name}", "may not specify more than 1 volume type")
        else:
            yield from _SOURCES[name](volume[name], f"{path}.{name}")


def _empty_dir(source: dict, path: str) -> Causes:
    if "sizeLimit" in source and quantity.parse(source["sizeLimit"]) < 0:
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def _host_path(source: dict, path: str) -> Causes:
    if not source.get("path"):
        yield required(f"{path}.path")
        return
    yield from _no_way_up(f"{path}.path", source["path"])
    yield from one_of(f"{path}.type", source.get("type"), *_HOST_TYPES)


def _secret(source: dict, path: str) -> Causes:
    if not source.get("secretName"):
        yield required(f"{path}.secretName")
    yield from _files(source, path)


def _config_map(source: dict, path: str) -> Causes:
    if not source.get("name"):
        yield required(f"{path}.name")
    yield from _files(source, path)


def _files(source: dict, path: str) -> Causes:
    mode = source.get("defaultMode")
    if mode is not None and not 0 <= mode <= _HIGHEST_MODE:
        message = "must be a number between 0 and 0777 (octal), both inclusive"
        yield wrong(f"{path}.defaultMode", mode, message)
    for index, item in enumerate(source.get("items") or ()):
        at = f"{path}.items[{index}]"
        if not item.get("key"):
            yield required(f"{at}.key")
        else:
            yield from formed(f"{at}.key", item["key"], config_key)
        if not item.get("path"):
            yield required(f"{at}.path")
        else:
            yield from _relative(f"{at}.path", item["path"])


def _claim(source: dict, path: str) -> Causes:
    if not source.get("claimName"):
        yield required(f"{path}.claimName")


def _csi(source: dict, path: str) -> Causes:
    if not source.get("driver"):
        yield required(f"{path}.driver")


def _projected(source: dict, path: str) -> Causes:
    for index, one in enumerate(source.get("sources") or ()):
        token = one.get("serviceAccountToken")
        if token and token.get("expirationSeconds", 3600) < _SHORTEST_TOKEN_SECONDS:
            field = f"{path}.sources[{index}].serviceAccountToken.expirationSeconds"
            yield wrong(field, token["expirationSeconds"], "may not specify a duration less than 10 minutes")


# In the order in which the server looks at them: the first that is given is the volume's.
_SOURCES: dict[str, Callable[[dict, str], Causes]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "secret": _secret,
    "persistentVolumeClaim": _claim,
    "configMap": _config_map,
    "projected": _projected,
    "csi": _csi,
}


def mounts(container: dict, volume_names: Set[str], path: str) -> Causes:
    """Check where a container mounts volumes."""
    places: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        at = f"{path}[{index}]"
        name, place = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{at}.name")
        if name not in volume_names:
            yield not_found(f"{at}.name", name)
        if not place:
            yield required(f"{at}.mountPath")
        if place in places:
            yield wrong(f"{at}.mountPath", place, "must be unique")
        places.add(place)
        # The server leaves the index out of these.
        if mount.get("subPath"):
            yield from _relative(f"{path}.subPath", mount["subPath"])
        if mount.get("subPathExpr"):
            if mount.get("subPath"):
                yield wrong(f"{at}.subPathExpr", mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive")
            yield from _relative(f"{path}.subPathExpr", mount["subPathExpr"])
        yield from _propagation(mount.get("mountPropagation"), container, f"{path}.mountPropagation")


def _propagation(wanted: str | None, container: dict, field: str) -> Causes:
    if wanted is None:
        return
    yield from one_of(field, wanted, "Bidirectional", "HostToContainer", "None")
    if wanted == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        yield forbidden(field, "Bidirectional mount propagation is available only to privileged containers")


def _relative(field: str, path: str) -> Causes:
    if path.startswith("/"):
        yield wrong(field, path, "must be a relative path")
    yield from _no_way_up(field, path)


def _no_way_up(field: str, path: str) -> Causes:
    if ".." in path.split("/"):
        yield wrong(field, path, "must not contain '..'")

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every GPU node's series are there, and if not, why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...http.prometheus import Sample
from ..gke_nodes import ACCELERATOR, GPU, gpus_in

LABELS = ("gpu", "UUID", "modelName")
"""What every series of DCGM says of its GPU."""


@dataclass(frozen=True)
class Exporter:
    """An exporter's pod. answer: the samples it gave, or in words why it gave none."""

    namespace: str
    pod: str
    node: str
    answer: Sequence[Sample] | str

    def __str__(self) -> str:
        return f"exporter {self.namespace}/{self.pod}"


def gpu_nodes(nodes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The nodes that GKE gave a GPU."""
    return [node for node in nodes if ACCELERATOR in (node["metadata"].get("labels") or {})]


def causes(nodes: Sequence[Mapping[str, Any]], exporters: Sequence[Exporter], wanted: Sequence[str]) -> list[str]:
    """Why series are missing, one line each; empty where all are there. nodes: those with a GPU."""
    if not nodes:
        return [
            f"there is no GPU node: no node has the label {ACCELERATOR}; the pool is not there or is scaled to zero, "
            "and the first pod that asks for a GPU brings a node"
        ]
    found = []
    for node in nodes:
        name = node["metadata"]["name"]
        here = [exporter for exporter in exporters if exporter.node == name]
        if not gpus_in((node.get("status") or {}).get("allocatable") or {}):
            found.append(
                f"node {name}: the driver is not ready (no allocatable {GPU}); GKE is installing it, or the pool's "
                "gpu_driver_version is INSTALLATION_DISABLED"
            )
        elif not here:
            found.append(
                f"node {name}: no exporter runs there; let GKE run it (mode managed) or run one by a DaemonSet that "
                "tolerates the node's taints"
            )
        elif len(here) > 1:
            names = " and ".join(str(exporter) for exporter in here)
            found.append(f"node {name}: {names} both read its GPUs, so every figure is there twice; remove one of them")
        else:
            found += _of_one(here[0], wanted)
    return found


def _of_one(exporter: Exporter, wanted: Sequence[str]) -> list[str]:
    if isinstance(exporter.answer, str):
        return [f"{exporter} on node {exporter.node}: {exporter.answer}"]
    if not exporter.answer:
        return [
            f"{exporter} on node {exporter.node} runs without a device and exports nothing: it started before the "
            "driver was there, or does not see /usr/local/nvidia; delete the pod, and it starts again"
        ]
    missing = [name for name in wanted if not any(_tells(sample, name) for sample in exporter.answer)]
    if not missing:
        return []
    return [f"{exporter} on node {exporter.node} has no {', '.join(missing)} with the labels {', '.join(LABELS)}"]


def figures(exporters: Sequence[Exporter], wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Every GPU with its figures: node, exporter, the labels of the series, and name -> value."""
    gpus: dict[tuple[str, str], dict[str, Any]] = {}
    for exporter in exporters:
        for sample in () if isinstance(exporter.answer, str) else exporter.answer:
            if sample.name not in wanted or not _tells(sample, sample.name):
                continue
            identity = sample.labels["UUID"]
            gpu = gpus.setdefault(
                (exporter.node, identity),
                {
                    "node": exporter.node,
                    "exporter": f"{exporter.namespace}/{exporter.pod}",
                    "gpu": sample.labels["gpu"],
                    "uuid": identity,
                    "model": sample.labels["modelName"],
                    "used_by": "/".join(
                        sample.labels[part] for part in ("namespace", "pod") if sample.labels.get(part)
                    ),
                    "figures": {},
                },
            )
            gpu["figures"][sample.name] = sample.value
    return list(gpus.values())


def _tells(sample: Sample, name: str) -> bool:
    return sample.name == name and all(sample.labels.get(label) for label in LABELS)

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that the sandbox's registries have, and the program that each one runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from llmops_gke_sandbox.durations import Durations
from llmops_gke_sandbox.workloads.base import ContainerContext, Workload


def _tgi(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.tgi import TgiWorkload

    return TgiWorkload(context)


def _vllm(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.vllm import VllmWorkload

    return VllmWorkload(context)


def _dcgm_exporter(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.dcgm_exporter import DcgmExporterWorkload

    return DcgmExporterWorkload(context)


def _metrics_adapter(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.metrics.metrics_adapter import MetricsAdapterWorkload

    return MetricsAdapterWorkload(context)


def _prometheus_adapter(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.metrics.prometheus_adapter import PrometheusAdapterWorkload

    return PrometheusAdapterWorkload(context)


def _prometheus_frontend(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.metrics.prometheus_frontend import PrometheusFrontendWorkload

    return PrometheusFrontendWorkload(context)


def _picker(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.picker.workload import PickerWorkload

    return PickerWorkload(context)


def _pause(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.pause import PauseWorkload

    return PauseWorkload(context)


def _process(context: ContainerContext) -> Workload:
    from llmops_gke_sandbox.workloads.process import ProcessWorkload

    return ProcessWorkload(context, "inference_perf")


@dataclass(frozen=True)
class Image:
    """An image that can be pulled.

    :param repository: regular expression of the whole name before tag and digest.
    :param size_bytes: compressed size, as the kubelet's events tell it.
    :param pull_seconds: how long a pull takes in life.
    :param streamed_seconds: the same where GKE streams the image, which it does from Artifact Registry alone.
    """

    repository: str
    workload: Callable[[ContainerContext], Workload]
    size_bytes: int
    pull_seconds: float
    streamed_seconds: float

    def seconds(self, reference: str, streaming: bool, durations: Durations) -> float:
        """Return how long the pull of this reference takes on a node with or without image streaming."""
        streamed = streaming and reference.partition("/")[0].endswith("-docker.pkg.dev")
        chosen = durations.streamed_image if streamed else durations.image
        if chosen is not None and self.workload in (_tgi, _vllm):
            return chosen
        return self.streamed_seconds if streamed else self.pull_seconds


_IMAGES = (
    # Hugging Face's Deep Learning Containers and upstream's own builds.
    Image(r".*/huggingface-text-generation-inference[a-z0-9.-]*", _tgi, 5_600_000_000, 60.0, 20.0),
    Image(r"ghcr\.io/huggingface/text-generation-inference", _tgi, 5_600_000_000, 60.0, 20.0),
    # The project's own image, a mirror of it, and the build of Vertex AI's model garden.
    Image(r"((docker\.io/)?vllm|.+/[^/]+)/vllm-openai|.*/pytorch-vllm-serve", _vllm, 8_900_000_000, 95.0, 30.0),
    Image(
        r"(nvcr\.io/nvidia/k8s|.*-docker\.pkg\.dev/.+)/dcgm-exporter|gke\.gcr\.io/gke-dcgm-exporter",
        _dcgm_exporter,
        420_000_000,
        12.0,
        5.0,
    ),
    Image(r"quay\.io/inference-perf/inference-perf", _process, 410_000_000, 12.0, 5.0),
    Image(r"gcr\.io/gke-release/custom-metrics-stackdriver-adapter", _metrics_adapter, 30_000_000, 4.0, 2.0),
    Image(r"registry\.k8s\.io/prometheus-adapter/prometheus-adapter", _prometheus_adapter, 30_000_000, 4.0, 2.0),
    Image(r"ghcr\.io/llm-d/llm-d-router-endpoint-picker", _picker, 40_000_000, 4.0, 2.0),
    Image(r"gke\.gcr\.io/prometheus-engine/frontend", _prometheus_frontend, 30_000_000, 4.0, 2.0),
    Image(r"(registry\.k8s\.io|gke\.gcr\.io|gcr\.io/google_containers)/pause", _pause, 320_000, 1.0, 1.0),
)
_REFERENCE = re.compile(r"(?P<repository>[^@]+?)(:(?P<tag>[\w][\w.-]*))?(@sha256:[0-9a-f]{64})?")


def find(reference: str) -> Image | None:
    """Return the image behind a reference, any tag or digest of it; None where no registry has it."""
    parsed = _REFERENCE.fullmatch(reference)
    if not parsed:
        return None
    return next((image for image in _IMAGES if re.fullmatch(image.repository, parsed["repository"])), None)


def create(context: ContainerContext) -> Workload:
    """Return the program of the container's image.

    :raises LookupError: if no registry has the image; the kubelet pulls first and so never gets here.
    """
    image = find(context.container["image"])
    if image is None:
        raise LookupError(f"image {context.container['image']} is not known to the sandbox")
    return image.workload(context)


def image_digest(reference: str) -> str:
    """Return the image's name by digest, as a node reports it; made up, but the same for the same reference."""
    repository = _REFERENCE.fullmatch(reference)["repository"]
    return f"{repository}@sha256:{hashlib.sha256(reference.encode()).hexdigest()}"

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""NVIDIA's dcgm-exporter: Prometheus text on port 9400 for the GPUs of its node."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from llmops_gke_sandbox.kubernetes.quantity import parse
from llmops_gke_sandbox.request_log import mark_simulated
from llmops_gke_sandbox.workloads.base import ContainerContext

_GPU = "nvidia.com/gpu"
_ACCELERATOR_LABEL = "cloud.google.com/gke-accelerator"

# Product name and frame buffer in MiB, as the driver tells them.
_PRODUCTS = {
    "nvidia-l4": ("NVIDIA L4", 23034),
    "nvidia-tesla-t4": ("Tesla T4", 15360),
    "nvidia-tesla-a100": ("NVIDIA A100-SXM4-40GB", 40960),
    "nvidia-a100-80gb": ("NVIDIA A100-SXM4-80GB", 81920),
    "nvidia-h100-80gb": ("NVIDIA H100 80GB HBM3", 81559),
}
# Field, type, help (etc/default-counters.csv of dcgm-exporter), value of an idle GPU and of one with a batch on it.
# {total} is the frame buffer, {used} and {free} are its parts.
_SERIES = (
    ("DCGM_FI_DEV_SM_CLOCK", "gauge", "SM clock frequency (in MHz).", "210", "2040"),
    ("DCGM_FI_DEV_MEM_CLOCK", "gauge", "Memory clock frequency (in MHz).", "405", "6251"),
    ("DCGM_FI_DEV_GPU_TEMP", "gauge", "GPU temperature (in C).", "36", "64"),
    ("DCGM_FI_DEV_POWER_USAGE", "gauge", "Power draw (in W).", "11.800000", "71.300000"),
    ("DCGM_FI_DEV_GPU_UTIL", "gauge", "GPU utilization (in %).", "0", "99"),
    ("DCGM_FI_DEV_MEM_COPY_UTIL", "gauge", "Memory utilization (in %).", "0", "93"),
    ("DCGM_FI_DEV_XID_ERRORS", "gauge", "Value of the last XID error encountered.", "0", "0"),
    ("DCGM_FI_DEV_FB_FREE", "gauge", "Framebuffer memory free (in MiB).", "{free}", "{free}"),
    ("DCGM_FI_DEV_FB_USED", "gauge", "Framebuffer memory used (in MiB).", "{used}", "{used}"),
    ("DCGM_FI_DEV_FB_TOTAL", "gauge", "Total Frame Buffer of the GPU in MB.", "{total}", "{total}"),
    ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gauge", "Ratio of time the graphics engine is active.", "0.000000", "0.990000"),
    ("DCGM_FI_PROF_SM_ACTIVE", "gauge", "The ratio of cycles an SM has at least 1 warp assigned.",
     "0.000000", "0.910000"),
    ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", "Ratio of cycles the tensor (HMMA) pipe is active.",
     "0.000000", "0.060000"),
    ("DCGM_FI_PROF_DRAM_ACTIVE", "gauge",
     "Ratio of cycles the device memory interface is active sending or receiving data.", "0.000000", "0.930000"),
)  # fmt: skip
# The share of what is free that TGI takes once the model is loaded (CUDA_MEMORY_FRACTION's usual value).
_TAKEN = 0.9


@dataclass(frozen=True)
class Use:
    """What a pod does with a GPU."""

    pod: dict
    loaded: bool
    busy: bool


class DcgmExporterWorkload:
    """Answers /metrics and /health. Without a driver on the node at its start it runs and exports nothing.

    The figures are those of the moment: they follow what the model servers on the node do.
    """

    def __init__(self, context: ContainerContext) -> None:
        self.ports: dict[int, int] = {}
        self.log: list[str] = []
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._context = context
        self._runner: web.AppRunner | None = None
        self._found_gpus = bool(gpus_of(context.node))

    async def start(self) -> None:
        """Listen where DCGM_EXPORTER_LISTEN says, ":9400" by default."""
        self.log.append("Starting dcgm-exporter")
        if not self._found_gpus:
            self.log.append("Failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND")
        application = web.Application()
        application.on_response_prepare.append(mark_simulated)
        application.router.add_get("/metrics", self._answer_metrics)
        application.router.add_get("/health", self._answer_health)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        listen = self._context.env.get("DCGM_EXPORTER_LISTEN", ":9400")
        self.ports = {int(listen.rpartition(":")[2]): self._runner.addresses[0][1]}
        self.log.append(f"Starting webserver, listening on {listen}")

    async def stop(self) -> None:
        """End the listener."""
        self.ports = {}
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer_metrics(self, _request: web.Request) -> web.Response:
        text = exposition(self._context.node, self._uses()) if self._found_gpus else ""
        return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _answer_health(self, _request: web.Request) -> web.Response:
        return web.Response(text="OK" if self._found_gpus else "KO", status=200 if self._found_gpus else 503)

    def _uses(self) -> list[Use]:
        """Return the pods that have a GPU, by the programs in them that say what they do with it."""
        programs = ((pod, program) for pod, program in self._context.beside() if hasattr(program, "gpu_is_busy"))
        return [Use(pod, program.gpu_is_loaded, program.gpu_is_busy) for pod, program in programs]


def gpus_of(node: dict) -> int:
    """Return how many GPUs of a node a driver drives."""
    return int(parse((node["status"].get("allocatable") or {}).get(_GPU, 0)))


def exposition(node: dict, uses: Sequence[Use] = ()) -> str:
    """Return the Prometheus text of a node's GPUs, "" while it has none that a driver drives.

    :param uses: who has its GPUs, in their order.
    """
    accelerator = (node["metadata"].get("labels") or {}).get(_ACCELERATOR_LABEL, "")
    product, total = _PRODUCTS.get(accelerator, (accelerator, 0))
    lines = []
    for name, kind, help_text, idle, busy in _SERIES if gpus_of(node) else ():
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
        for index in range(gpus_of(node)):
            use = uses[index] if index < len(uses) else None
            used = round(total * _TAKEN) if use and use.loaded else 0
            value = (busy if use and use.busy else idle).format(total=total, used=used, free=total - used)
            lines.append(f"{name}{{{_labels(node, index, product, use)}}} {value}")
    return "".join(f"{line}\n" for line in lines)


def _labels(node: dict, index: int, product: str, use: Use | None) -> str:
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{node['metadata']['uid']}/{index}")
    labels = {
        "gpu": index,
        "UUID": f"GPU-{identity}",
        "pci_bus_id": f"00000000:00:{3 + index:02X}.0",
        "device": f"nvidia{index}",
        "modelName": product,
        "Hostname": node["metadata"]["name"],
    }
    if use is not None:
        meta = use.pod["metadata"]
        container = use.pod["spec"]["containers"][0]["name"]
        labels |= {"container": container, "namespace": meta["namespace"], "pod": meta["name"]}
    return ",".join(f'{name}="{value}"' for name, value in labels.items())

"""NVIDIA's dcgm-exporter: Prometheus text on port 9400 for the GPUs of its node."""

from __future__ import annotations

import asyncio
import uuid

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
# Field, type, help (etc/default-counters.csv of dcgm-exporter), value of an idle GPU; {total} is the frame buffer.
_SERIES = (
    ("DCGM_FI_DEV_SM_CLOCK", "gauge", "SM clock frequency (in MHz).", "210"),
    ("DCGM_FI_DEV_MEM_CLOCK", "gauge", "Memory clock frequency (in MHz).", "405"),
    ("DCGM_FI_DEV_GPU_TEMP", "gauge", "GPU temperature (in C).", "36"),
    ("DCGM_FI_DEV_POWER_USAGE", "gauge", "Power draw (in W).", "11.800000"),
    ("DCGM_FI_DEV_GPU_UTIL", "gauge", "GPU utilization (in %).", "0"),
    ("DCGM_FI_DEV_MEM_COPY_UTIL", "gauge", "Memory utilization (in %).", "0"),
    ("DCGM_FI_DEV_XID_ERRORS", "gauge", "Value of the last XID error encountered.", "0"),
    ("DCGM_FI_DEV_FB_FREE", "gauge", "Framebuffer memory free (in MiB).", "{total}"),
    ("DCGM_FI_DEV_FB_USED", "gauge", "Framebuffer memory used (in MiB).", "0"),
    ("DCGM_FI_DEV_FB_TOTAL", "gauge", "Total Frame Buffer of the GPU in MB.", "{total}"),
    ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gauge", "Ratio of time the graphics engine is active.", "0.000000"),
    ("DCGM_FI_PROF_SM_ACTIVE", "gauge", "The ratio of cycles an SM has at least 1 warp assigned.", "0.000000"),
    ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", "Ratio of cycles the tensor (HMMA) pipe is active.", "0.000000"),
    ("DCGM_FI_PROF_DRAM_ACTIVE", "gauge",
     "Ratio of cycles the device memory interface is active sending or receiving data.", "0.000000"),
)  # fmt: skip


class DcgmExporterWorkload:
    """Answers /metrics and /health. Without a driver on the node at its start it runs and exports nothing."""

    def __init__(self, context: ContainerContext) -> None:
        self.ports: dict[int, int] = {}
        self.log: list[str] = []
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._context = context
        self._runner: web.AppRunner | None = None
        self._metrics = exposition(context.node)

    async def start(self) -> None:
        """Listen where DCGM_EXPORTER_LISTEN says, ":9400" by default."""
        self.log.append("Starting dcgm-exporter")
        if not self._metrics:
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
        return web.Response(text=self._metrics, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _answer_health(self, _request: web.Request) -> web.Response:
        return web.Response(text="KO" if not self._metrics else "OK", status=503 if not self._metrics else 200)


def exposition(node: dict) -> str:
    """Return the Prometheus text of a node's GPUs, "" while it has none that a driver drives."""
    count = int(parse((node["status"].get("allocatable") or {}).get(_GPU, 0)))
    accelerator = (node["metadata"].get("labels") or {}).get(_ACCELERATOR_LABEL, "")
    product, total = _PRODUCTS.get(accelerator, (accelerator, 0))
    host = node["metadata"]["name"]
    lines = []
    for name, kind, help_text, value in _SERIES if count else ():
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
        for index in range(count):
            identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{node['metadata']['uid']}/{index}")
            labels = (
                f'gpu="{index}",UUID="GPU-{identity}",pci_bus_id="00000000:00:{3 + index:02X}.0",'
                f'device="nvidia{index}",modelName="{product}",Hostname="{host}"'
            )
            lines.append(f"{name}{{{labels}}} {value.format(total=total)}")
    return "".join(f"{line}\n" for line in lines)

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container with TGI: launcher, download, shard, router, and the log they write."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmops_gke_sandbox.clock import rfc3339
from llmops_gke_sandbox.workloads.base import ContainerContext
from llmops_gke_sandbox.workloads.tgi.server import TgiServer, reserved_socket
from llmops_gke_sandbox.workloads.tgi.settings import LaunchError, Settings, from_environment
from llmops_gke_sandbox.workloads.tgi.timing import (
    GPUS,
    Timing,
    kv_bytes_per_token,
    model_timing,
    overrides,
    tokens_that_fit,
    weight_bytes,
)

DOWNLOAD_BYTES_PER_SECOND = 1e9
LOAD_SECONDS = 20.0
_GPU_LABEL = "cloud.google.com/gke-accelerator"
_LAUNCHER = "text_generation_launcher"
_DOWNLOAD = f"download: {_LAUNCHER}"
_SHARD = f"shard-manager: {_LAUNCHER}"
_ROUTER = "text_generation_router::server"

_DOWNLOAD_ERRORS = {
    "gated": (
        "huggingface_hub.errors.GatedRepoError: 403 Client Error. Cannot access gated repo for url "
        "https://huggingface.co/api/models/{model}. Access to model {model} is restricted and you are not in the "
        "authorized list. Visit https://huggingface.co/{model} to ask for access."
    ),
    "unauthorized": (
        "huggingface_hub.errors.HfHubHTTPError: 401 Client Error: Unauthorized for url: "
        "https://huggingface.co/api/models/{model}. Invalid credentials in Authorization header"
    ),
    "not_found": (
        "huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error. Repository Not Found for url: "
        "https://huggingface.co/api/models/{model}."
    ),
}


class _Ended(Exception):
    """The program ends with an exit code."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class TgiWorkload:
    """See Workload. The port is known from the start and opens once the model is loaded, as in life."""

    def __init__(self, context: ContainerContext) -> None:
        self.ports: dict[int, int] = {}
        self.log: list[str] = []
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._context = context
        self._listener: socket.socket | None = None
        self._server: TgiServer | None = None
        self._task: asyncio.Task[None] | None = None
        metadata = context.pod.get("metadata", {})
        self._pod = {"namespace": metadata.get("namespace", ""), "pod": metadata.get("name", "")}
        self._where = {**self._pod, "container": context.container.get("name", "")}

    async def start(self) -> None:
        """Read the environment; loading goes on in the background. A wrong argument ends the program at once."""
        try:
            settings = from_environment(self._context.env, self._context.container.get("image", ""))
            dictated = overrides(self._context.env)
        except (LaunchError, ValueError) as refused:
            self.log.extend(str(refused).splitlines())
            self.exit.set_result(getattr(refused, "exit_code", 2))
            return
        self._listener = reserved_socket()
        self.ports = {settings.port: self._listener.getsockname()[1]}
        self._task = asyncio.create_task(self._run(settings, dictated))

    async def stop(self) -> None:
        """End loading and serving."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._close()

    @property
    def gpu_is_loaded(self) -> bool:
        """Whether the model lies in the GPU's memory, which TGI then takes as a whole."""
        return self._server is not None

    @property
    def gpu_is_busy(self) -> bool:
        """Whether a batch is on the GPU now."""
        return self._server is not None and self._server.inference.is_busy

    async def _close(self) -> None:
        self.ports = {}
        if self._server is not None:
            await self._server.stop()
        if self._listener is not None:
            self._listener.close()

    async def _run(self, settings: Settings, dictated: Mapping[str, Any]) -> None:
        clock, faults = self._context.clock, self._context.faults
        try:
            self._say("INFO", _LAUNCHER, _arguments(settings))
            await self._download(settings)
            timing, capacity = self._measures(settings)
            await self._load(settings, capacity)
            self._server = TgiServer(
                replace(timing, **dictated),
                settings,
                listener=self._listener,
                capacity=capacity,
                overloaded=self._overloaded,
            )
            await self._server.start()
            self._say("INFO", _ROUTER, "Connected")
            crash = faults.take("crash", **self._where)
            if crash is not None:
                await clock.sleep(float(crash.get("after", 0)))
                self._say("ERROR", _LAUNCHER, "Shard 0 crashed")
                raise _Ended(int(crash.get("exit_code", 1)))
        except _Ended as ended:
            await self._close()
            self.exit.set_result(ended.exit_code)

    async def _download(self, settings: Settings) -> None:
        model, hub = settings.model, self._context.hub
        self._say("INFO", _DOWNLOAD, f"Starting check and download process for {model}")
        refused = hub.access(model, settings.hub_token)
        if refused != "ok":
            self._say("ERROR", _DOWNLOAD, "Download encountered an error:")
            self.log.append(_DOWNLOAD_ERRORS[refused].format(model=model))
            self.log.append("Error: DownloadError")
            raise _Ended(1)
        size = hub.size_bytes(model)
        self._say("INFO", _LAUNCHER, f"Download file: model.safetensors ({size / 1e9:.2f} GB)")
        await self._context.clock.sleep(self._slowed(size / DOWNLOAD_BYTES_PER_SECOND))
        self._say("INFO", _DOWNLOAD, f"Successfully downloaded weights for {model}")

    async def _load(self, settings: Settings, capacity: int) -> None:
        for rank in range(settings.shards):
            self._say("INFO", _SHARD, f"Starting shard rank={rank}")
        await self._context.clock.sleep(LOAD_SECONDS)
        prefill = settings.max_input_tokens + 50
        if capacity < prefill or self._context.faults.take("gpu_out_of_memory", **self._where) is not None:
            self._say(
                "ERROR",
                "warmup{max_input_length=" + str(settings.max_input_tokens) + "}: text_generation_client",
                f"Server error: Not enough memory to handle {prefill} prefill tokens. "
                "You need to decrease `--max-batch-prefill-tokens`",
            )
            self.log.append("Error: WebserverFailed")
            raise _Ended(1)
        for rank in range(settings.shards):
            self._say("INFO", _SHARD, f"Shard ready in {LOAD_SECONDS:.1f}s rank={rank}")
        self._say("INFO", _LAUNCHER, "Starting Webserver")
        self._say("INFO", "text_generation_router_v3", f"Setting max batch total tokens to {capacity}")

    def _measures(self, settings: Settings) -> tuple[Timing, int]:
        """How fast the model is on the node's GPU, and how many tokens fit beside it."""
        labels = self._context.node.get("metadata", {}).get("labels", {})
        gpu = GPUS.get(labels.get(_GPU_LABEL, ""), GPUS["nvidia-l4"])
        hub = self._context.hub
        fp16_bytes = float(hub.size_bytes(settings.model))
        kv_bytes = kv_bytes_per_token(hub.config(settings.model))
        timing = model_timing(
            gpu,
            fp16_bytes=fp16_bytes,
            quantize=settings.quantize,
            shards=settings.shards,
            kv_bytes=kv_bytes,
            speed=self._context.clock.speed,
        )
        capacity = tokens_that_fit(gpu, settings.shards, weight_bytes(fp16_bytes, settings.quantize), kv_bytes)
        return timing, capacity

    def _slowed(self, seconds: float) -> float:
        fault = self._context.faults.take("slow_load", **self._where)
        if fault is None:
            return seconds
        return float(fault["seconds"]) if "seconds" in fault else seconds * float(fault.get("factor", 10))

    def _overloaded(self) -> bool:
        return self._context.faults.take("overloaded", **self._pod) is not None

    def _say(self, level: str, target: str, message: str) -> None:
        self.log.append(f"{rfc3339(self._context.clock.now())} {level:>5} {target}: {message}")


def _arguments(settings: Settings) -> str:
    """The launcher's first line. The real one prints the API key too; this one does not."""
    quantize = f"Some({settings.quantize})" if settings.quantize else "None"
    return (
        f'Args {{ model_id: "{settings.model}", quantize: {quantize}, num_shard: Some({settings.shards}), '
        f"max_input_tokens: Some({settings.max_input_tokens}), max_total_tokens: Some({settings.max_total_tokens}), "
        f"port: {settings.port} }}"
    )

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container with TGI: launcher, download, shard, router, and the log they write."""

from __future__ import annotations

import socket
from dataclasses import replace

from llmops_gke_sandbox.clock import rfc3339
from llmops_gke_sandbox.workloads.llm.timing import (
    Timing,
    kv_bytes_per_token,
    model_timing,
    overrides,
    tokens_that_fit,
    weight_bytes,
)
from llmops_gke_sandbox.workloads.llm.workload import (
    LOAD_SECONDS,
    Ended,
    Launch,
    ModelServerWorkload,
    NoWeights,
    Weights,
)
from llmops_gke_sandbox.workloads.tgi.server import TgiServer
from llmops_gke_sandbox.workloads.tgi.settings import Settings, from_environment

USABLE = 0.9
"""The part of the GPU memory that TGI takes."""

DRAIN_SECONDS = 90.0
"""How long the launcher waits for its router at the end."""

_LAUNCHER = "text_generation_launcher"
_DOWNLOAD = f"download: {_LAUNCHER}"
_SHARD = f"shard-manager: {_LAUNCHER}"
_ROUTER = "text_generation_router::server"


class TgiWorkload(ModelServerWorkload):
    """See ModelServerWorkload."""

    def read(self) -> Launch[Settings]:
        """Read the environment."""
        settings = from_environment(self.context.env, self.context.container.get("image", ""))
        return Launch(settings, overrides(self.context.env, "TGI"))

    async def load(self, arguments: Launch[Settings], listener: socket.socket) -> TgiServer:
        """Download, load onto the shards, warm up."""
        settings = arguments.settings
        self._say("INFO", _LAUNCHER, _arguments(settings))
        weights = await self._download(settings)
        timing, capacity = self._measures(settings, weights.model)
        await self._load(settings, capacity, weights)
        return TgiServer(
            replace(timing, **arguments.dictated),
            settings,
            listener=listener,
            capacity=capacity,
            overloaded=self.overloaded,
            drain=self.context.clock.scaled(DRAIN_SECONDS),
        )

    def serving(self) -> None:
        """The router's last line."""
        self._say("INFO", _ROUTER, "Connected")

    def crashed(self) -> None:
        """The launcher's."""
        self._say("ERROR", _LAUNCHER, "Shard 0 crashed")

    async def _download(self, settings: Settings) -> Weights:
        model, hub = settings.model, self.context.hub
        self._say("INFO", _DOWNLOAD, f"Starting check and download process for {model}")
        try:
            weights = self.weights(model, settings.hub_token)
        except NoWeights as refused:
            self._say("ERROR", _DOWNLOAD, "Download encountered an error:")
            self.log.append(str(refused))
            self.log.append("Error: DownloadError")
            raise Ended(1) from None
        if weights.local:
            self._say("INFO", _DOWNLOAD, "Files are already present on the host. Skipping download.")
        else:
            size = hub.size_bytes(weights.model)
            self._say("INFO", _LAUNCHER, f"Download file: model.safetensors ({size / 1e9:.2f} GB)")
            await self.transfer(size, weights)
        self._say("INFO", _DOWNLOAD, f"Successfully downloaded weights for {model}")
        return weights

    async def _load(self, settings: Settings, capacity: int, weights: Weights) -> None:
        for rank in range(settings.shards):
            self._say("INFO", _SHARD, f"Starting shard rank={rank}")
        began = self.context.clock.now()
        if weights.local:
            # What lies elsewhere than on the local SSD is read as it is loaded.
            await self.transfer(self.context.hub.size_bytes(weights.model), weights)
        await self.context.clock.sleep(LOAD_SECONDS)
        took = (self.context.clock.now() - began).total_seconds()
        prefill = settings.max_input_tokens + 50
        if capacity < prefill or self.lacks_memory():
            self._say(
                "ERROR",
                "warmup{max_input_length=" + str(settings.max_input_tokens) + "}: text_generation_client",
                f"Server error: Not enough memory to handle {prefill} prefill tokens. "
                "You need to decrease `--max-batch-prefill-tokens`",
            )
            self.log.append("Error: WebserverFailed")
            raise Ended(1)
        for rank in range(settings.shards):
            self._say("INFO", _SHARD, f"Shard ready in {took:.1f}s rank={rank}")
        self._say("INFO", _LAUNCHER, "Starting Webserver")
        self._say("INFO", "text_generation_router_v3", f"Setting max batch total tokens to {capacity}")

    def _measures(self, settings: Settings, model: str) -> tuple[Timing, int]:
        """How fast the model is on the node's GPU, and how many tokens fit beside it."""
        gpu = self.gpu
        hub = self.context.hub
        fp16_bytes = float(hub.size_bytes(model))
        kv_bytes = kv_bytes_per_token(hub.config(model))
        timing = model_timing(
            gpu,
            fp16_bytes=fp16_bytes,
            quantize=settings.quantize,
            shards=settings.shards,
            kv_bytes=kv_bytes,
            speed=self.context.clock.speed,
        )
        capacity = tokens_that_fit(gpu, settings.shards, USABLE, weight_bytes(fp16_bytes, settings.quantize), kv_bytes)
        return timing, capacity

    def _say(self, level: str, target: str, message: str) -> None:
        self.log.append(f"{rfc3339(self.context.clock.now())} {level:>5} {target}: {message}")


def _arguments(settings: Settings) -> str:
    """The launcher's first line. The real one prints the API key too; this one does not."""
    quantize = f"Some({settings.quantize})" if settings.quantize else "None"
    return (
        f'Args {{ model_id: "{settings.model}", quantize: {quantize}, num_shard: Some({settings.shards}), '
        f"max_input_tokens: Some({settings.max_input_tokens}), max_total_tokens: Some({settings.max_total_tokens}), "
        f"port: {settings.port} }}"
    )

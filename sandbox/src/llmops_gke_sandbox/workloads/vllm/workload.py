# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container with vLLM: API server, engine core, download, compilation, and the log that they write."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

from llmops_gke_sandbox.workloads.llm.timing import overrides
from llmops_gke_sandbox.workloads.llm.workload import Ended, Launch, ModelServerWorkload, NoWeights, Weights
from llmops_gke_sandbox.workloads.vllm.memory import DoesNotRun, Room, check_model, no_memory, quantization_of, room
from llmops_gke_sandbox.workloads.vllm.middleware import load, played
from llmops_gke_sandbox.workloads.vllm.server import VllmServer
from llmops_gke_sandbox.workloads.vllm.settings import Settings, from_container

WEIGHTS_SECONDS, COMPILE_SECONDS, PROFILE_SECONDS, CAPTURE_SECONDS = 8.0, 18.0, 4.0, 6.0
"""Of a 7B model on an L4, estimates: weights onto the GPU, torch.compile, memory profiling, CUDA graphs."""

_GPU = "nvidia.com/gpu"
_GIB = 2**30
_API, _CORE = "APIServer pid=1", "EngineCore pid=148"


_FRAMES = (
    ("vllm/entrypoints/cli/main.py", "main", "args.dispatch_function(args)"),
    ("vllm/entrypoints/cli/serve.py", "cmd", "uvloop.run(run_server(args))"),
    ("uvloop/__init__.py", "run", "return __asyncio.run("),
    ("vllm/entrypoints/openai/api_server.py", "run_server", "await run_server_worker(listen_address, sock, args)"),
    ("vllm/entrypoints/openai/api_server.py", "run_server_worker", "async with build_async_engine_client("),
    ("vllm/v1/engine/async_llm.py", "from_vllm_config", "return cls("),
    ("vllm/v1/engine/async_llm.py", "__init__", "self.engine_core = EngineCoreClient.make_async_mp_client("),
    ("vllm/v1/engine/core_client.py", "make_async_mp_client", "return AsyncMPClient(*client_args)"),
    ("vllm/v1/engine/core_client.py", "__init__", "with launch_core_engines("),
    ("vllm/v1/engine/utils.py", "launch_core_engines", "wait_for_engine_startup("),
    ("vllm/v1/engine/utils.py", "wait_for_engine_startup", "raise RuntimeError("),
)
"""What the API server was at when the engine's process ended; the cause stands before it in the log."""


def _traceback() -> list[str]:
    lines = ["Traceback (most recent call last):"]
    for number, (path, function, code) in enumerate(_FRAMES, 70):
        file = f"/usr/local/lib/python3.12/dist-packages/{path}"
        lines += [f'  File "{file}", line {number}, in {function}', f"    {code}", f"    {'^' * len(code)}"]
    return lines


class VllmWorkload(ModelServerWorkload):
    """See ModelServerWorkload."""

    def read(self) -> Launch[Settings]:
        """Read command, arguments and environment."""
        settings = from_container(self.context.container, self.context.env)
        path = self.context.env.get("PYTHONPATH", "")
        self._around = [played(load(name, self.context.files, path)) for name in settings.middleware]
        return Launch(settings, overrides(self.context.env, "VLLM"))

    async def load(self, arguments: Launch[Settings], listener: socket.socket) -> VllmServer:
        """Check the model, download it, load and compile it, make the cache."""
        settings = arguments.settings
        self._api("INFO", "api_utils.py:347", f"  █▄█▀ █     █     █     █  model   {settings.model}")
        self._api("INFO", "api_utils.py:347", f"                               version {settings.version}")
        try:
            weights = self._found(settings)
            config = self.context.hub.config(weights.model)
            check_model(settings, config, self.gpu, self._gpus)
            self._api("INFO", "model.py:733", f"Resolved architecture: {(config.get('architectures') or ['?'])[0]}")
            found = await self._start_engine(settings, config, weights)
        except DoesNotRun as refused:
            self._fail(refused)
            raise Ended(1) from None
        clock = self.context.clock
        return VllmServer(
            replace(found.timing, **arguments.dictated),
            self._with_template(settings, weights.model),
            listener=listener,
            longest=found.longest,
            capacity=found.capacity,
            overloaded=self.overloaded,
            drain=clock.scaled(settings.shutdown_timeout),
            around=self._around,
        )

    def serving(self) -> None:
        """The web framework's last line before the first request."""
        port = next(iter(self.ports))
        self._api("INFO", "entry.py:140", f"Starting vLLM server on http://0.0.0.0:{port}")
        self.log += [
            f"({_API}) INFO:     Started server process [1]",
            f"({_API}) INFO:     Waiting for application startup.",
            f"({_API}) INFO:     Application startup complete.",
        ]

    def crashed(self) -> None:
        """What the API server says of a core that died."""
        self._api("ERROR", "core_client.py:770", "Engine core proc EngineCore died unexpectedly, shutting down client.")

    @property
    def _gpus(self) -> int:
        resources = self.context.container.get("resources") or {}
        wanted = (resources.get("limits") or {}).get(_GPU, (resources.get("requests") or {}).get(_GPU, 1))
        return int(wanted)

    def _found(self, settings: Settings) -> Weights:
        """Where the model's files are; raises Ended where they can't be had."""
        try:
            return self.weights(settings.model, settings.hub_token)
        except NoWeights as refused:
            self.log.append(f"({_API}) Traceback (most recent call last):")
            self.log.append(f"({_API}) {refused}")
            raise Ended(1) from None

    def _with_template(self, settings: Settings, model: str) -> Settings:
        """The same; a model may have a chat template where none was given."""
        own = self.context.hub.has_chat_template(model)
        return replace(settings, chat_template=settings.chat_template or own)

    async def _start_engine(self, settings: Settings, config: dict[str, Any], weights: Weights) -> Room:
        clock, size = self.context.clock, self.context.hub.size_bytes(weights.model)
        longest = settings.max_model_len or config.get("max_position_embeddings")
        method = quantization_of(settings, config)
        # The real line goes on with every setting of the engine.
        self._core(
            "INFO",
            "core.py:133",
            f"Initializing a V1 LLM engine (v{settings.version}) with config: model='{settings.model}', "
            f"tokenizer='{settings.model}', tokenizer_mode=auto, max_seq_len={longest}, "
            f"tensor_parallel_size={settings.shards}, quantization={method}, enforce_eager={settings.eager}",
        )
        began = clock.now()
        self._core("INFO", "gpu_model_runner.py:5106", f"Starting to load model {settings.model}...")
        if not weights.local:
            await self.transfer(size, weights)
            took = (clock.now() - began).total_seconds()
            told = f"Time spent downloading weights for {settings.model}: {took:.6f} seconds"
            self._core("INFO", "weight_utils.py:581", told)
        found = room(settings, config, float(size), self.gpu, clock.speed)
        loads = clock.now()
        if weights.local:
            # What lies elsewhere than on the local SSD is read as it is loaded.
            await self.transfer(size, weights)
        await clock.sleep(WEIGHTS_SECONDS)
        took = (clock.now() - loads).total_seconds()
        self._core("INFO", "default_loader.py:501", f"Loading weights took {took:.2f} seconds")
        gib = found.weights / settings.shards / _GIB
        took = (clock.now() - began).total_seconds()
        self._core(
            "INFO", "gpu_model_runner.py:5190", f"Model loading took {gib:.2f} GiB memory and {took:.6f} seconds"
        )
        return await self._make_cache(settings, found)

    async def _make_cache(self, settings: Settings, found: Room) -> Room:
        clock = self.context.clock
        compiling = 0.0 if settings.eager else COMPILE_SECONDS
        capturing = 0.0 if settings.eager else CAPTURE_SECONDS
        await clock.sleep(compiling)
        if compiling:
            self._core("INFO", "monitor.py:81", f"torch.compile took {compiling:.2f} s in total")
        await clock.sleep(PROFILE_SECONDS)
        available = found.cache / settings.shards / _GIB
        self._core("INFO", "gpu_worker.py:436", f"Available KV cache memory: {available:.2f} GiB")
        if self.lacks_memory():
            raise no_memory()
        self._core("INFO", "kv_cache_utils.py:2327", f"GPU KV cache size: {found.capacity:,} tokens")
        self._core(
            "INFO",
            "kv_cache_utils.py:2332",
            f"Maximum concurrency for {found.longest:,} tokens per request: {found.capacity / found.longest:.2f}x",
        )
        await clock.sleep(capturing)
        if capturing:
            self._core(
                "INFO", "gpu_model_runner.py:6971", f"Graph capturing finished in {capturing:.0f} secs, took 0.45 GiB"
            )
        took = compiling + PROFILE_SECONDS + capturing
        self._core("INFO", "core.py:402", f"init engine (profile, create kv cache, warmup model) took {took:.2f} s")
        return found

    def _fail(self, refused: DoesNotRun) -> None:
        if refused.early:
            self.log += [
                f"({_API}) pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig",
                f"({_API})   {refused}",
            ]
            return
        self._core("ERROR", "core.py:1108", "EngineCore failed to start.")
        self._core("ERROR", "core.py:1108", "Traceback (most recent call last):")
        self._core("ERROR", "core.py:1108", str(refused))
        self.log += [f"({_API}) {line}" for line in _traceback()]
        self.log.append(
            f"({_API}) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {{}}"
        )

    def _api(self, level: str, place: str, message: str) -> None:
        self._say(_API, level, place, message)

    def _core(self, level: str, place: str, message: str) -> None:
        self._say(_CORE, level, place, message)

    def _say(self, process: str, level: str, place: str, message: str) -> None:
        self.log.append(f"({process}) {level} {self.context.clock.now():%m-%d %H:%M:%S} [{place}] {message}")

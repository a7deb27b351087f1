# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container with a model server: from its arguments over the download to a loaded model, and what ends it.

SANDBOX_MODEL_SERVER in the container's environment names a model server that really runs on this machine
(``http://127.0.0.1:8999``); it answers in place of the played one. Its arguments are its own, what the container's say
is read all the same.
"""

from __future__ import annotations

import asyncio
import posixpath
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from llmops_gke_sandbox.workloads.base import ContainerContext
from llmops_gke_sandbox.workloads.llm.server import ModelServer, reserved_socket
from llmops_gke_sandbox.workloads.llm.timing import GPUS, Gpu

DOWNLOAD_BYTES_PER_SECOND = 1e9
LOAD_SECONDS = 20.0
_GPU_LABEL = "cloud.google.com/gke-accelerator"

HUB_ERRORS = {
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
"""What huggingface_hub raises, by what the Hub answers."""


_OFFLINE = (
    "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder for the "
    "specified revision on the local disk and outgoing traffic has been disabled. To enable repo look-ups and "
    "downloads online, pass 'local_files_only=False' as input. ({model})"
)
_UNRESOLVED = (
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='{host}', port=443): Max retries exceeded with url: "
    "/api/models/{model} (Caused by NameResolutionError(\"Failed to resolve '{host}' ([Errno -2] Name or service not "
    'known)"))'
)
_EMPTY = "FileNotFoundError: [Errno 2] No such file or directory: '{path}/config.json'"


class NoWeights(Exception):
    """The weights can't be had; in the words of the library that looks for them."""


@dataclass(frozen=True)
class Weights:
    """Where a model's files are.

    :param model: the Hub's id of the model whose files they are.
    :param bytes_per_second: how fast they come, or are read where they lie.
    :param local: whether they lie on a volume, so that nothing is downloaded.
    """

    model: str
    bytes_per_second: float = DOWNLOAD_BYTES_PER_SECOND
    local: bool = False


class LaunchError(Exception):
    """The server refuses its arguments and ends with ``exit_code``."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Ended(Exception):
    """The program ends with an exit code."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class Settings(Protocol):
    """A server's launch arguments, as far as all have them."""

    @property
    def port(self) -> int:
        """The container's port."""


Own = TypeVar("Own", bound=Settings)


@dataclass(frozen=True)
class Launch(Generic[Own]):
    """Launch arguments, and the fields of Timing that a test dictates."""

    settings: Own
    dictated: Mapping[str, Any]


class ModelServerWorkload(ABC):
    """See Workload. The port is known from the start and opens once the model is loaded, as in life."""

    def __init__(self, context: ContainerContext) -> None:
        self.ports: dict[int, int] = {}
        self.log: list[str] = []
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.context = context
        self._listener: socket.socket | None = None
        self._server: ModelServer | None = None
        self._task: asyncio.Task[None] | None = None
        metadata = context.pod.get("metadata", {})
        self.pod = {"namespace": metadata.get("namespace", ""), "pod": metadata.get("name", "")}
        self.where = {**self.pod, "container": context.container.get("name", "")}

    @abstractmethod
    def read(self) -> Launch[Any]:
        """Return what the container was started with.

        :raises LaunchError: for what the server refuses. ValueError: for what no test may dictate.
        """

    @abstractmethod
    async def load(self, arguments: Launch[Any], listener: socket.socket) -> ModelServer:
        """Download and load the model, telling of it in the log, and return the server that is ready to listen.

        :raises Ended: where that fails.
        """

    @abstractmethod
    def crashed(self) -> None:
        """Tell of a crash in the log."""

    @abstractmethod
    def serving(self) -> None:
        """Tell in the log that the server answers."""

    async def start(self) -> None:
        """Read the arguments; loading goes on in the background. A wrong argument ends the program at once."""
        try:
            arguments = self.read()
            real = _real_port(self.context.env)
        except (LaunchError, ValueError) as refused:
            self.log.extend(str(refused).splitlines())
            self.exit.set_result(getattr(refused, "exit_code", 2))
            return
        if real is not None:
            self.ports = {arguments.settings.port: real}
            self.log.append(f"127.0.0.1:{real} answers here, a server that is not simulated")
            return
        self._listener = reserved_socket()
        self.ports = {arguments.settings.port: self._listener.getsockname()[1]}
        self._task = asyncio.create_task(self._run(arguments))

    async def stop(self) -> None:
        """End loading and serving."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._close()

    @property
    def gpu_is_loaded(self) -> bool:
        """Whether the model lies in the GPU's memory, which a model server then takes as a whole."""
        return self._server is not None

    @property
    def gpu_is_busy(self) -> bool:
        """Whether a batch is on the GPU now."""
        return self._server is not None and self._server.inference.is_busy

    @property
    def gpu(self) -> Gpu:
        """The GPU of the node."""
        labels = self.context.node.get("metadata", {}).get("labels", {})
        return GPUS.get(labels.get(_GPU_LABEL, ""), GPUS["nvidia-l4"])

    def weights(self, model: str, token: str | None) -> Weights:
        """Return where the files of a model are, by the name or path that the server was given.

        :raises NoWeights: where they can't be had.
        """
        path = posixpath.join(self.context.container.get("workingDir") or "/", model)
        for mount, directory in self.context.directories.items():
            if f"{path}/".startswith(f"{mount}/"):
                found = directory.models.get(path.removeprefix(mount).strip("/"))
                if found is None:
                    raise NoWeights(_EMPTY.format(path=path))
                return Weights(found, directory.bytes_per_second, local=True)
        if self.context.env.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
            raise NoWeights(_OFFLINE.format(model=model))
        endpoint = self.context.env.get("HF_ENDPOINT", "")
        if endpoint and not self.context.hub.is_at(endpoint):
            raise NoWeights(_UNRESOLVED.format(host=urlsplit(endpoint).hostname, model=model))
        refused = self.context.hub.access(model, token)
        if refused != "ok":
            raise NoWeights(HUB_ERRORS[refused].format(model=model))
        return Weights(model)

    async def transfer(self, size: float, weights: Weights) -> None:
        """Wait as long as so many bytes take."""
        told = None if weights.local else self.context.clock.durations.weights
        seconds = size / weights.bytes_per_second if told is None else told
        fault = self.context.faults.take("slow_load", **self.where)
        if fault is not None:
            seconds = float(fault["seconds"]) if "seconds" in fault else seconds * float(fault.get("factor", 10))
        await self.context.clock.sleep(seconds)

    def lacks_memory(self) -> bool:
        """Whether a fault takes the GPU's memory away."""
        return self.context.faults.take("gpu_out_of_memory", **self.where) is not None

    def overloaded(self) -> bool:
        """Whether a fault lets the server refuse a request as if too many were under way."""
        return self.context.faults.take("overloaded", **self.pod) is not None

    async def _close(self) -> None:
        self.ports = {}
        if self._server is not None:
            await self._server.stop()
        if self._listener is not None:
            self._listener.close()

    async def _run(self, arguments: Launch[Any]) -> None:
        try:
            self._server = await self.load(arguments, self._listener)
            await self._server.start()
            self.serving()
            crash = self.context.faults.take("crash", **self.where)
            if crash is not None:
                await self.context.clock.sleep(float(crash.get("after", 0)))
                self.crashed()
                raise Ended(int(crash.get("exit_code", 1)))
        except Ended as ended:
            await self._close()
            self.exit.set_result(ended.exit_code)


def _real_port(environment: Mapping[str, str]) -> int | None:
    """Return the port of the server in SANDBOX_MODEL_SERVER; None where it is not set.

    :raises ValueError: if it is no address on loopback.
    """
    given = environment.get("SANDBOX_MODEL_SERVER")
    if not given:
        return None
    parts = urlsplit(given)
    if parts.scheme != "http" or parts.port is None or not ip_address(parts.hostname or "").is_loopback:
        raise ValueError(f"SANDBOX_MODEL_SERVER is {given!r}, not such as http://127.0.0.1:8000")
    return parts.port

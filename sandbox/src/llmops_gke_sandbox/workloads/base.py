# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a container: the protocol between the kubelet and the programs that the sandbox knows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.workloads.metrics.series import Series

GRPC_HEALTH = "/grpc.health.v1.Health/Check"
"""Where a program of the sandbox answers a gRPC probe."""


class Hub(Protocol):
    """The part of the Hugging Face Hub that a model server asks."""

    def access(self, model: str, token: str | None) -> str:
        """Return "ok", "unauthorized", "gated" or "not_found"."""

    def size_bytes(self, model: str) -> int:
        """Return the size of the model's weights."""

    def config(self, model: str) -> dict:
        """Return the model's config.json."""

    def is_at(self, endpoint: str) -> bool:
        """Return whether a client that is told this endpoint comes to this Hub."""

    def has_chat_template(self, model: str) -> bool:
        """Return whether the model's tokenizer has a chat template."""


class ModelFiles(Protocol):
    """The buckets and disk images from which a pod may mount a model's files; see google/storage/models.py."""

    def bucket(self, name: str) -> Mapping[str, str] | None:
        """Return directory -> model in a bucket; None where there is none of the name."""

    def image(self, path: str) -> Mapping[str, str] | None:
        """Return directory -> model on a disk image; None where there is none."""

    def may_read(self, bucket: str, namespace: str, account: str) -> bool:
        """Return whether a Kubernetes service account may list and read a bucket."""


@dataclass(frozen=True)
class Directory:
    """A directory with models: path in it -> the Hub's id of the model whose files are there.

    :param bytes_per_second: how fast its files are read.
    """

    models: Mapping[str, str]
    bytes_per_second: float

    def below(self, path: str) -> Directory:
        """Return a directory in it."""
        path = path.strip("/")
        if not path:
            return self
        inside = {
            name.removeprefix(path).strip("/"): model
            for name, model in self.models.items()
            if f"{name}/".startswith(f"{path}/")
        }
        return Directory(inside, self.bytes_per_second)


async def no_series() -> list[Series]:
    """What there is where nothing is measured."""
    return []


@dataclass(frozen=True)
class ContainerContext:
    """What a container's program is given.

    :param pod: the pod, as the API shows it.
    :param container: the container's entry in the pod's spec.
    :param env: its environment, resolved; values of secrets are among them, so it is left out of the representation.
    :param node: the node it runs on, as the API shows it.
    :param files: what ConfigMaps and Secrets put into it, path -> text; left out of the representation as well.
    :param directories: directories with models, by the path at which they are mounted.
    :param beside: -> (pod, program) of every program on the same node now, for those that look at the node's devices.
    :param series: -> what managed Prometheus has of the cluster now.
    :param locate: (namespace, Service, port) -> "127.…:PORT" where the Service answers now; None where nothing does.
    """

    pod: dict
    container: dict
    env: dict[str, str] = field(repr=False)
    node: dict
    clock: Clock
    faults: Faults
    hub: Hub
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    directories: Mapping[str, Directory] = field(default_factory=dict)
    locate: Callable[[str, str, int], str | None] = lambda _namespace, _service, _port: None
    beside: Callable[[], list[tuple[dict, Workload]]] = field(default=list, repr=False)
    series: Callable[[], Awaitable[list[Series]]] = field(default=no_series, repr=False)


class Workload(Protocol):
    """A program in a container.

    :ivar ports: container port -> port on 127.0.0.1, while it listens there.
    :ivar log: its lines, newest last; never a secret.
    :ivar exit: resolves with the exit code if the program ends by itself.
    """

    ports: dict[int, int]
    log: list[str]
    exit: asyncio.Future[int]

    async def start(self) -> None:
        """Return once the process runs; what takes longer, such as loading weights, goes on in the background."""

    async def stop(self) -> None:
        """End the program and everything it listens on."""

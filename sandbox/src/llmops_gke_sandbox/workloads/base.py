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

    def has_chat_template(self, model: str) -> bool:
        """Return whether the model's tokenizer has a chat template."""


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

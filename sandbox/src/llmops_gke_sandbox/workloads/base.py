"""What runs in a container: the protocol between the kubelet and the programs that the sandbox knows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.faults import Faults


class Hub(Protocol):
    """The part of the Hugging Face Hub that a model server asks."""

    def access(self, model: str, token: str | None) -> str:
        """Return "ok", "unauthorized", "gated" or "not_found"."""

    def size_bytes(self, model: str) -> int:
        """Return the size of the model's weights."""

    def config(self, model: str) -> dict:
        """Return the model's config.json."""


@dataclass(frozen=True)
class ContainerContext:
    """What a container's program is given.

    :param pod: the pod, as the API shows it.
    :param container: the container's entry in the pod's spec.
    :param env: its environment, resolved; values of secrets are among them, so it is left out of the representation.
    :param node: the node it runs on, as the API shows it.
    """

    pod: dict
    container: dict
    env: dict[str, str] = field(repr=False)
    node: dict
    clock: Clock
    faults: Faults
    hub: Hub


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

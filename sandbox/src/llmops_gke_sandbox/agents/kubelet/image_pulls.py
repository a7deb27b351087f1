# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulling images onto nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from llmops_gke_sandbox import workloads
from llmops_gke_sandbox.agents.kubelet.durations import go_duration
from llmops_gke_sandbox.control.objects import labels_of
from llmops_gke_sandbox.control.plane import Plane

_STREAMING_LABEL = "cloud.google.com/gke-image-streaming"
# What a registry takes to say that it does not have an image.
_REFUSAL_SECONDS = 1.0

# Called with (type, reason, message) of each event of a pull.
Tell = Callable[[str, str, str], Awaitable[None]]


class PullError(Exception):
    """An image can't be pulled; worded as containerd words it."""


class Pulls:
    """Pulls images, and knows which node has which."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._present: set[tuple[str, str]] = set()

    async def pull(self, pod: dict, container: dict, node: dict, tell: Tell) -> None:
        """Return once the container's image is on the node, as its imagePullPolicy wants it.

        :raises PullError: if no registry has it.
        """
        image, host = container["image"], node["metadata"]["name"]
        present = (host, image) in self._present
        if present and container.get("imagePullPolicy") != "Always":
            await tell("Normal", "Pulled", f'Container image "{image}" already present on machine')
            return
        await tell("Normal", "Pulling", f'Pulling image "{image}"')
        meta = pod["metadata"]
        missing = self._plane.faults.take(
            "image_not_found",
            namespace=meta["namespace"],
            pod=meta["name"],
            container=container["name"],
            image=image,
        )
        found = None if missing is not None else workloads.find(image)
        if found is None:
            await self._plane.clock.sleep(_REFUSAL_SECONDS)
            raise PullError(
                f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
                f'failed to resolve reference "{image}": {image}: not found'
            )
        streaming = labels_of(node).get(_STREAMING_LABEL) == "true"
        seconds = _REFUSAL_SECONDS if present else found.seconds(image, streaming, self._plane.clock.durations)
        await self._plane.clock.sleep(seconds)
        self._present.add((host, image))
        took = go_duration(seconds)
        text = f'Successfully pulled image "{image}" in {took} ({took} including waiting).'
        await tell("Normal", "Pulled", f"{text} Image size: {found.size_bytes} bytes.")

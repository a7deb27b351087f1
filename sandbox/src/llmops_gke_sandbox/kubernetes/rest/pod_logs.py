"""Pods' logs: which container is meant, and what it said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from ..errors import ApiError, bad_request, not_implemented, number

LogSource = Callable[[str, str, str, bool, int | None], list[str]]
"""(namespace, pod, container, previous, tail) -> lines, oldest first; tail is None for all of them."""

_NOT_OFFERED = ("sinceSeconds", "sinceTime", "timestamps", "limitBytes")
_FOLLOW_SECONDS = 0.2


class PodLog:
    """What one container says, read once or followed.

    :param pod: returns the pod as it is now; raises ApiError once it is gone.
    :param query: container, previous, tailLines, follow.
    :raises ApiError: 400 where the container is not clear or has not started, 501 where nothing runs pods.
    """

    def __init__(self, pod: Callable[[], dict], query: Mapping[str, str], source: LogSource | None) -> None:
        found = pod()
        self._pod = pod
        self._names = (found["metadata"]["namespace"], found["metadata"]["name"])
        self._container = _container(found, query.get("container", ""))
        for name in _NOT_OFFERED:
            if query.get(name) not in (None, "", "false"):
                raise not_implemented(f"{name} of pods/log")
        if source is None:
            raise not_implemented("pods/log without anything that runs pods")
        self._source = source
        self._previous = query.get("previous") == "true"
        self._follow = query.get("follow") == "true"
        self._tail = number(query, "tailLines")
        state = _state(found, self._container)
        if "waiting" in state and not self._previous:
            reason = _waiting(state["waiting"].get("reason", "ContainerCreating"))
            name = found["metadata"]["name"]
            raise bad_request(f'container "{self._container}" in pod "{name}" is waiting to start: {reason}')

    async def lines(self) -> AsyncIterator[list[str]]:
        """Yield the lines so far, then, when following, what is added until the container ends."""
        yield self._read(self._tail)
        if not self._follow:
            return
        seen = len(self._read(None))
        while self._runs():
            await asyncio.sleep(_FOLLOW_SECONDS)
            lines = self._read(None)
            if lines[seen:]:
                yield lines[seen:]
            seen = len(lines)

    def _read(self, tail: int | None) -> list[str]:
        return self._source(*self._names, self._container, self._previous, tail)

    def _runs(self) -> bool:
        try:
            return "running" in _state(self._pod(), self._container)
        except ApiError:
            return False


def _waiting(reason: str) -> str:
    failed = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
    return failed.get(reason, reason)


def _container(pod: dict, wanted: str) -> str:
    spec, name = pod["spec"], pod["metadata"]["name"]
    main = [container["name"] for container in spec.get("containers") or ()]
    names = main + [container["name"] for container in spec.get("initContainers", ())]
    if not wanted and len(main) == 1:
        return main[0]
    if not wanted:
        choice = " ".join(names)
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{choice}]")
    if wanted not in names:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _state(pod: dict, container: str) -> dict:
    status = pod.get("status", {})
    known = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    return next((one.get("state", {}) for one in known if one["name"] == container), {"waiting": {}})

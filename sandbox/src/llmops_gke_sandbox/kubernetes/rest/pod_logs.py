# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods' logs: which container is meant, and what it said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta

from aiohttp import web

from llmops_gke_sandbox.kubernetes.errors import ApiError, bad_request, flag, invalid_options, not_implemented, number
from llmops_gke_sandbox.kubernetes.timed_log import TimedLog
from llmops_gke_sandbox.kubernetes.validation.messages import NOT_NEGATIVE, wrong

LogSource = Callable[[str, str, str, bool, int | None], list[str]]
"""(namespace, pod, container, previous, tail) -> lines, oldest first; tail is None for all, with their times."""

_FOLLOW_SECONDS = 0.2
_PULLS = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


def refuse_log_options(name: str, query: Mapping[str, str]) -> None:
    """Refuse options that make no sense for the log of any pod.

    :raises ApiError: 400 or 422.
    """
    tail = number(query, "tailLines") or 0
    if tail < 0:
        raise invalid_options("PodLogOptions", [wrong("tailLines", tail, NOT_NEGATIVE)], name)


async def send_log(request: web.Request, pod: Callable[[], dict], source: LogSource | None) -> web.StreamResponse:
    """Answer a request for a container's log; see PodLog."""
    log = PodLog(pod, request.query, source)
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    async for lines in log.lines():
        if not response.prepared:
            await response.prepare(request)
        await response.write("".join(f"{line}\n" for line in lines).encode())
    await response.write_eof()
    return response


class PodLog:
    """What one container says, read once or followed.

    :param pod: returns the pod as it is now; raises ApiError once it is gone.
    :param query: container, previous, tailLines, follow, sinceSeconds, sinceTime, timestamps.
    :raises ApiError: 400 where the container is not clear or has not started, 501 where nothing runs pods.
    """

    def __init__(self, pod: Callable[[], dict], query: Mapping[str, str], source: LogSource | None) -> None:
        found = pod()
        self._pod = pod
        self._names = (found["metadata"]["namespace"], found["metadata"]["name"])
        self._container = _container(found, query.get("container", ""))
        if query.get("limitBytes"):
            raise not_implemented("limitBytes of pods/log")
        if source is None:
            raise not_implemented("pods/log without anything that runs pods")
        self._source = source
        self._previous = flag(query, "previous")
        self._follow = flag(query, "follow")
        self._tail = number(query, "tailLines")
        self._since, self._stamped = _since(query), flag(query, "timestamps")
        _refuse_without_log(found, self._container, self._previous)

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
        asked = (*self._names, self._container, self._previous)
        if self._since is None and not self._stamped:
            return self._source(*asked, tail)
        found = self._source(*asked, None)
        if not isinstance(found, TimedLog):
            raise not_implemented("times of pods/log")
        found = found if self._since is None else found.since(self._since)
        lines = found.stamped() if self._stamped else list(found)
        return lines if tail is None else lines[max(0, len(lines) - tail) :]

    def _runs(self) -> bool:
        try:
            return "running" in _status(self._pod(), self._container).get("state", {})
        except ApiError:
            return False


def _since(query: Mapping[str, str]) -> datetime | None:
    seconds = number(query, "sinceSeconds")
    if seconds is not None:
        return datetime.now(UTC) - timedelta(seconds=seconds)
    if not query.get("sinceTime"):
        return None
    try:
        return datetime.fromisoformat(query["sinceTime"])
    except ValueError as error:
        raise bad_request(f'sinceTime: Invalid value: "{query["sinceTime"]}": {error}') from None


def _refuse_without_log(pod: dict, container: str, previous: bool) -> None:
    """Refuse, as a kubelet does, where there is no run to tell of.

    A container that waits for its restart shows the run that ended (pkg/kubelet: validateContainerLogStatus).
    """
    status, name = _status(pod, container), pod["metadata"]["name"]
    ended = "terminated" in status.get("lastState", {})
    if previous and not ended:
        raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    if not ended and "waiting" in status.get("state", {"waiting": {}}):
        waiting = status.get("state", {}).get("waiting", {})
        reason = waiting.get("reason", "ContainerCreating")
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {_PULLS.get(reason, reason)}')


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


def _status(pod: dict, container: str) -> dict:
    status = pod.get("status", {})
    known = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    return next((one for one in known if one["name"] == container), {})

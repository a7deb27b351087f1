"""Parts of objects that have a path of their own: scale, a pod's log, its ports, its eviction."""

from __future__ import annotations

import functools
from collections.abc import Callable

from aiohttp import web

from ..errors import not_implemented
from ..eviction import evict
from ..scale import read_scale, write_scale
from ..verbs import Verbs
from .paths import Target
from .pod_logs import LogSource, refuse_log_options, send_log
from .port_forward import PortSource, forward
from .requests import body_of, patch_form, write_options, written


class Parts:
    """Answers requests on subresources other than status and finalize.

    :param log_source: returns what reads pods' logs, None while nothing does.
    :param port_source: returns what knows where pods' ports are, None while nothing does.
    """

    def __init__(
        self,
        verbs: Verbs,
        log_source: Callable[[], LogSource | None],
        port_source: Callable[[], PortSource | None],
    ) -> None:
        self._verbs, self._log_source, self._port_source = verbs, log_source, port_source

    async def answer(self, request: web.Request, target: Target, verb: str) -> web.StreamResponse:
        """Answer one request.

        :raises ApiError: 501 for parts that the sandbox has not got.
        """
        if target.subresource == "scale":
            return await self._scale(request, target, verb)
        if target.kind.kind == "Pod" and target.subresource == "log":
            refuse_log_options(target.name, request.query)
            pod = functools.partial(self._verbs.get, target.kind, target.namespace, target.name)
            return await send_log(request, pod, self._log_source())
        if target.kind.kind == "Pod" and target.subresource == "portforward":
            pod = self._verbs.get(target.kind, target.namespace, target.name)
            return await forward(request, pod, self._port_source())
        if target.kind.kind == "Pod" and target.subresource == "eviction":
            done = evict(self._verbs, target.kind, target.namespace, target.name, await body_of(request))
            return web.json_response(done, status=201)
        raise not_implemented(f"{target.kind.plural}/{target.subresource}")

    async def _scale(self, request: web.Request, target: Target, verb: str) -> web.Response:
        where = (self._verbs, target.kind, target.namespace, target.name)
        if verb == "get":
            return web.json_response(read_scale(*where))
        options = write_options(request)
        form = patch_form(request, target) if verb == "patch" else None
        return written(write_scale(*where, await body_of(request), form, options), options)

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of objects that have a path of their own: scale, a pod's log, its ports, its eviction."""

from __future__ import annotations

import functools
from collections.abc import Callable

from aiohttp import web

from llmops_gke_sandbox.kubernetes.errors import not_implemented
from llmops_gke_sandbox.kubernetes.lifecycle.eviction import evict
from llmops_gke_sandbox.kubernetes.lifecycle.scale import read_scale, write_scale
from llmops_gke_sandbox.kubernetes.rest.paths import Target
from llmops_gke_sandbox.kubernetes.rest.pod_logs import LogSource, refuse_log_options, send_log
from llmops_gke_sandbox.kubernetes.rest.port_forward import PortSource, forward
from llmops_gke_sandbox.kubernetes.rest.requests import body_of, patch_form, write_options, written
from llmops_gke_sandbox.kubernetes.verbs import Verbs


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

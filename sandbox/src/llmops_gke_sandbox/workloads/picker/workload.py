# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picker's program. The load balancer asks it by HTTP with JSON, in place of Envoy's ext_proc over gRPC.

It reads the metrics of the pods over HTTP when it is asked; the real one reads them all the time.
"""

from __future__ import annotations

import asyncio
import json
import re

import aiohttp
from aiohttp import web

from llmops_gke_sandbox.workloads.base import GRPC_HEALTH
from llmops_gke_sandbox.workloads.listener import ListenerWorkload
from llmops_gke_sandbox.workloads.picker import scores
from llmops_gke_sandbox.workloads.picker.configuration import CACHE, PREFIX, read

PICK = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"
_PATIENCE = aiohttp.ClientTimeout(total=2)
_FLAGS = re.compile(
    r"--(pool-(name|namespace|group)|config-(text|file)|grpc(-health)?-port|metrics-port|metrics-endpoint-auth"
    r"|enable-pprof|tracing|zap-encoder|secure-serving|v)=.*",
    re.DOTALL,
)
_OPENAI = ("/v1/completions", "/v1/chat/completions")


class PickerWorkload(ListenerWorkload):
    """See Workload."""

    default_port = 9002

    def routes(self) -> list[web.RouteDef]:
        """See ListenerWorkload."""
        unknown = [word for word in self.context.container.get("args") or [] if not _FLAGS.fullmatch(word)]
        if unknown:
            raise ValueError(f"unknown flag, or one that the sandbox does not play: {unknown[0].partition('=')[0]}")
        if not self.flag("pool-name"):
            raise ValueError("either pool-name or endpoint-selector must be set")
        self._configuration = read(self.flag("config-text"))
        self._prefixes = scores.Prefixes()
        return [web.get(GRPC_HEALTH, self._well), web.post(PICK, self._pick)]

    async def start(self) -> None:
        """See ListenerWorkload; it listens on all ports of its container."""
        await super().start()
        for local in list(self.ports.values()):
            self.ports = {one["containerPort"]: local for one in self.context.container.get("ports") or []}

    async def _well(self, request: web.Request) -> web.Response:
        known = request.query["service"] in ("", "inference-extension")
        return web.json_response({"status": "SERVING" if known else "SERVICE_UNKNOWN"})

    async def _pick(self, request: web.Request) -> web.Response:
        """Answer with the endpoint that takes a request: {path, body, endpoints: address -> local port}."""
        asked = await request.json()
        prompt = self._prompt(asked["path"], asked["body"])
        if prompt is None:
            return web.json_response(
                {"status": 400, "text": f"no parser registered matching path suffix for: {asked['path']}"}
            )
        endpoints = asked["endpoints"]
        pages = dict(zip(endpoints, await asyncio.gather(*map(self._metrics, endpoints.values())), strict=True))
        total = dict.fromkeys(endpoints, 0.0)
        for scorer, weight in self._configuration.scorers.items():
            for address, score in self._scores(scorer, pages, prompt).items():
                total[address] += weight * score
        chosen = max(total, key=total.__getitem__)
        self._prefixes.given(prompt, chosen)
        self.log.append(json.dumps({"msg": "Request handled", "endpoint": chosen, "scores": total}))
        return web.json_response({"endpoint": chosen})

    def _prompt(self, path: str, body: str) -> str | None:
        """Return what the first parser that takes a path reads of a request, "" for one that passes it on unread."""
        if any(path.endswith(one) for one in _OPENAI) and "openai-parser" in self._configuration.parsers:
            try:
                read_body = json.loads(body)
                return str(read_body.get("prompt") or json.dumps(read_body.get("messages") or ""))
            except (ValueError, AttributeError):
                return ""
        return "" if "passthrough-parser" in self._configuration.parsers else None

    def _scores(self, scorer: str, pages: dict[str, str], prompt: str) -> dict[str, float]:
        if scorer == PREFIX:
            return self._prefixes.scores(prompt, list(pages))
        name = self._configuration.metrics[scorer]
        values = {address: scores.metric(page, name) for address, page in pages.items()}
        return scores.of_usage(values) if scorer == CACHE else scores.of_counts(values)

    async def _metrics(self, port: int) -> str:
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE, trust_env=False) as session,
                session.get(f"http://127.0.0.1:{port}/metrics") as answer,
            ):
                return await answer.text() if answer.status == 200 else ""
        except (aiohttp.ClientError, TimeoutError):
            return ""

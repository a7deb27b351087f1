# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--middleware``: ASGI classes of files that a ConfigMap puts on PYTHONPATH, run as vLLM's web framework would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from llmops_gke_sandbox.workloads.llm.workload import LaunchError
from llmops_gke_sandbox.workloads.vllm.wire import Handler


def load(name: str, files: Mapping[str, str], path: str) -> Any:
    """Return the class that an import path names.

    :param files: path -> text of the container's files. path: its PYTHONPATH.
    :raises LaunchError: where there is none.
    """
    module, _dot, attribute = name.rpartition(".")
    for folder in path.split(":"):
        text = files.get(f"{folder}/{module}.py")
        if text is not None:
            known: dict[str, Any] = {}
            exec(compile(text, f"{module}.py", "exec"), known)
            if isinstance(known.get(attribute), type):
                return known[attribute]
            raise LaunchError(f"AttributeError: module '{module}' has no attribute '{attribute}'", exit_code=1)
    raise LaunchError(f"ModuleNotFoundError: No module named '{module}'", exit_code=1)


def played(middleware: Any) -> Handler:
    """Return a middleware that asks an ASGI class whether a request goes on; if not, what it sends is the answer."""

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        passed, sent = [], []

        async def application(_scope: Any, _receive: Any, _send: Any) -> None:
            passed.append(True)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
        scope = {"type": "http", "method": request.method, "path": request.path, "root_path": "", "headers": headers}
        await middleware(application)(scope, receive, send)
        if passed:
            return await handler(request)
        given = {name.decode(): value.decode() for name, value in sent[0].get("headers", [])}
        body = b"".join(one.get("body", b"") for one in sent[1:])
        return web.Response(status=sent[0]["status"], headers=given, body=body)

    return around

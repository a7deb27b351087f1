# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was sent to the GKE API, where a test asks to see it; never what Kubernetes is sent, where secrets are."""

from __future__ import annotations

import json

from aiohttp import web


class BodyLog:
    """Keeps the body of each request of one service that writes.

    :param wanted: whether to keep any.
    """

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.entries: list[dict] = []

    @web.middleware
    async def middleware(self, request: web.Request, handler) -> web.StreamResponse:
        """Keep a request's method, path and body, then answer it."""
        if self.wanted and request.method not in ("GET", "HEAD"):
            content = await request.text()
            try:
                body = json.loads(content) if content else None
            except ValueError:
                body = content
            self.entries.append({"method": request.method, "path": request.path, "body": body})
        return await handler(request)

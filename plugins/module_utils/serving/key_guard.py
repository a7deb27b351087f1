# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server asks for its API key wherever it would generate: every such route is tried without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.deadline import Deadline
from ..core.errors import HttpError, LlmopsError
from ..http.answers import ANYTHING
from ..http.session import HttpSession
from .engine import Engine

_SHUT = frozenset({401, 403, 404, 405})
"""The key is asked for, or there is no such route here."""

_PATIENCE = 30.0
"""Seconds for one route; an answer of one token, if it comes, is there sooner."""


class KeyNotAsked(LlmopsError):
    """The server generates for somebody without the key."""

    kind = "key_not_asked"


def require_key(engine: Engine, options: Mapping[str, Any]) -> int:
    """Try each route of an engine that generates without the key. options: ``url``, ``api_key``, ``timeout``.

    Returns the number of requests sent. Raises KeyNotAsked, with the routes that answered and how, where one did
    anything but refuse: a server that looks at a request before it asks for the key serves it as well.
    """
    deadline = Deadline(options["timeout"])
    client = engine.connect(options["url"], options["api_key"], deadline)
    session = HttpSession(client.url, engine.title, deadline)
    answered: dict[str, int] = {}
    try:
        for route, body in engine.generating_routes(client.identity().model).items():
            status = _status(session, route, body)
            if status not in _SHUT:
                answered[route] = status
    finally:
        session.close()
        client.close()
    if answered:
        told = ", ".join(f"{route} ({status})" for route, status in answered.items())
        raise KeyNotAsked(
            f"{client.url} answers without the API key at {told}; shut these routes, or take the key for no protection",
            routes=answered,
        )
    return session.sent + client.sent


def _status(session: HttpSession, route: str, body: Mapping[str, Any]) -> int:
    try:
        session.request(
            "POST",
            route,
            doing=f"try {route} without the API key",
            json_body=dict(body),
            want=ANYTHING,
            patience=_PATIENCE,
        )
    except HttpError as error:
        if error.status == 0:
            raise
        return error.status
    return 200

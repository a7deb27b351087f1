# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors in the form in which Google's APIs answer them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    # Cloud Storage's, which has no canonical code for it.
    "CONDITION_NOT_MET": 412,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
}

# google.rpc.Code, as it stands in an operation's error.
RPC_CODES = {
    "UNKNOWN": 2,
    "INVALID_ARGUMENT": 3,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
}


class GoogleError(Exception):
    """An API's refusal.

    :param status: canonical code, e.g. NOT_FOUND; it sets the HTTP status.
    :param message: the API's words.
    :param details: typed details, each with "@type".
    :param reason: the older form's reason, e.g. notFound, which Compute answers too.
    """

    def __init__(self, status: str, message: str, details: list[dict] | None = None, reason: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details or []
        self.reason = reason

    def response(self) -> web.Response:
        """Return the HTTP answer."""
        code = _CODES[self.status]
        error: dict = {"code": code, "message": self.message, "status": self.status}
        if self.reason:
            error["errors"] = [{"message": self.message, "domain": "global", "reason": self.reason}]
        if self.details:
            error["details"] = self.details
        headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if code == 401 else {}
        return web.json_response({"error": error}, status=code, headers=headers)


def error_info(reason: str, domain: str, **metadata: str) -> dict:
    """Return a google.rpc.ErrorInfo."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain}
    return info | ({"metadata": metadata} if metadata else {})


def explained(message: str, description: str, url: str) -> list[dict]:
    """Return the details with which Google's front end repeats a refusal for people."""
    link = {"description": description, "url": url}
    return [
        {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message},
        {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]},
    ]


def request_info() -> dict:
    """Return the google.rpc.RequestInfo that GKE adds to its errors."""
    return {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": f"0x{secrets.token_hex(8)}"}


def bad_request(violations: list[tuple[str, str]]) -> GoogleError:
    """Return the error for fields that can't be read: (field, description) pairs, "" for the body's top."""
    shown = [({"field": field} if field else {}) | {"description": text} for field, text in violations]
    details = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": shown}
    return GoogleError("INVALID_ARGUMENT", "\n".join(text for _, text in violations), [details])


def unimplemented(what: str) -> GoogleError:
    """Return the answer to what the sandbox does not play."""
    return GoogleError("UNIMPLEMENTED", f"the sandbox does not implement {what}")


@web.middleware
async def google_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer a GoogleError in its form, and a path that nothing plays with 501 and its name."""
    try:
        return await handler(request)
    except GoogleError as error:
        return error.response()
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return unimplemented(f"{request.method} {request.path}").response()

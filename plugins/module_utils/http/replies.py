# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came back: a reply, or what a refusal's body says."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from ..core.harmless import one_line


@dataclass(frozen=True)
class Refusal:
    """What an API's error body says: its own word for the reason, the message, and the structured rest."""

    reason: str = ""
    message: str = ""
    details: Any = None

    @property
    def advice(self) -> str:
        """The command that switches a Google API on, where it is refused because it is off; else nothing."""
        told = error_info(self.details)
        if told.get("reason") != "SERVICE_DISABLED":
            return ""
        about = told["metadata"]
        project = str(about.get("consumer", "")).rpartition("/")[2]
        return f"gcloud services enable {about.get('service')}" + (f" --project {project}" if project else "")


def error_info(details: Any) -> dict[str, Any]:
    """The google.rpc.ErrorInfo among a Google API's error details: reason, domain, metadata; empty where none is."""
    for one in details if isinstance(details, list) else []:
        if isinstance(one, dict) and str(one.get("@type", "")).endswith("/google.rpc.ErrorInfo"):
            about = one.get("metadata")
            return {**one, "metadata": about if isinstance(about, dict) else {}}
    return {}


def read_refusal(_status: int, body: Any) -> Refusal:
    """The refusal in a body of Google's, Kubernetes' or a model server's form, or of the web framework that those are
    made with; of any other, its text shortened."""
    if isinstance(body, dict):
        inner = body.get("error")
        if isinstance(inner, dict):
            # Google's own word is the status, OpenAI's the type.
            reason = inner.get("status") or inner.get("type") or ""
            details = inner.get("details")
            return Refusal(str(reason), str(inner.get("message", "")), details if isinstance(details, list) else None)
        if isinstance(inner, str):
            return Refusal(str(body.get("error_type", "")), inner, None)
        if "detail" in body and len(body) == 1:
            # FastAPI's own.
            return Refusal("", one_line(str(body["detail"]), 300), None)
        if body.get("kind") == "Status":
            details = body.get("details")
            told = details if isinstance(details, dict) else None
            return Refusal(str(body.get("reason", "")), str(body.get("message", "")), told)
    return Refusal("", one_line(str(body or "").strip(), 300), None)


@dataclass(frozen=True)
class Reply:
    """An answer: the status, the headers in lower case, and the body (parsed where JSON was wanted, else text).

    seconds: from sending this request to having its whole body; earlier tries and their pauses are not in it.
    """

    status: int
    headers: dict[str, str]
    body: Any
    seconds: float = 0.0


def retry_after(value: str | None) -> float:
    """Seconds from now that a Retry-After header asks for, as a number or as a date (RFC 9110, 10.2.3); else 0."""
    if not value:
        return 0.0
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, until - time.time())

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode can say of a model server: whether it is there, and which model it serves."""

from __future__ import annotations

from typing import Any

from ..core.deadline import Deadline
from ..core.errors import HttpError
from ..core.result import Result
from .engine import Engine

CHECK_SECONDS = 5.0
"""Check mode looks whether the server is there; it does not wait for one."""


def look(engine: Engine, url: str, api_key: str | None, timeout: float) -> Result:
    """Ask for its health and its identity; a server that can't be reached is no failure. timeout: seconds."""
    client = engine.connect(url, api_key, Deadline(min(timeout, CHECK_SECONDS)))
    values: dict[str, Any] = {"reachable": True, "url": client.url}
    try:
        client.health()
        values["model"] = client.identity().model
    except HttpError as error:
        values.update(reachable=False, unreachable_reason=error.message)
    finally:
        client.close()
    return Result(values=values, http_requests=client.sent)

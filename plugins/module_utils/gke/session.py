# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all parts of one task on GKE share: its client, its deadline, whether it only checks, whom it tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..core.deadline import Deadline
from ..core.errors import LlmopsError
from ..core.result import Progress
from .client import GkeClient


@dataclass
class Session:
    """other_requests: HTTP requests that the task sent to other services than GKE."""

    client: GkeClient
    check: bool
    progress: Progress
    other_requests: int = 0

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        return self.client.http.sent + self.other_requests


@contextmanager
def open_session(options: dict[str, Any], check: bool, progress: Progress) -> Iterator[Session]:
    """A session under the deadline that ``timeout`` (s) sets; an error that leaves it counts its requests."""
    session = Session(GkeClient(options, Deadline(options["timeout"])), check, progress)
    try:
        yield session
    except LlmopsError as error:
        error.http_requests = session.requests
        raise
    finally:
        session.client.http.close()

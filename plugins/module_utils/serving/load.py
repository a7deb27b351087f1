# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load on a server for as long as somebody looks at what it brings about; nothing of it is measured."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from ..core.deadline import Deadline
from ..core.errors import HttpError, LlmopsError
from .engine import Engine, GenerationRequest

_REQUEST_SECONDS = 120.0
_PAUSE_AFTER_FAILURE = 0.5
_PATIENCE = 10.0
"""Seconds for the requests that are under way at the end; what is left of them ends with the process."""

REFUSED = frozenset({400, 401, 403, 404, 422})
"""Answers that asking again does not change."""


class Load:
    """So many clients, each of which asks again as soon as it is answered, while the ``with`` block lasts.

    Each request has a connection of its own, so that a new pod behind the load balancer gets its share.
    answered: requests that were answered so far. trouble: the last failure, or None.
    """

    def __init__(self, engine: Engine, url: str, api_key: str | None, clients: int, request: GenerationRequest) -> None:
        self.answered = 0
        self.trouble: LlmopsError | None = None
        self._engine, self._url, self._api_key, self._request = engine, url, api_key, request
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _number in range(clients)]

    @property
    def refused(self) -> LlmopsError | None:
        """What the server has against such requests, where it has not answered any."""
        hopeless = isinstance(self.trouble, HttpError) and self.trouble.status in REFUSED
        return self.trouble if hopeless and not self.answered else None

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        end = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _ask(self) -> None:
        while not self._over.is_set():
            client = self._engine.connect(self._url, self._api_key, Deadline(_REQUEST_SECONDS))
            try:
                client.generate(self._request)
                with self._lock:
                    self.answered += 1
            except LlmopsError as error:
                self.trouble = error
                self._over.wait(_PAUSE_AFTER_FAILURE)
            finally:
                client.close()

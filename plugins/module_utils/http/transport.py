# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport of requests, with a deadline in each read of a socket.

A timeout of requests counts from one read to the next: a server that sends a byte now and then never meets it.
"""

from __future__ import annotations

import http.client
import io
import ssl
from typing import Any

from ..core.deadline import Deadline


class TimedReads(io.RawIOBase):
    """What a socket brings. A read waits as long as the socket was to wait, and not past the deadline."""

    def __init__(self, reads: io.RawIOBase, sock: Any, deadline: Deadline) -> None:
        super().__init__()
        self._reads, self._sock, self._deadline = reads, sock, deadline
        self._patience = sock.gettimeout()

    def readable(self) -> bool:
        """It is for nothing else."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See io.RawIOBase. Raises TimeoutError."""
        left = self._deadline.remaining()
        if left <= 0:
            raise TimeoutError("no time is left to read the answer")
        self._sock.settimeout(left if self._patience is None else min(self._patience, left))
        return self._reads.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        if not self.closed:
            self._reads.close()
        super().close()


def new_adapter(deadline: Deadline, server_name: str | None) -> Any:
    """An adapter for a requests.Session. server_name: see new_session."""
    # Only those who have requests come here.
    import requests
    import urllib3

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
            super().__init__(sock, *arguments, **options)
            self.fp = io.BufferedReader(TimedReads(self.fp.detach(), sock, deadline))

    class Connection(urllib3.connection.HTTPConnection):
        response_class = Response

    class SecureConnection(urllib3.connection.HTTPSConnection):
        response_class = Response

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    pools = {"http": Pool, "https": SecurePool}
    name = {"server_hostname": server_name} if server_name else {}

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **name, **options)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            if proxy.lower().startswith("https:"):
                # The CA that vouches for the server behind it does not vouch for the proxy.
                options["proxy_ssl_context"] = ssl.create_default_context()
            manager = super().proxy_manager_for(proxy, **name, **options)
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter()

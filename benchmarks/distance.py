# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox as if it were elsewhere: a proxy that holds back each byte for half a round trip, and each connection for
a whole one."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from pathlib import Path
from typing import Any

from tests.playbooks.playground import Sandbox


class DistantServers:
    """The sandbox's servers, each behind a port of its own; runs until the process ends.

    round_trip: seconds, which may be changed between two runs.
    """

    def __init__(self) -> None:
        self.round_trip = 0.0
        self._ports: dict[int, int] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="distant servers").start()

    def moved(self, text: str) -> str:
        """A text whose addresses on this machine lead through here."""
        return re.sub(r"127\.0\.0\.1:(\d{5})\b", lambda found: f"127.0.0.1:{self._port(int(found[1]))}", text)

    def _port(self, server: int) -> int:
        if server not in self._ports:
            self._ports[server] = asyncio.run_coroutine_threadsafe(self._listen(server), self._loop).result()
        return self._ports[server]

    async def _listen(self, server: int) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(self.round_trip)
            there, back = await asyncio.open_connection("127.0.0.1", server)
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer, answers=True))

        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        return listener.sockets[0].getsockname()[1]

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        try:
            while piece := await source.read(65536):
                await asyncio.sleep(self.round_trip / 2)
                # GKE tells where a cluster's API server is; a port here has as many digits.
                target.write(self._known(piece) if answers else piece)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    def _known(self, piece: bytes) -> bytes:
        for server, port in self._ports.items():
            piece = piece.replace(b"127.0.0.1:%d" % server, b"127.0.0.1:%d" % port)
        return piece

    def variables(self, sandbox: Sandbox) -> dict[str, Any]:
        """The variables by which a deploy speaks to the sandbox through here.

        After a deploy: only its requests tell the ports of the clusters' API servers.
        """
        for line in sandbox.requests():
            self.moved(line["connection"].rpartition(" ")[2])
        endpoints = json.loads(self.moved(json.dumps(sandbox.endpoints)))
        moved = sandbox.directory.parent / "distant-service-account.json"
        moved.write_text(self.moved(Path(endpoints["service_account_file"]).read_text(encoding="utf-8")))
        moved.chmod(0o600)
        return {"llmops_sandbox": endpoints | {"service_account_file": str(moved)}}

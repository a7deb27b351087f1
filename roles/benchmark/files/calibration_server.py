# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server of known timing, to hold a load generator against; it runs beside it, on loopback.

Speaks what the load generator asks of a real one: POST /v1/completions with a stream. Nothing but Python is needed.
Prints its URL, serves until standard input ends, then prints as JSON what it did by its own clock: medians over all
answers, in seconds.

    python calibration_server.py --ttft 0.1 --inter-token 0.02
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from statistics import median

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class Server:
    """Answers with tokens at set moments: ``ttft`` seconds after a request, then every ``inter_token`` seconds."""

    def __init__(self, ttft: float, inter_token: float) -> None:
        self._ttft, self._inter_token = ttft, inter_token
        self._first: list[float] = []
        self._later: list[float] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                received = asyncio.get_running_loop().time()
                lines = head.decode("latin-1").lower().split("\r\n")
                sizes = (int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
                wanted = json.loads(await reader.readexactly(next(sizes, 0)) or b"{}")
                await self._answer(writer, int(wanted.get("max_tokens") or 16), received)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, tokens: int, received: float) -> None:
        loop = asyncio.get_running_loop()
        writer.write(HEAD)
        first = last = received
        for number in range(tokens):
            # Moments are absolute: a late token does not make the next one later.
            due = received + self._ttft + number * self._inter_token
            await asyncio.sleep(max(0.0, due - loop.time()))
            last = loop.time()
            first = last if number == 0 else first
            await _send(writer, {"choices": [{"index": 0, "text": "the"}]})
        usage = {"prompt_tokens": 1, "completion_tokens": tokens, "total_tokens": tokens + 1}
        await _send(writer, {"choices": [{"index": 0, "text": "", "finish_reason": "length"}], "usage": usage})
        end = b"data: [DONE]\n\n"
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(end), end))
        await writer.drain()
        self._first.append(first - received)
        if tokens > 1:
            self._later.append((last - first) / (tokens - 1))

    def truth(self) -> dict[str, float | int | None]:
        """What was served, by this process's clock."""
        return {
            "requests": len(self._first),
            "ttft_seconds": median(self._first) if self._first else None,
            "tpot_seconds": median(self._later) if self._later else None,
        }


async def _send(writer: asyncio.StreamWriter, event: dict) -> None:
    body = f"data: {json.dumps(event)}\n\n".encode()
    writer.write(b"%x\r\n%s\r\n" % (len(body), body))
    await writer.drain()


async def serve(ttft: float, inter_token: float) -> None:
    """Serve on a free port of loopback until standard input ends."""
    server = Server(ttft, inter_token)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps(server.truth()), flush=True)
    listener.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ttft", type=float, required=True, help="seconds to the first token")
    parser.add_argument("--inter-token", type=float, required=True, help="seconds from token to token")
    given = parser.parse_args()
    asyncio.run(serve(given.ttft, given.inter_token))

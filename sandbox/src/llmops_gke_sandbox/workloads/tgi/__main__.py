# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m llmops_gke_sandbox.workloads.tgi``: a server of known timing, alone in its process.

Prints its URL, serves until standard input ends, then prints what it served as JSON: the truth of its own clock
(seconds of time to first token, of each further token, of the whole) to hold a client's measurement against.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.tgi.inference import Served
from llmops_gke_sandbox.workloads.tgi.server import TgiServer


def truth(served: Served) -> dict[str, float | int]:
    """Return one request's figures, by the definitions that llm_latency uses."""
    return {
        "tokens": served.tokens,
        "ttft_seconds": served.first - served.received,
        "decode_seconds": served.end - served.first,
        "e2e_seconds": served.total,
    }


async def serve(timing: Timing) -> None:
    """Serve until standard input ends."""
    server = await TgiServer(timing).start()
    print(server.url, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps([truth(served) for served in server.inference.served]))
    await server.stop()


def main() -> None:
    """Read the timing from the command line."""
    parser = argparse.ArgumentParser(prog="python -m llmops_gke_sandbox.workloads.tgi", description=__doc__)
    parser.add_argument("--ttft", type=float, default=0.0, help="seconds to the first token")
    parser.add_argument("--itl", type=float, default=0.0, help="seconds from token to token")
    parser.add_argument("--cold", type=float, default=0.0, help="seconds that the first request waits longer")
    parser.add_argument("--tokens-per-event", type=int, default=1)
    parser.add_argument("--empty-every", type=int, default=0, help="of so many tokens one comes without text")
    parser.add_argument("--no-space-after-data", action="store_true", help="write data:{ instead of data: {")
    given = parser.parse_args()
    asyncio.run(
        serve(
            Timing(
                ttft=given.ttft,
                itl=given.itl,
                cold=given.cold,
                tokens_per_event=given.tokens_per_event,
                space_after_data=not given.no_space_after_data,
                empty_every=given.empty_every,
            )
        )
    )


if __name__ == "__main__":
    main()

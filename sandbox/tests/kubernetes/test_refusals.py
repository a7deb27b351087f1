# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real Kubernetes 1.36.2 refused, and in which words: the sandbox refuses it too, in the same words.

The tables are sandbox/tests/golden/kubernetes-1.36-refusals/requests, the real server's answers beside them.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from .refusals import FOLDER, SETUP, counted, requests, tables

DIFFERENT: dict[str, dict[str, str]] = {
    "writes": {"not YAML": "what is wrong with a text that is no YAML, each reader of YAML says in its own words"},
}
"""What differs, and why: table, request, reason. A request that is listed and does not differ fails the test too."""


@pytest.mark.parametrize("table", tables())
async def test_refused_as_the_real_server_does(client, table):
    for path, body in SETUP:
        await client("POST", path, body)
    recorded = json.loads((FOLDER / "answers" / f"{table}.json").read_text(encoding="utf-8"))
    found = {}
    for request in requests(table):
        async with asyncio.timeout(5):
            answer = await client(request.method, request.path, request.body, content_type=request.content_type)
        found[request.name] = counted(request, *answer)
    listed = DIFFERENT.get(table, {})
    assert {name: found[name] for name in found if name not in listed} == {
        name: recorded[name] for name in recorded if name not in listed
    }
    assert [name for name in listed if found[name] == recorded[name]] == []

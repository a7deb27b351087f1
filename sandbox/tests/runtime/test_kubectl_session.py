# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does with kubectl in one sitting, on one living cluster: every command sees what the last one did."""

from __future__ import annotations

import os
import re
from pathlib import Path

import aiohttp
import pytest

from .conftest import EXPORTER, GPU, TOLERANT, Kubectl, deployment
from .test_port_forward import end, port_of

pytestmark = pytest.mark.skipif(Kubectl.program is None, reason="kubectl is not installed")


def _model() -> dict:
    container = {**GPU["container"], "ports": [{"containerPort": 9400}]}
    # There is one GPU, so the old pod has to go first; and life is a thousand times as fast as kubectl.
    patient = {"strategy": {"type": "Recreate"}, "progressDeadlineSeconds": 100000}
    return deployment("model", 1, EXPORTER, container=container, **patient, **TOLERANT)


def _editor(directory: Path, before: str, after: str) -> str:
    """Write an editor that replaces words of the file that it is given, and return what EDITOR has to be."""
    script = directory / "editor.sh"
    script.write_text(f'#!/bin/sh\nsed -i "s/{before}/{after}/" "$1"\n')
    os.chmod(script, 0o700)
    return str(script)


async def test_a_session_from_apply_to_delete(served, tmp_path):
    world, kubectl = served

    # Applied by the client, then by the server, which takes the client's fields over.
    assert "deployment.apps/model created" in await kubectl("apply", "-f", "-", given=_model())
    assert "deployment.apps/model unchanged" in await kubectl("apply", "-f", "-", given=_model())
    assert "serverside-applied" in await kubectl("apply", "--server-side", "-f", "-", given=_model())
    assert "condition met" in await kubectl("wait", "deployment/model", "--for=condition=Available", "--timeout=10s")

    kubectl.environment["EDITOR"] = _editor(tmp_path, "no such line", "")
    assert "no changes made" in await kubectl("edit", "deployment/model")
    kubectl.environment["EDITOR"] = _editor(tmp_path, "revisionHistoryLimit: 10", "revisionHistoryLimit: 4")
    assert "deployment.apps/model edited" in await kubectl("edit", "deployment/model")
    assert world.deployment("model")["spec"]["revisionHistoryLimit"] == 4
    kubectl.environment["EDITOR"] = _editor(tmp_path, "revisionHistoryLimit: 4", "revisionHistoryLimit: -1")
    kubectl.environment["TMPDIR"] = str(tmp_path)
    assert 'deployments.apps "model" is invalid' in await kubectl("edit", "deployment/model", fails=True)
    shown = "".join(file.read_text() for file in tmp_path.glob("kubectl-edit-*.yaml"))
    assert "# * spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0" in shown

    patch = '{"spec": {"template": {"metadata": {"labels": {"team": "search"}}}}}'
    assert "patched" in await kubectl("patch", "deployment", "model", "--patch", patch)
    assert "successfully rolled out" in await kubectl("rollout", "status", "deployment/model")
    assert [pod["metadata"]["labels"].get("team") for pod in world.pods("model")] == ["search"]
    assert "labeled" in await kubectl("label", "deployment/model", "LLM_deployment=true")
    assert "deployment.apps/model" in await kubectl("get", "all", "-l", "LLM_deployment=true", "-o", "name")

    await kubectl("rollout", "undo", "deployment/model")
    assert "successfully rolled out" in await kubectl("rollout", "status", "deployment/model")
    assert [pod["metadata"]["labels"].get("team") for pod in world.pods("model")] == [None]
    history = await kubectl("rollout", "history", "deployment/model")
    assert re.findall(r"^\d+", history, re.M) == ["2", "3"]

    assert "Starting webserver" in await kubectl("logs", "deployment/model", "--tail=20")
    forwarding = await kubectl.start("port-forward", "deployment/model", ":9400")
    try:
        port = await port_of(forwarding)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/health") as answer:
            assert answer.status == 200
    finally:
        await end(forwarding)

    described = await kubectl("describe", "deployment/model")
    assert "LLM_deployment=true" in described
    assert "ScalingReplicaSet" in described
    assert "scaled" in await kubectl("scale", "deployment/model", "--replicas=0")
    await kubectl("wait", "pods", "-l", "app=model", "--for=delete", "--timeout=10s")
    assert world.pods("model") == []
    assert "0/0" in await kubectl("get", "deployment/model")
    await kubectl("delete", "deployment", "model", "--wait=true")
    assert "NotFound" in await kubectl("get", "deployment/model", fails=True)

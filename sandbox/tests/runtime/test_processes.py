# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container whose program really runs: its files, its Services, its end, and what it says where it cannot run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .conftest import EXPORTER, deployment, service
from .test_jobs import outcome, run

IMAGE = "quay.io/inference-perf/inference-perf:v0.7.0"
LIBRARIES = str(Path(__file__).with_name("libraries"))
SCRIPT = """
import os, sys, urllib.request
print("token", os.environ["HF_TOKEN"] == "hf_1", "home", os.environ["HOME"] != os.environ.get("OUTER"))
url = open(sys.argv[1] + "/url").read()
print(url)
print(urllib.request.urlopen(url).read().decode().splitlines()[0])
sys.exit(int(sys.argv[2]))
"""


def job(code: str, **env: str) -> dict:
    env = {"SANDBOX_PYTHON": sys.executable, "PYTHONPATH": LIBRARIES, "HF_TOKEN": "hf_1"} | env
    container = {
        "name": "main",
        "image": IMAGE,
        "command": ["python3", "/etc/load/script.py", "/etc/load", code],
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/load"}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "load", "namespace": "default"},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [container],
                    "volumes": [{"name": "config", "configMap": {"name": "load"}}],
                }
            },
        },
    }


async def configure(world, url: str = "") -> None:
    metadata = {"name": "load", "namespace": "default"}
    data = {"script.py": SCRIPT, "url": url}
    await world.api.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def said(world) -> list[str]:
    (pod,) = world.api.list_now("pods", "default", "job-name=load")
    return world.runtime.pod_logs("default", pod["metadata"]["name"], "main", False, None)


def runs(world) -> bool:
    pods = world.api.list_now("pods", "default", "job-name=load")
    return bool(pods) and pods[0]["status"]["phase"] == "Running"


async def test_a_program_reads_its_files_and_reaches_a_service_by_its_name(gpu_world):
    world = gpu_world
    await world.api.create("deployments.apps", deployment("metrics", image=EXPORTER, nodeName="gpu-1"))
    await world.api.create("services", service("metrics", kind="ClusterIP"))
    await world.available("metrics")
    await configure(world, "http://metrics.default.svc.cluster.local:8123/metrics")
    assert outcome(await run(world, job("0"))) == ("Complete", "CompletionsReached")
    first, url, line = said(world)
    assert first == "token True home True"
    assert url.startswith("http://127.0.0.1:") and url.endswith("/metrics")
    assert line.startswith("# HELP DCGM_")


async def test_a_service_that_is_not_there_keeps_its_name_and_the_exit_code_is_the_program_s(world):
    await configure(world, "http://absent.default.svc.cluster.local:8123/metrics")
    done = await run(world, job("0"))
    assert outcome(done) == ("Failed", "BackoffLimitExceeded")
    assert said(world)[1] == "http://absent.default.svc.cluster.local:8123/metrics"


async def test_without_the_library_the_container_says_so(world):
    await configure(world)
    assert outcome(await run(world, job("0", PYTHONPATH=""))) == ("Failed", "BackoffLimitExceeded")
    (line,) = said(world)
    assert "has no inference_perf" in line and "SANDBOX_PYTHON" in line


async def test_a_program_ends_with_its_pod(world):
    await configure(world)
    slow = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    await world.api.patch("configmaps", "load", {"data": {"script.py": slow}}, "default")
    await world.api.create("jobs.batch", job("0"))
    await world.until(lambda: runs(world), "the pod runs")
    (pid,) = await world.until(lambda: said(world), "a line of the log")
    await world.api.delete("jobs.batch", "load", "default", propagation="Background")
    await world.until(lambda: not os.path.exists(f"/proc/{pid}"), "the process gone")

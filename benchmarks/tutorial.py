# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial's own commands on a sandbox, in its order and with its waits, by the real gcloud and kubectl.

What GKE would refuse of them is corrected, as docs/tutorial.md tells: names, zones, the workload pool, the SSDs.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import requests
import yaml

from llmops_gke_sandbox.environment import variables
from tests.playbooks.playground import Sandbox

from .measure import timed

_REGION, _ZONE, _CLUSTER, _NAME = "us-central1", "us-central1-a", "mistral-cluster", "mistral-7b"
_PORT = 8080
_IMAGE = (
    "us-docker.pkg.dev/deeplearning-platform-release/gcr.io/"
    "huggingface-text-generation-inference-cu121.2-2.ubuntu2204.py310"
)
_GCLOUD = (
    f"gcloud container clusters create {_CLUSTER} --location={_REGION} --node-locations={_ZONE} "
    "--machine-type=n1-standard-4 --no-enable-master-authorized-networks "
    "--addons=GcsFuseCsiDriver,HttpLoadBalancing,HorizontalPodAutoscaling --num-nodes=3 --enable-autoscaling "
    "--min-nodes=1 --max-nodes=5 --enable-ip-alias --enable-image-streaming --enable-shielded-nodes "
    "--shielded-secure-boot --shielded-integrity-monitoring --workload-pool={project}.svc.id.goog",
    f"gcloud container node-pools create mistral-gpu-pool --cluster={_CLUSTER} --region={_REGION} "
    "--machine-type=g2-standard-12 --accelerator=type=nvidia-l4,count=1,gpu-driver-version=latest "
    f"--ephemeral-storage-local-ssd=count=1 --node-locations={_ZONE} --num-nodes=1 --enable-autoscaling --min-nodes=1 "
    "--max-nodes=2 --node-labels=accelerator=nvidia-gpu",
)
_LABEL = f"kubectl label service {_NAME}-service LLM_deployment=true model_LoadBalancer=true Ingress_Point=true"


def _manifests() -> list[dict[str, Any]]:
    labels = {"app": _NAME}
    environment = {"MODEL_ID": "mistralai/Mistral-7B-Instruct-v0.1", "NUM_SHARD": "1", "PORT": str(_PORT)}
    token = {"secretKeyRef": {"name": "mistral-demo", "key": "HF_TOKEN"}}
    container = {
        "name": _NAME,
        "image": _IMAGE,
        "ports": [{"containerPort": _PORT}],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
        "env": [
            *({"name": name, "value": value} for name, value in environment.items()),
            *({"name": name, "valueFrom": token} for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")),
        ],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "dshm", "mountPath": "/dev/shm"}],
    }
    volumes = [
        {"name": "dshm", "emptyDir": {"medium": "Memory"}},
        {"name": "data", "hostPath": {"path": "/mnt/stateful_partition/kube-ephemeral-ssd/mistral-data"}},
    ]
    # In life GKE's admission adds it to every pod that asks for a GPU.
    tolerations = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    pod = {"containers": [container], "volumes": volumes, "tolerations": tolerations}
    deployment = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    service = {"type": "LoadBalancer", "selector": labels, "ports": [{"port": _PORT, "targetPort": _PORT}]}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": _NAME}, "spec": deployment},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"{_NAME}-service"}, "spec": service},
    ]


def serve(sandbox: Sandbox, directory: Path) -> None:
    """From nothing to the model's first answer. Raises RuntimeError where a command fails."""
    ours = {**os.environ, **variables(sandbox.directory, sandbox.endpoints)}
    file = directory / "mistral-7b.yaml"
    file.write_text(yaml.safe_dump_all(_manifests()), encoding="utf-8")
    for command in _GCLOUD:
        timed(command.format(project=sandbox.endpoints["project"]).split(), ours, directory)
    ours["KUBECONFIG"] = str(sandbox.directory / f"kubeconfig-{_REGION}-{_CLUSTER}")

    def kubectl(arguments: str) -> str:
        return timed(["kubectl", *arguments.split()], ours, directory)[1]

    kubectl("create secret generic mistral-demo --from-literal=HF_TOKEN=hf_sandbox")
    kubectl(f"apply --filename {file}")
    kubectl(f"rollout status deployment/{_NAME} --timeout=30m")
    address = ""
    while not address:
        found = json.loads(kubectl(f"get service {_NAME}-service --output json"))
        address = ((found["status"].get("loadBalancer") or {}).get("ingress") or [{}])[0].get("ip", "")
    timed(_LABEL.split(), ours, directory)
    _first_answer(f"http://{address}:{_PORT}/generate")


def _first_answer(url: str) -> None:
    asked = {
        "inputs": "[INST] What is a secret in the gardens of Wonderland? [/INST]",
        "parameters": {"max_new_tokens": 8},
    }
    while True:
        try:
            if requests.post(url, json=asked, timeout=60).ok:
                return
        except requests.ConnectionError:
            pass
        # The model loads: somebody who looks at it tries again now and then.
        time.sleep(0.2)

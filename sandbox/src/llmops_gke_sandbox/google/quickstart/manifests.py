# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifests that the simulated service generates: Deployment, Service, and an autoscaler if there are targets."""

from __future__ import annotations

import yaml

_VLLM = ("--tensor-parallel-size={gpus}", "--max-num-seqs=64", "--gpu-memory-utilization=0.95", "--max-model-len=4096")
_TGI = ("--num-shard={gpus}", "--max-concurrent-requests=64", "--max-total-tokens=4096")


def manifests(model: str, server: str, known: dict, machine: dict, namespace: str, *, scaled: bool) -> list[dict]:
    """Return KubernetesManifests. known: what the table has of the server."""
    name = f"{server}-inference"
    objects = [_deployment(name, model, server, known, machine), _service(name, known["port"])]
    if scaled:
        objects.append(_autoscaler(name))
    for one in objects:
        one["metadata"]["namespace"] = namespace
    return [
        {"kind": one["kind"], "apiVersion": one["apiVersion"], "content": yaml.safe_dump(one, sort_keys=False)}
        for one in objects
    ]


def _deployment(name: str, model: str, server: str, known: dict, machine: dict) -> dict:
    flags = [flag.format(gpus=machine["count"]) for flag in (_VLLM if server == "vllm" else _TGI)]
    named = f"--model={model}" if server == "vllm" else f"--model-id={model}"
    container = {
        "name": "inference-server",
        "image": known["image"],
        "args": [named, f"--port={known['port']}", *flags],
        "env": [
            {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf-secret", "key": "hf_api_token"}}},
            {"name": "MODEL_ID", "value": model},
        ],
        "resources": {"limits": {"nvidia.com/gpu": str(machine["count"])}},
        "volumeMounts": [{"name": "dshm", "mountPath": "/dev/shm"}],
    }
    pod = {
        "containers": [container],
        "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory"}}],
        "nodeSelector": {"cloud.google.com/gke-accelerator": machine["gpu"]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        },
    }


def _service(name: str, port: int) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{name}-service"},
        "spec": {"selector": {"app": name}, "type": "ClusterIP", "ports": [{"port": port, "targetPort": port}]},
    }


def _autoscaler(name: str) -> dict:
    metric = {
        "type": "Pods",
        "pods": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": 5}},
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": f"{name}-hpa"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 1,
            "maxReplicas": 10,
            "metrics": [metric],
        },
    }

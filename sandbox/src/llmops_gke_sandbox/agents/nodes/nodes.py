# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes: the machines of a node pool as the cluster sees them."""

from __future__ import annotations

import asyncio
import itertools

from llmops_gke_sandbox.agents.nodes.allocatable import capacity, machine
from llmops_gke_sandbox.agents.nodes.heartbeats import Heartbeats
from llmops_gke_sandbox.control.objects import SIMULATED, condition_is, is_simulated, timestamp, with_condition
from llmops_gke_sandbox.control.plane import Plane

_GPU = "nvidia.com/gpu"
_GPU_TAINT = {"key": _GPU, "value": "present", "effect": "NoSchedule"}
_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
# GKE's installer and device plugin need this long on a node that is Ready.
_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}
_HEALTHY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


class Nodes:
    """Creates and removes the Node objects of a cluster."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._client = plane.client("kubelet")
        self._nodes = plane.informers.store("nodes")
        self._pods = plane.informers.store("pods")
        self._numbers = itertools.count()
        self._drivers: dict[str, asyncio.Task] = {}
        self._gpus: dict[str, int] = {}
        self._names: set[str] = set()
        self._disks: dict[str, list[str]] = {}
        self._heartbeats = Heartbeats(plane)

    def owns(self, name: str) -> bool:
        """Tell whether a node is one of this sandbox's machines; an API server may know others as well."""
        return name in self._names

    def secondary_disks(self, name: str) -> list[str]:
        """Return the images of a node's secondary boot disks that hold data."""
        return self._disks.get(name, [])

    async def run(self) -> None:
        """Keep the nodes alive until cancelled."""
        await self._heartbeats.run()

    async def add(self, pool: dict, zone: str, name: str) -> None:
        """Create a node of a pool, Ready. Its GPUs appear when the driver is there, a little later.

        :param pool: a NodePool of GKE's API.
        :raises ValueError: for a machine type that the sandbox does not know.
        """
        node = node_object(pool, zone, name, next(self._numbers), self._plane.project)
        if driver_is_installed(pool):
            self._gpus[name] = gpu_count(pool)
        now = timestamp(self._plane.clock.now())
        for condition in node["status"]["conditions"]:
            condition |= {"lastHeartbeatTime": now, "lastTransitionTime": now}
        self._names.add(name)
        disks = (pool.get("config") or {}).get("secondaryBootDisks") or []
        self._disks[name] = [disk["diskImage"] for disk in disks if disk.get("mode") != "CONTAINER_IMAGE_CACHE"]
        created = await self._client.create("nodes", node)
        await self._client.update_status("nodes", created, node["status"])
        await self._heartbeats.add(created)
        events = self._plane.recorder("kubelet", "kubelet", name)
        await events.normal(created, "Starting", "Starting kubelet.")
        await events.normal(created, "NodeReady", f"Node {name} status is now: NodeReady")
        if gpus := self._gpus.get(name):
            self._drivers[name] = asyncio.create_task(self._install_driver(name, gpus), name=f"driver {name}")

    async def remove(self, name: str) -> None:
        """Delete a node and, without grace, the pods on it: their machine is gone."""
        self._names.discard(name)
        self._gpus.pop(name, None)
        self._disks.pop(name, None)
        self._heartbeats.remove(name)
        driver = self._drivers.pop(name, None)
        if driver is not None:
            driver.cancel()
        node = self._nodes.get(name)
        if node is not None:
            await self._client.delete("nodes", node)
        for pod in self._pods.all():
            if pod["spec"].get("nodeName") == name:
                await self._client.delete("pods", pod, grace_period=0)

    async def shut_down(self, name: str) -> None:
        """Say of a node that its machine is about to stop; it takes no pods any more."""
        node = self._nodes.get(name)
        if node is None:
            return
        told = {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "node is shutting down"}
        now = timestamp(self._plane.clock.now())
        conditions = with_condition(node["status"]["conditions"], {**told, "lastHeartbeatTime": now}, now)
        await self._client.patch("nodes", name, {"status": {"conditions": conditions}}, None, "status")
        taints = [*(node["spec"].get("taints") or []), _NOT_READY]
        await self._client.patch("nodes", name, {"spec": {"taints": taints}})
        events = self._plane.recorder("kubelet", "kubelet", name)
        await events.normal(node, "Shutdown", "Shutdown manager detected shutdown event")

    def expected(self) -> list[dict]:
        """Return the nodes as they are once their GPU drivers are there: what an autoscaler counts on.

        A new node is tainted as not ready until a controller has seen that it is: that counts as over, too.
        """
        return [self._untainted(self._with_gpus(node)) for node in self._nodes.all()]

    def _with_gpus(self, node: dict) -> dict:
        gpus, have = self._gpus.get(node["metadata"]["name"]), node["status"].get("allocatable") or {}
        if not gpus or _GPU in have:
            return node
        return {**node, "status": {**node["status"], "allocatable": {**have, _GPU: str(gpus)}}}

    def _untainted(self, node: dict) -> dict:
        taints = node["spec"].get("taints") or []
        kept = [one for one in taints if one["key"] != _NOT_READY["key"]]
        if len(kept) == len(taints) or not condition_is(node, "Ready"):
            return node
        return {**node, "spec": {**node["spec"], "taints": kept}}

    async def clear(self) -> None:
        """Remove every simulated node, those of a sandbox that was killed among them."""
        for node in list(self._nodes.all()):
            if is_simulated(node):
                await self.remove(node["metadata"]["name"])

    async def stop(self) -> None:
        """End what is still under way."""
        tasks = list(self._drivers.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _install_driver(self, name: str, gpus: int) -> None:
        await self._plane.clock.sleep(self._plane.clock.durations.driver)
        added = {_GPU: str(gpus)}
        await self._client.patch("nodes", name, {"status": {"capacity": added, "allocatable": added}}, None, "status")


def gpu_count(pool: dict) -> int:
    """Return the GPUs a node of this pool has."""
    accelerators = (pool.get("config") or {}).get("accelerators") or []
    return sum(int(one.get("acceleratorCount", 1)) for one in accelerators)


def driver_is_installed(pool: dict) -> bool:
    """Tell whether GKE installs the GPU driver, which it does unless told not to."""
    accelerators = (pool.get("config") or {}).get("accelerators") or []
    versions = [(one.get("gpuDriverInstallationConfig") or {}).get("gpuDriverVersion") for one in accelerators]
    return "INSTALLATION_DISABLED" not in versions


def node_object(pool: dict, zone: str, name: str, number: int, project: str) -> dict:
    """Return the Node of a pool's machine, without times.

    :param number: tells the nodes of a cluster apart, and so gives them their addresses.
    :raises ValueError: for an unknown machine type.
    """
    config = pool.get("config") or {}
    machine_type = config.get("machineType", "e2-medium")
    shape = machine(machine_type)
    max_pods = int((pool.get("maxPodsConstraint") or {}).get("maxPodsPerNode", 110))
    local_ssds = int((config.get("ephemeralStorageLocalSsdConfig") or {}).get("localSsdCount", 0))
    full, allocatable = capacity(shape, int(config.get("diskSizeGb", 100)), local_ssds, max_pods)
    high, low = divmod(number, 250)
    cidr, address = f"10.{92 + high}.{low}.0/24", f"10.128.{high}.{low + 2}"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": _labels(pool, machine_type, zone, name, local_ssds, max_pods),
            "annotations": dict(SIMULATED),
        },
        "spec": {
            "podCIDR": cidr,
            "podCIDRs": [cidr],
            "providerID": f"gce://{project}/{zone}/{name}",
            **({"taints": taints} if (taints := _taints(pool)) else {}),
        },
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": name},
            ],
            "capacity": full,
            "allocatable": allocatable,
            "conditions": [
                {"type": kind, "status": status, "reason": reason, "message": message}
                for kind, status, reason, message in _HEALTHY
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": _info(pool, number),
        },
    }


def _labels(pool: dict, machine_type: str, zone: str, name: str, local_ssds: int, max_pods: int) -> dict[str, str]:
    """Return the labels that GKE gives a node, over them the pool's own."""
    config = pool.get("config") or {}
    spot = bool(config.get("spot"))
    region = zone.rpartition("-")[0]
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": machine_type,
        "beta.kubernetes.io/os": "linux",
        "cloud.google.com/gke-boot-disk": config.get("diskType", "pd-balanced"),
        "cloud.google.com/gke-container-runtime": "containerd",
        "cloud.google.com/gke-cpu-scaling-level": str(machine(machine_type).cpus),
        "cloud.google.com/gke-logging-variant": "DEFAULT",
        "cloud.google.com/gke-max-pods-per-node": str(max_pods),
        "cloud.google.com/gke-nodepool": pool["name"],
        "cloud.google.com/gke-os-distribution": "cos",
        "cloud.google.com/gke-provisioning": "spot" if spot else "standard",
        "cloud.google.com/gke-stack-type": "IPV4",
        "cloud.google.com/machine-family": machine_type.partition("-")[0],
        "failure-domain.beta.kubernetes.io/region": region,
        "failure-domain.beta.kubernetes.io/zone": zone,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": machine_type,
        "topology.gke.io/zone": zone,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
    }
    if spot:
        labels["cloud.google.com/gke-spot"] = "true"
    if (config.get("gcfsConfig") or {}).get("enabled"):
        labels["cloud.google.com/gke-image-streaming"] = "true"
    if local_ssds:
        labels["cloud.google.com/gke-ephemeral-storage-local-ssd"] = "true"
    if (config.get("workloadMetadataConfig") or {}).get("mode") == "GKE_METADATA":
        labels["iam.gke.io/gke-metadata-server-enabled"] = "true"
    for accelerator in config.get("accelerators") or []:
        driver = (accelerator.get("gpuDriverInstallationConfig") or {}).get("gpuDriverVersion", "DEFAULT")
        labels |= {
            "cloud.google.com/gke-accelerator": accelerator["acceleratorType"],
            "cloud.google.com/gke-accelerator-count": str(gpu_count(pool)),
            "cloud.google.com/gke-gpu": "true",
            "cloud.google.com/gke-gpu-driver-version": driver.lower().replace("_", "-"),
        }
    return labels | (config.get("labels") or {})


def _taints(pool: dict) -> list[dict]:
    config = pool.get("config") or {}
    taints = [
        {
            "key": taint["key"],
            **({"value": taint["value"]} if taint.get("value") else {}),
            "effect": _EFFECTS.get(taint["effect"], taint["effect"]),
        }
        for taint in config.get("taints") or []
    ]
    if gpu_count(pool) and _GPU not in (taint["key"] for taint in taints):
        taints.append(dict(_GPU_TAINT))
    return taints


def _info(pool: dict, number: int) -> dict:
    version = f"v{pool['version']}" if pool.get("version") else "v1.36.0-gke.0"
    return {
        "architecture": "amd64",
        "bootID": f"00000000-0000-4000-8000-{number:012d}",
        "containerRuntimeVersion": "containerd://2.1.5",
        "kernelVersion": "6.12.55+",
        "kubeProxyVersion": version,
        "kubeletVersion": version,
        "machineID": f"{number:032x}",
        "operatingSystem": "linux",
        "osImage": "Container-Optimized OS from Google (simulated)",
        "systemUUID": f"00000000-0000-4000-8000-{number:012d}",
    }

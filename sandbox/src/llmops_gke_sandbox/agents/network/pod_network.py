# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod network: pods have addresses of their own, behind each lies a port on loopback."""

from __future__ import annotations

import ipaddress

from llmops_gke_sandbox.workloads.base import Workload


class PodNetwork:
    """Knows which address belongs to which pod, and where its programs really listen."""

    def __init__(self) -> None:
        self._workloads: dict[str, list[Workload]] = {}

    def allocate(self, cidr: str) -> str:
        """Return a free address of a node's range and take it.

        :raises LookupError: if the range is used up; a node has room for 110 pods and 254 addresses.
        """
        for host in ipaddress.ip_network(cidr).hosts():
            # The first address is the node's own bridge.
            if not str(host).endswith(".1") and str(host) not in self._workloads:
                self._workloads[str(host)] = []
                return str(host)
        raise LookupError(f"no free pod address in {cidr}")

    def release(self, address: str) -> None:
        """Give an address back."""
        self._workloads.pop(address, None)

    def attach(self, address: str, workload: Workload) -> None:
        """Let a program answer on its pod's address."""
        self._workloads[address].append(workload)

    def detach(self, address: str, workload: Workload) -> None:
        """Take a program that ended off its pod's address."""
        if workload in self._workloads.get(address, ()):
            self._workloads[address].remove(workload)

    def programs(self, address: str) -> list[Workload]:
        """Return the programs that run behind a pod's address."""
        return list(self._workloads.get(address, ()))

    def local_port(self, address: str, port: int) -> int | None:
        """Return the port on 127.0.0.1 behind a pod's port, None where nothing listens."""
        found = (workload.ports.get(port) for workload in self._workloads.get(address, ()))
        return next((local for local in found if local), None)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's cloud in a thread of the test's process, and the GKE modules' engines aimed at it over HTTP.

What runs inside a cluster is a stand-in that only remembers its nodes, so that a cluster costs next to nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Progress, Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import ModuleSpec, with_definition
from ansible_collections.llmops.gke.plugins.module_utils.gke import operations, target
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import GkeClient
from ansible_collections.llmops.gke.plugins.modules import gke_cluster, gke_node_pool
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.server import Sandbox
from sandbox.tests.cloud.conftest import Behind

SPECS: dict[str, ModuleSpec] = {"cluster": gke_cluster.SPEC, "node_pool": gke_node_pool.SPEC}
POLL_SECONDS = 0.04
# What differs between two clusters that are the same in all that was asked for.
_DNS_NAME = re.compile(r"gke-[0-9a-f]{40}\.")
_OWN = ("id", "createTime", "etag", "selfLink", "instanceGroupUrls")


@contextmanager
def quick_pauses() -> Iterator[None]:
    """Let this process's engines look at operations often: the sandbox's take milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (operations, target):
            patch.setattr(module, "backoff", lambda: itertools.repeat(POLL_SECONDS))
        yield


class Playground:
    """A cloud. settings: of the sandbox's Config, beside the defaults."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.behind: dict[tuple[str, str], Behind] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        metrics = ("CPUS", "CPUS_ALL_REGIONS", "INSTANCES", "IN_USE_ADDRESSES", "DISKS_TOTAL_GB", "SSD_TOTAL_GB")
        config = {"speed": 4000.0, "quotas": dict.fromkeys(metrics, 10**6), **settings}
        self.sandbox = self._wait(self._made(Config(directory=directory, **config)))
        self._wait(self.sandbox.start())
        self.endpoints = self.sandbox.endpoints()
        self.project = self.endpoints["project"]

    async def _made(self, config: Config) -> Sandbox:
        return Sandbox(config, lambda name, location: self.behind.setdefault((location, name), Behind(name, location)))

    def close(self) -> None:
        """End the cloud and its thread."""
        self._wait(self._ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _ended(self) -> None:
        await self.sandbox.stop()
        # Answers that a fault holds back, for clients that were killed.
        held = asyncio.all_tasks() - {asyncio.current_task()}
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def options(self, module: str, **given: Any) -> dict[str, Any]:
        """A task's options as the engine gets them; by default with a token that lasts."""
        place = {
            "project": self.project,
            "access_token": self.sandbox.tokens.standing,
            "container_api_endpoint": self.endpoints["container"],
            "compute_api_endpoint": self.endpoints["compute"],
            "timeout": 20,
        }
        if "service_account_file" in given:
            del place["access_token"]
        spec = SPECS[module]
        arguments = with_definition(spec, {**place, **json.loads(json.dumps(given))})
        validated = ArgumentSpecValidator(dict(spec.argument_spec), **spec.rules).validate(arguments)
        assert not validated.error_messages, validated.error_messages
        return validated.validated_parameters

    def run(self, module: str, check: bool = False, progress: Progress = silent, **given: Any) -> Result:
        """Run a module's engine. Raises what it raises."""
        return SPECS[module].run(self.options(module, **given), check, progress)

    def settle(self) -> None:
        """Wait for the end of every operation."""
        while any(one.status != "DONE" for one in self.sandbox._parts.operations.all("-")):
            time.sleep(0.005)

    def fault(self, name: str, **settings: Any) -> str:
        """Switch a fault on; returns its id."""
        return self.sandbox.faults.add(name, **settings)

    def struck(self, fault: str) -> bool:
        """Whether a fault that was to strike once has."""
        return all(one["id"] != fault for one in self.sandbox.faults.list())

    def calls(self, location: str) -> list[str]:
        """``METHOD path`` of every request to GKE about a location so far, each path as it goes on after that."""
        home = f"/container/v1/projects/{self.project}/locations/{location}/"
        return [
            f"{entry['method']} {entry['path'].removeprefix(home)}"
            for entry in self.sandbox.log.entries("container")
            if entry["path"].startswith(home)
        ]

    def state(self, location: str, name: str) -> dict[str, Any] | None:
        """A cluster with its pools and their nodes, as far as two clusters of one description have it in common."""
        options = self.options("cluster", location=location, name=name, state="absent")
        client = GkeClient(options, Deadline(10))
        cluster = client.cluster(self.project, location, name)
        client.http.close()
        if cluster is None:
            return None
        return {**_common(cluster, location, name), "nodes": self._nodes(location, name)}

    def _nodes(self, location: str, name: str) -> dict[str, int]:
        behind = self.behind.get((location, name))
        return dict(Counter(pool for pool, _zone in behind.nodes.values())) if behind else {}

    def orphans(self) -> list[str]:
        """What runs though no cluster or pool accounts for it."""
        clusters = {(cluster.location, cluster.name): cluster for cluster in self.sandbox.store.all()}
        found = [f"cluster {key}" for key, behind in self.behind.items() if behind.running and key not in clusters]
        for key, cluster in clusters.items():
            owned = {node for pool in cluster.pools.values() for node in pool.nodes}
            nodes = self.behind[key].nodes if key in self.behind else ()
            found += [f"node {node} of {key}" for node in nodes if node not in owned]
        return found

    def begun(self, location: str, name: str) -> list[str]:
        """The types of the operations that were begun on a cluster and its pools, in their order."""
        return [one.type for one in self.sandbox._parts.operations.all(location) if one.cluster == name]


def _common(value: Any, location: str, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _common(item, location, name) for key, item in value.items() if key not in _OWN}
    if isinstance(value, list):
        return [_common(item, location, name) for item in value]
    if isinstance(value, str):
        value = _DNS_NAME.sub("gke-HASH.", value)
        return value.replace(location, "LOCATION").replace(location.rpartition("-")[0], "REGION").replace(name, "NAME")
    return value


@contextmanager
def playground(directory: Path, **settings: Any) -> Iterator[Playground]:
    """A cloud while the block lasts, and engines that look at its operations often."""
    with quick_pauses():
        made = Playground(directory, **settings)
        try:
            yield made
        finally:
            made.close()

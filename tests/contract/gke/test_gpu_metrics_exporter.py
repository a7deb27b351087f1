# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gpu_metrics_exporter on a living cluster: GKE's exporter and ours change places, and are never there at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.gpu_metrics.exporter_mode import AnotherExporter
from ansible_collections.llmops.gke.plugins.modules import gpu_metrics_exporter
from tests.contract.gke import playground as playgrounds
from tests.contract.gke.living import LOCATION, Living

SETS, OF_GKE = "daemonsets.apps", "gke-managed-system"
LABELS = {"app": "dcgm-exporter"}
IMAGE = "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless"


def daemon_set(name: str, namespace: str | None = None) -> dict[str, Any]:
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "exporter", "image": IMAGE}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "spec": {"selector": {"matchLabels": LABELS}, "template": template},
    }


COUNTERS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "counters"}, "data": {"counters.csv": "a"}}
SCRAPED = {
    "apiVersion": "monitoring.googleapis.com/v1",
    "kind": "PodMonitoring",
    "metadata": {"name": "dcgm-exporter"},
    "spec": {"selector": {"matchLabels": LABELS}, "endpoints": [{"port": "metrics", "interval": "15s"}]},
}
BY_US = {"mode": "daemonset", "manifests": [COUNTERS, daemon_set("dcgm-exporter"), SCRAPED]}


class Exporting(Living):
    """A cloud whose cluster lives, and exports the figures of its GPUs."""

    def exporter(self, check: bool = False, **given: Any) -> dict[str, Any]:
        """What a task returns."""
        return self.run("exporter", check=check, location=LOCATION, cluster="home", **given).to_dict()

    def namespaces(self) -> set[str]:
        """Where exporters are."""
        return {one["metadata"]["namespace"] for one in self.api.list_now(SETS)}

    def requests(self) -> list[str]:
        """``METHOD path`` of every request to GKE and to the cluster since this was asked the last time."""
        entries = [*self.sandbox.log.entries("container"), *self.sandbox.log.entries("kubernetes")]
        self.sandbox.log.clear()
        return [f"{entry['method']} {entry['path']}" for entry in entries]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporting]:
    directory: Path = tmp_path_factory.mktemp("cloud")
    with playgrounds.quick_pauses(), pytest.MonkeyPatch.context() as patch:
        patch.setitem(playgrounds.SPECS, "exporter", gpu_metrics_exporter.SPEC)
        living = Exporting(directory, speed=5000.0)
        first = {"name": "first", "initial_node_count": 1, "config": {"machine_type": "n1-standard-4"}}
        living.run("cluster", location=LOCATION, name="home", node_pools=[first])
        yield living
        living.close()


@pytest.mark.parametrize(
    ("index", "given", "where"),
    [(0, {"mode": "managed"}, OF_GKE), (1, BY_US, "gpu-metrics"), (2, {"mode": "managed"}, OF_GKE)],
    ids=["GKE by its own default", "us after GKE", "GKE after us"],
)
def test_the_exporter_changes_hands_as_foretold_and_stays_there(cloud, index, given, where):
    foretold = cloud.exporter(check=True, **given)
    done = cloud.exporter(**given)
    assert cloud.namespaces() == {where}
    assert done["changed"] == (index > 0)
    for part in ("changed", "totals", "components", "diff"):
        assert done.get(part) == foretold.get(part)
    assert [step["request"] for step in done["plan"]] == [step["request"] for step in foretold["plan"]]
    cloud.requests()
    assert not cloud.exporter(**given)["changed"]
    requests = cloud.requests()
    assert all(request.startswith("GET ") for request in requests)
    # The cluster and the set's parent; ours is one list for each of its three kinds more.
    assert len(requests) == (5 if given is BY_US else 2)


def test_a_stranger_s_is_refused_and_none_takes_all_but_that_away(cloud):
    cloud.exporter(mode="none")
    assert cloud.namespaces() == set()
    stranger = daemon_set("nvidia-dcgm-exporter", "default")
    cloud._wait(cloud.api.create(SETS, stranger, "default"))
    for given in ({"mode": "managed"}, BY_US):
        with pytest.raises(AnotherExporter, match="DaemonSet default/nvidia-dcgm-exporter already exports"):
            cloud.exporter(**given)
    assert not cloud.exporter(mode="none")["changed"]
    assert cloud.namespaces() == {"default"}
    cloud._wait(cloud.api.delete(SETS, "nvidia-dcgm-exporter", "default"))
    assert cloud.exporter(**BY_US)["changed"]
    assert cloud.exporter(state="absent")["totals"] == {"deleted": 4}
    assert cloud.namespaces() == set()

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPUs' series beside a measurement: whom is asked, how often, and that a silent exporter harms nothing."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.workflows import cluster_access
from ansible_collections.llmops.gke.plugins.module_utils.workflows.cluster_options import KUBERNETES_ACCESS
from ansible_collections.llmops.gke.plugins.module_utils.workflows.gpu_metrics.series import Watcher
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.gpu_metrics.test_gpu_metrics_info import METRICS, OTHER, TEXT, exporter
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig


@contextmanager
def cluster(answer, pods):
    """An API whose exporter gives this answer, and the calls that it gets."""
    routes = {("GET", "/api/v1/pods"): {"items": pods}, ("GET", METRICS): answer}
    with FakeServer(routes) as server:
        options = dict.fromkeys(KUBERNETES_ACCESS) | {"kubeconfig": kubeconfig(server.url)}
        with cluster_access.cluster_access(options, Deadline(20)) as access:
            yield access.required(), server


def asked(server) -> int:
    return [call.partition("?")[0] for call in server.calls()].count(f"GET {METRICS}")


def test_it_reads_before_meanwhile_and_after():
    third = threading.Event()
    readings: list[int] = []

    def answer(_request):
        readings.append(len(readings))
        if len(readings) == 3:
            third.set()
        return Reply(200, TEXT.replace("97", str(len(readings))))

    with cluster(answer, [exporter(), OTHER]) as (api, _server):
        with Watcher(api, {"gpu-1"}, interval=0.01) as watcher:
            assert len(readings) >= 1
            assert third.wait(10)
            before_the_end = len(readings)
        series = watcher.series()
    names = [(one["name"], one["unit"], one["node"], one["gpu"]) for one in series]
    assert names == [
        ("DCGM_FI_DEV_FB_USED", "MiB", "gpu-1", "0"),
        ("DCGM_FI_DEV_GPU_UTIL", "%", "gpu-1", "0"),
    ]
    moments, values = zip(*series[1]["points"], strict=True)
    assert list(moments) == sorted(moments)
    assert list(values) == list(range(1, len(readings) + 1)) and len(values) > before_the_end


def watched(answer, pod, **how):
    """What a watcher that had nothing to wait for saw, and how often it asked."""
    with ExitStack() as stack:
        api, server = stack.enter_context(cluster(answer, [pod]))
        watcher = stack.enter_context(Watcher(api, {"gpu-1"}, **how))
    return watcher.series(), asked(server)


def test_it_does_not_ask_faster_than_its_interval():
    assert watched(TEXT, exporter(), interval=1000)[1] == 2


def test_exporters_of_other_nodes_are_not_asked():
    assert watched(TEXT, exporter(on="gpu-2")) == ([], 0)


def test_an_exporter_that_does_not_answer_is_a_gap_and_no_error():
    assert watched(Reply(503, "no"), exporter()) == ([], 2)

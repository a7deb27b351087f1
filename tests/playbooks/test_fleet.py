# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several hosts in a run: in batches, at the cost of one and a little more, and one that fails keeps no other one.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from tests.playbooks.test_unchanged_deploy import BY_PREFLIGHT, BY_TASK, COMPUTE, call_of

NAMES = ("alice", "hatter")
VARIABLES = {"verify_latency_samples": 1, "verify_report_path": "", "gke_cluster_kubeconfig": ""}
GROUP = f"GET {COMPUTE}/zones/us-central1-a/instanceGroupManagers/GROUP"
TASKS_OF_CLUSTER = {"gke_cluster", "gpu_nodepool"}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> str:
    """An inventory of two deployments, each on a cluster of its own, beside the sandbox's."""
    file = tmp_path_factory.mktemp("fleet") / "hosts.json"
    each = {name: {"llmops_cluster": f"cluster-{name}", "llmops_name": name} for name in NAMES}
    file.write_text(json.dumps({"all": {"hosts": each}}))
    return str(file)


def deploy(sandbox, hosts, *arguments, **variables):
    limit = ("--limit", ",".join(NAMES))
    inventories = ("-i", "inventories/sandbox", "-i", hosts)
    return sandbox.play("deploy.yml", *inventories, *limit, *arguments, variables=VARIABLES | variables)


def recaps(run) -> dict[str, dict[str, int]]:
    lines = run.output.rpartition("PLAY RECAP")[2].splitlines()[1:]
    found = {line.partition(" ")[0]: re.findall(r"(\w+)=(\d+)", line) for line in lines if "failed=" in line}
    return {name: {key: int(count) for key, count in counts} for name, counts in found.items()}


def test_batches_come_one_after_the_other(sandbox, hosts):
    run = deploy(sandbox, hosts, llmops_serial=1)
    assert run.code == 0, run.output
    assert run.output.count("TASK [llmops.gke.verify : Ask the model") == len(NAMES)
    assert {name: counts["changed"] for name, counts in recaps(run).items()} == dict.fromkeys(NAMES, 4)


def test_a_host_more_costs_its_own_objects_alone(sandbox, hosts):
    sandbox.forget_requests()
    run = deploy(sandbox, hosts, "--skip-tags", "verify")
    assert (run.code, {name: counts["changed"] for name, counts in recaps(run).items()}) == (0, dict.fromkeys(NAMES, 0))
    found = Counter(map(call_of, sandbox.requests()))
    once = {call: found[call] for call in BY_PREFLIGHT if call != GROUP}
    assert once == dict.fromkeys(once, 1)
    # A cluster has two pools.
    assert found[GROUP] == 2 * len(NAMES)
    of_kubernetes = sum(len(calls) for task, calls in BY_TASK.items() if task not in TASKS_OF_CLUSTER)
    clusters = sum(count for call, count in found.items() if re.search(r"GET .*/clusters/cluster-", call))
    assert clusters == len(NAMES)
    assert sum(found.values()) == len(once) + len(NAMES) * (2 + 1 + of_kubernetes)


def test_one_that_fails_keeps_no_other_one(sandbox, hosts):
    model = "{{ 'nobody/nothing' if inventory_hostname == 'hatter' else 'mistralai/Mistral-7B-Instruct-v0.1' }}"
    run = deploy(sandbox, hosts, llmops_model=model)
    assert run.code != 0
    found = recaps(run)
    assert (found["hatter"]["failed"], found["alice"]["failed"]) == (1, 0), run.output
    assert run.output.count(" is served.") == 1


def test_hosts_that_a_failed_batch_kept_from_their_turn_are_named(sandbox, hosts):
    run = deploy(sandbox, hosts, llmops_model="nobody/nothing", llmops_serial=1)
    assert run.code != 0 and set(recaps(run)) == {NAMES[0]}, run.output
    assert f"  not begun     {NAMES[1]}: " in run.output

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of one host for each playbook, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...gke.target import BROKEN
from .costs.of_cluster import least_of
from .costs.of_hosts import said, saved_by
from .facts import BENCHMARK, DEPLOY, STATUS, TEARDOWN, VERIFY, HostFacts
from .load import add_load
from .page import Page
from .removal import add_kept, add_pools
from .sections import (
    add_address,
    add_answer,
    add_changes,
    add_cluster,
    add_cost,
    add_curl,
    add_left_out,
    add_next,
    add_start,
    add_warnings,
)
from .seen import add_seen
from .serving import ASLEEP, NOT_SERVING, ROLLOUT_FAILED, serving_of

Record = Mapping[str, Any]


_WITHOUT_CHECK = "the same command without --check"
"""Extra variables are not known here, and without them it would be another one."""

_LONG = 240
"""Characters of an error, three lines of a terminal, that a block has at most."""


def add_block(page: Page, facts: HostFacts, record: Record) -> None:
    """What exists, where, what changed, what it costs, what to do next."""
    if facts.failed:
        _failed(page, facts, record)
    else:
        _BLOCKS[facts.playbook](page, facts, record)
    if page.has_commands:
        add_left_out(page, facts)


def _deploy(page: Page, facts: HostFacts, record: Record) -> None:
    model, state = record["model"], record["state"]
    verified = facts.result("verify_result")
    if facts.only_checked:
        _preflight(page, facts, record)
        return
    if facts.check:
        page.title(f"{facts.host}: this was a preview, nothing was changed.")
        add_start(page, facts)
        add_changes(page, facts)
        add_cost(page, record)
        add_warnings(page, facts)
        page.row("do it", _WITHOUT_CHECK)
        return
    titles = {
        "serving": f"{(verified.get('latency') or {}).get('model') or model} is served.",
        "asleep": f"{model} sleeps: it has no replicas, and nothing answers.",
    }
    page.title(f"{facts.host}: {titles.get(state, f'{model} was not verified in this run: no answer to show.')}")
    add_address(page, facts, record)
    add_cluster(page, facts)
    pods = (verified.get("latency") or {}).get("pods") or []
    quantized = next((pod["quantization"] for pod in pods if pod.get("quantization")), "not quantized")
    labels = sorted((verified.get("labels") or {}).items())
    page.row("labels", ", ".join(f"{key}={value}" for key, value in labels if not key.startswith("applyset.")))
    if state == "serving":
        page.row("model", f"{record['model']} ({quantized}) by {record['engine']}")
        add_answer(page, facts)
    add_start(page, facts)
    add_changes(page, facts)
    if state == "asleep":
        first, *further = said(record["cost"]) or [""]
        page.row("costs", first, _asleep(facts), *further)
        page.command("wake it", facts.command.words("deploy", llmops_replicas=1))
    else:
        add_cost(page, record)
        add_curl(page, facts)
    add_next(page, facts)


def _preflight(page: Page, facts: HostFacts, record: Record) -> None:
    page.title(f"{facts.host}: preflight found nothing in the way of {record['model']}.")
    add_start(page, facts)
    page.row("checked", ", ".join(facts.result("preflight_checked").get("checked") or []))
    add_warnings(page, facts)
    page.row("changed", "nothing: this only checks")
    add_cost(page, record)
    page.command("see the plan", [*facts.command.words("deploy"), "--check --diff"])
    page.command("deploy it", facts.command.words("deploy"))


def _asleep(facts: HostFacts) -> str:
    """Whether GPU nodes of this host's own are paid for all the same."""
    pools = [pool for pool in facts.own(facts.node_pools) if (pool.get("config") or {}).get("accelerators")]
    if any(least_of(pool) for pool in pools):
        return "its GPU nodes all the same: gpu_nodepool_min_node_count is not 0"
    return "no GPU, once the autoscaler has removed the empty nodes: some ten minutes after they became empty"


def _verify(page: Page, facts: HostFacts, record: Record) -> None:
    titles = {"serving": "answers", "asleep": "sleeps"}
    if facts.check and record["state"] not in titles:
        page.title(f"{facts.host}: {record['model']} was not asked: this was a preview.")
        page.row("do it", _WITHOUT_CHECK)
        return
    page.title(f"{facts.host}: {record['model']} {titles.get(record['state'], 'was not asked')}.")
    add_address(page, facts, record)
    add_answer(page, facts)
    page.row("changed", "nothing: this only asks and measures")
    add_cost(page, record)
    add_curl(page, facts)
    page.command("load it", facts.command.words("benchmark"))


def _benchmark(page: Page, facts: HostFacts, record: Record) -> None:
    if record["state"] != "measured":
        page.title(f"{facts.host}: {record['model']} was not measured: this was a preview.")
        page.row("do it", _WITHOUT_CHECK)
        return
    page.title(f"{facts.host}: {record['model']} under load")
    add_load(page, facts)
    page.row("changed", "nothing: the load's Job and its settings are removed again")
    page.command("next", facts.command.words("verify"))


def _status(page: Page, facts: HostFacts, record: Record) -> None:
    state, title = record["state"], _STATUS[record["state"]]
    if record["reason"]:
        link = "and" if state == "drifted" else "but"
        what = "its rollout failed" if serving_of(facts).state == ROLLOUT_FAILED else "it does not serve"
        title += f", {link} {what}: {record['reason']}"
    page.title(f"{facts.host}: {title}")
    add_seen(page, facts)
    page.blank()
    add_address(page, facts, record)
    page.row("changed", "nothing: this only reads")
    add_cost(page, record)
    deploy = facts.command.words("deploy")
    if state == "no cluster":
        page.command("deploy it", deploy)
        return
    if state == "drifted":
        page.command("see why", [*deploy, "--check --diff"])
        page.command("mend it", deploy)
        page.row("", "where somebody set a field by hand, with -e llmops_force_conflicts=true")
    if state == ASLEEP:
        page.command("wake it", facts.command.words("deploy", llmops_replicas=1))
    elif state in (NOT_SERVING, ROLLOUT_FAILED):
        page.command("wait for it", deploy)
    elif not record["reason"] and (facts.cluster or {}).get("status") in _REACHABLE:
        page.command("ask it", facts.command.words("verify"))


_REACHABLE = ("RUNNING", "RECONCILING", "DEGRADED")
"""States of a cluster in which a model may answer."""

_STATUS = {
    "no cluster": "nothing is deployed",
    "drifted": "not as the inventory has it",
    "as wanted": "as the inventory has it",
    ASLEEP: "as the inventory has it: it sleeps, without replicas",
    NOT_SERVING: "as the inventory has it",
    ROLLOUT_FAILED: "as the inventory has it",
}


def _teardown(page: Page, facts: HostFacts, record: Record) -> None:
    titles = {
        "to remove": "this was a preview, nothing was removed.",
        "removed": f"{record['model']} is removed.",
        "kept": "the model was not there; its cluster is kept.",
        "was not there": "there was nothing to remove.",
    }
    page.title(f"{facts.host}: {titles[record['state']]}")
    would, gone = ("would be removed" if facts.check else "removed"), "was not there"
    project, location, cluster = facts.place
    model = any(name.startswith("Deployment ") for name in record["changes"]["removed"])
    page.row("model", f"{record['namespace']}/{record['name']}: {would if model else gone}")
    add_pools(page, facts, would)
    if record["kept"]:
        add_kept(page, record)
    else:
        page.row("cluster", f"{cluster} in {location} of {project}: {would if facts.cluster_goes else gone}")
    if facts.text("llmops_weights") == "bucket":
        bucket = facts.text("llmops_weights_bucket")
        page.row("bucket", f"{bucket} stays, and so does the pods' right to read it (docs/weights.md ends it)")
    add_changes(page, facts)
    if record["kept"]:
        add_cost(page, record)
    if facts.check:
        page.row("saves", *_saved(facts))
    elif not record["kept"]:
        page.row("costs", "nothing any more: no cluster, and with it no node and no load balancer, is left")
    if facts.check and record["state"] == "to remove":
        sure = "" if facts.variables.get("llmops_sandbox") else f", with -e llmops_confirm_teardown={cluster}"
        page.row("do it", f"{_WITHOUT_CHECK}{sure}")
    elif not facts.check:
        page.command("deploy again", facts.command.words("deploy"))


def _saved(facts: HostFacts) -> list[str]:
    cost = saved_by(facts)
    if not cost or not cost["hour"]:
        return []
    return [f"about {cost['hour']:.2f} {cost['currency']} an hour (list prices of {cost['as_of']})"]


def _failed(page: Page, facts: HostFacts, record: Record) -> None:
    page.title(f"{facts.host}: FAILED: {_begin_of(record['error'])}")
    made = facts.cluster is not None
    if facts.playbook in (DEPLOY, TEARDOWN):
        add_start(page, facts)
        page.row("exists", *record["exists"])
        if record["changes"]["text"] and any(record["changes"][word] for word in ("created", "changed", "removed")):
            add_changes(page, facts)
        elif not facts.check:
            page.row("changed", "nothing")
    if made:
        add_cost(page, record)
    page.row("run again", f"the same command, once that is mended{_repair(facts)}")
    page.command("look at it", facts.command.words("status"))


def _begin_of(error: str) -> str:
    """A short error whole; of a long one, which Ansible has printed right above, what happened without the advice."""
    if len(error) <= _LONG:
        return error
    begin = error[:_LONG]
    end = max(begin.rfind("; "), begin.rfind(". "), 0) or begin.rfind(" ")
    return f"{begin[:end]} (in full above)"


def _repair(facts: HostFacts) -> str:
    """What has to be added to a command for a GPU pool of this host's own that GKE left broken."""
    pools = (facts.result("gpu_nodepool_result").get("error") or {}).get("node_pools") or ()
    own = [pool for pool in facts.own(pools) if pool.get("name") != facts.text("gke_cluster_pool_name")]
    broken = any(pool.get("status") in BROKEN for pool in own)
    return ", with -e gpu_nodepool_repair=true" if broken else ""


_BLOCKS: dict[str, Callable[[Page, HostFacts, Record], None]] = {
    DEPLOY: _deploy,
    VERIFY: _verify,
    BENCHMARK: _benchmark,
    STATUS: _status,
    TEARDOWN: _teardown,
}

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a summary that several playbooks have: cluster, answer, changes, costs. Pure."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ...core.harmless import one_line
from ..sandboxes import started_for
from ..verification import needs_forward
from .changes import changes_of, sum_up
from .costs.of_hosts import said
from .facts import TEARDOWN, HostFacts
from .page import Page

_ANSWER = 300
"""Characters of an answer that are shown."""


def add_address(page: Page, facts: HostFacts, record: Mapping[str, Any]) -> None:
    """Where the model answers, and whom; a name of the cluster's own says so."""
    address = record["address"] or ""
    inside = ".svc:" in address
    page.row("address", f"in the cluster: {address.removeprefix('http://')}" if inside else address)
    page.row("exposure", facts.text("__verify_exposure") if address else "")


def add_cluster(page: Page, facts: HostFacts) -> None:
    """Where it is, and its node pools."""
    project, location, cluster = facts.place
    page.row("cluster", f"{cluster} in {location} of {project}")
    page.row("node pools", *(f"{pool.get('name')}: {node_pool(pool)}" for pool in facts.node_pools))
    zones = [zone for pool in facts.node_pools for zone in pool.get("locations") or []]
    page.row("zones", ", ".join(dict.fromkeys(zones)))


def node_pool(pool: Mapping[str, Any]) -> str:
    """A node pool of GKE's API in words."""
    config, limits = pool.get("config") or {}, pool.get("autoscaling") or {}
    gpus = [f"{one.get('acceleratorCount')} x {one.get('acceleratorType')}" for one in config.get("accelerators") or []]
    nodes = str(pool.get("initialNodeCount") or 0)
    if limits:
        nodes = f"{limits.get('minNodeCount', 0)} to {limits.get('maxNodeCount', 0)}"
        if "totalMaxNodeCount" in limits:
            nodes = f"{limits.get('totalMinNodeCount', 0)} to {limits['totalMaxNodeCount']}"
    per = "in all" if "totalMaxNodeCount" in limits else "a zone"
    spot, with_gpus = ", Spot" if config.get("spot") else "", f" with {', '.join(gpus)}" if gpus else ""
    return f"{config.get('machineType')}{spot}{with_gpus}, {nodes} nodes {per}"


def add_changes(page: Page, facts: HostFacts) -> None:
    """The sum, and each resource."""
    changes = changes_of(facts)
    shared = sorted(facts.done_before & sum_up(facts.made, check=facts.check).actions.keys())
    exists = [f"shared with a host above: {', '.join(shared)}"] if shared else []
    if not changes.actions and not shared:
        page.row("changed", _unchanged(facts))
        return
    page.row("to do" if facts.check else "changed", changes.sum(check=facts.check), *changes.lines(), *exists)


def _unchanged(facts: HostFacts) -> str:
    if facts.playbook == TEARDOWN:
        return "nothing"
    if not facts.made:
        return "nothing: this only asks and measures"
    return f"nothing: {'all' if facts.whole else 'what this run compared'} is as the inventory has it"


def add_warnings(page: Page, facts: HostFacts) -> None:
    """What tasks warned of, a line each: it stands far above, and a preview is made to find it."""
    found = [str(line) for result in facts.results.values() for line in result.get("warnings") or ()]
    page.row("warnings", *dict.fromkeys(map(one_line, found)))


def add_start(page: Page, facts: HostFacts) -> None:
    """That the run found no sandbox and started one: whatever was deployed before is gone."""
    started = started_for(facts.host, facts.variables.get("llmops_sandbox_run"))
    page.row("sandbox", "none was running: started anew, empty" if started else "")


def add_cost(page: Page, record: Mapping[str, Any]) -> None:
    """What it costs an hour."""
    page.row("costs", *said(record["cost"]))


def add_answer(page: Page, facts: HostFacts) -> None:
    """What the model answered, how fast, and on what it runs."""
    verified = facts.result("verify_result")
    latency = verified.get("latency") or {}
    start = verified.get("start") or {}
    if start.get("asleep"):
        page.row("asleep", f"{start.get('text')}.")
        page.command("wake it", facts.command.words("deploy", llmops_replicas=1))
        return
    if not latency.get("hot"):
        if latency.get("unreachable_reason"):
            page.row("server", f"can't be reached: {latency['unreachable_reason']}")
        elif latency.get("reachable"):
            page.row("server", f"serves {latency.get('model')}; nothing was generated")
        return
    answer = verified.get("answer") or {}
    # Characters beyond the basic plane take two columns or none, as the terminal likes.
    text = "".join(char for char in " ".join(str(answer.get("generated_text")).split()) if ord(char) < 0x10000)
    page.row("answer", textwrap.shorten(text, _ANSWER, placeholder="..."))
    tokens = f"{answer.get('generated_tokens')}, ended by {answer.get('finish_reason')}"
    page.row("tokens", f"{tokens}, {_seconds(answer.get('seconds'))}")
    _add_latency(page, latency)
    _add_pods(page, latency, start)
    report = (verified.get("report") or {}).get("written") or []
    page.row("report", str(report[0]) if report else "")


def _add_latency(page: Page, latency: Mapping[str, Any]) -> None:
    cold, hot = latency.get("cold"), latency["hot"]
    if cold:
        page.row("latency cold", *_figures(cold))
    else:
        page.row("latency cold", f"not measured: {latency.get('cold_reason')}")
    medians = {name: (part or {}).get("median") for name, part in hot.items() if part is None or "median" in part}
    count, tokens = (hot.get("e2e_seconds") or {}).get("n"), (latency.get("tokens") or {}).get("median")
    sampled = f"one request, {tokens} tokens" if count == 1 else f"medians of {count} requests, {tokens} tokens each"
    page.row("latency hot", *_figures(medians), sampled)


def _figures(seconds: Mapping[str, Any]) -> tuple[str, str]:
    first, whole = _seconds(seconds.get("ttft_seconds")), _seconds(seconds.get("e2e_seconds"))
    token, average = _seconds(seconds.get("tpot_seconds"), 4), _seconds(seconds.get("ntpot_seconds"), 4)
    return f"first token {first}, whole answer {whole}", f"a token {token} after the first, {average} over all"


def _add_pods(page: Page, latency: Mapping[str, Any], start: Mapping[str, Any]) -> None:
    pods = latency.get("pods") or []
    places = Counter(_place(pod) for pod in pods)
    page.row("runs on", *(f"{count} x {place}" if count > 1 else place for place, count in places.items()))
    if any(not pod.get("spot") for pod in pods):
        refused = [line for pod in start.get("pods") or [] for line in pod.get("refused") or []]
        page.row("", *(f"the autoscaler said: {line}" for line in dict.fromkeys(refused)))
    if pods:
        last = pods[-1]
        stages = ", ".join(f"{stage['name']} {stage['seconds']:g} s" for stage in last.get("start_stages") or [])
        cold = latency.get("cold")
        first = f"; the first answer took {_seconds(cold.get('e2e_seconds'))}" if cold else ""
        page.row("start-up", f"{last.get('start_seconds'):g} s until it served: {stages}{first}")


def _place(pod: Mapping[str, Any]) -> str:
    pool = f" of {pod['node_pool']}" if pod.get("node_pool") else ""
    zone = f" in {pod['zone']}" if pod.get("zone") else ""
    machine = pod.get("machine_type") or "a node that is gone"
    return f"{machine}{pool}{zone}, {'Spot' if pod.get('spot') else 'on demand'}"


def _seconds(value: Any, digits: int = 3) -> str:
    return "n/a" if value is None else f"{value:.{digits}f} s"


def add_curl(page: Page, facts: HostFacts) -> None:
    """A request to try the model with, by a forwarded port where its address is out of reach or a key would travel in
    the clear."""
    verified = facts.result("verify_result")
    if "answer" not in verified:
        return
    url, label, has_key = str(verified.get("url") or ""), "try it", bool(facts.variables.get("llmops_api_key"))
    if not url or needs_forward(url, has_key):
        service, port = facts.text("llmops_service_name"), facts.text("llmops_service_port")
        kubeconfig = facts.text("llmops_sandbox_kubeconfig") or facts.text("gke_cluster_kubeconfig")
        words = ["kubectl", *(["--kubeconfig", kubeconfig] if kubeconfig else []), "-n", facts.text("llmops_namespace")]
        page.command(label, [*words, "port-forward", f"service/{service}", f"8080:{port}", "&"])
        url, label = "http://127.0.0.1:8080", ""
    key = ['-H "Authorization: Bearer $LLMOPS_API_KEY"'] if has_key else []
    model = json.dumps((verified.get("latency") or {}).get("model"))
    body = [f'-d \'{{"model": {model},', '"max_tokens": 40,', '"messages": [{"role": "user",']
    body.append('"content": "Where is the Cheshire cat?"}]}\'')
    page.command(label, ["curl", f"{url}/v1/chat/completions", "-H 'Content-Type: application/json'", *key, body])
    if key:
        page.row("", "(export LLMOPS_API_KEY first)")


def add_next(page: Page, facts: HostFacts, *, confirm: bool = True) -> None:
    """How to look at it and how to remove it."""
    kubeconfig = facts.text("llmops_sandbox_kubeconfig") or facts.text("gke_cluster_kubeconfig")
    if kubeconfig:
        page.command("look around", ["kubectl", "--kubeconfig", kubeconfig, "get all"])
    else:
        get = ["gcloud container clusters get-credentials", facts.place[2]]
        page.command("look around", [*get, f"--location {facts.place[1]}", f"--project {facts.place[0]}"])
    page.command("", facts.command.words("status"))
    sandbox = facts.variables.get("llmops_sandbox")
    confirmation = {"llmops_confirm_teardown": facts.place[2]} if confirm and not sandbox else {}
    page.command("tear down", facts.command.words("teardown", **confirmation))


def add_left_out(page: Page, facts: HostFacts) -> None:
    """Which extra variables of this run the commands above them lack."""
    left_out = facts.command.left_out
    page.row("", f"(and the same -e as now for {left_out})" if left_out else "")


def add_sandbox(page: Page, facts: HostFacts, *, apart: bool) -> None:
    """That it was simulated, and how it is done in earnest. apart: from what is told of one host."""
    sandbox = facts.variables.get("llmops_sandbox")
    if not isinstance(sandbox, Mapping):
        return
    if apart:
        page.blank()
    clone, program = facts.command.clone, facts.command.program
    if clone:
        page.row("stop it all", "make demo-down (ends the sandbox, with everything on it)")
    else:
        page.command("stop it all", facts.command.words("sandbox", llmops_sandbox_state="stopped"))
        add_left_out(page, facts)
    if program.endswith("/bin/ansible-playbook"):
        page.row("shorter", f". {program.removesuffix('ansible-playbook')}activate, then ansible-playbook is enough")
    if clone:
        page.row("for real", 'cp -r inventories/example inventories/mine, set the values marked "required", then')
        # On that inventory alone, whatever this run was on.
        page.command("", [program, "-i", "inventories/mine", facts.command.called("deploy")])
    else:
        page.row("for real", "https://github.com/llmops/llmops.gke#without-a-clone")
    page.blank()
    speed = int(float(sandbox.get("speed") or 1))
    page.line(
        f"All of this was simulated on this machine, {speed} times faster than real time: no cloud "
        "was touched, nothing was paid for, no language model ran, and the times above are the simulation's.",
        hanging=0,
    )

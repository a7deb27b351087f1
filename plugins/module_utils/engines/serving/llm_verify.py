# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_verify: finds a deployed model, asks it, measures it and reports what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import LlmopsError
from ...core.option_names import plain
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec, defaults
from ...google.options import PROJECT_READER
from ...kubernetes.wait.autoscaler import until_autoscaler_acts
from ...models.access import HOME
from ...serving.options import ENGINE, MESSAGES, SAMPLING, SERVER
from ...serving.thresholds import ThresholdBreached, check_thresholds, of_targets
from ...workflows import cluster_access
from ...workflows.cluster_access import secrets
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES
from ...workflows.fronts import read_front
from ...workflows.model_startup import pods_behind
from ...workflows.port_forward import forwarded, through_port_forward
from ...workflows.verification import Found, as_exposed, data_beside, forward_to, labels_of, require_model, url_of
from ..kubernetes import gpu_metrics_info
from . import gke_inference_quickstart_info as quickstart
from . import hf_model_info, llm_generate, llm_latency, llm_report, llm_scaling, llm_start_info

_GPU_SECONDS, _HUB_SECONDS, _BENCHMARK_SECONDS = 10, 15, 15
"""What a section of the report is worth."""

_REQUEST = ("engine", "api_key", "prompt", "messages", *SAMPLING, "timeout")
"""Options that both requests take as they are."""

_OF_LATENCY = ("warmup", "samples", "thresholds", "targets", "gpu_metrics")
"""Options that go to llm_latency as they are."""


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Prove that the model serves; see plugins/modules/llm_verify.py for options and result.

    Raises InvalidOption before any request; NotServing, AnotherModel, ExpectationFailed, HttpError.
    """
    check_thresholds({**of_targets(options["targets"]), **(options["thresholds"] or {})})
    with cluster_access.cluster_access(options, Deadline(options["timeout"])) as access:
        verification = _Verification(access, options, check, progress)
        verification.run()
        result = verification.result
        result.http_requests += access.requests
        return result


class _Verification:
    """One run, and what came of it so far."""

    def __init__(
        self, access: cluster_access.ClusterAccess, options: dict[str, Any], check: bool, progress: Progress
    ) -> None:
        self._access, self._options, self._check, self._progress = access, options, check, progress
        # Seen once, to find the model and to tell of its pods beside its latency: nothing waits between the two.
        self._pods = pods_behind(access, options)
        self.result = Result()
        self._values = self.result.values

    def run(self) -> None:
        """Find the model, ask it where somebody is to answer, and report."""
        front, found = self._look()
        self._values.update(url=found.url, labels=labels_of(front), start=plain(found.start))
        if found.sleeps_rightly:
            self.result.notes.append(found.why_asleep)
        found.require_ready()
        if not found.is_asked:
            return
        wanted = forward_to(self._options, front, found.url)
        # First, so that a fresh server's first request is seen and measured as the cold one.
        latency = self._asked(llm_latency.of_pods(self._pods), wanted, found, self._latency_options())
        where = found.url or f"Service {self._options['service']}"
        require_model(where, latency.get("model"), self._options["model"], self._options["served_name"])
        answer = self._asked(llm_generate.run, wanted, found, self._answer_options())
        answer.pop("details", None)  # A line a token, which Ansible would copy several times.
        self._values.update(latency=latency, answer=answer)
        if not self._check:
            self._report(latency, front)
        try:
            self._judge(latency, found.url, wanted)
        except LlmopsError as error:
            # The figures are worth as much as before.
            self.result.failure = error

    def _judge(self, latency: dict[str, Any], url: str, forward: dict[str, Any] | None) -> None:
        """What may fail once all is measured and reported."""
        if self._options["load"]:
            self._load(url, forward)
        if latency.get("breach"):
            raise ThresholdBreached(latency["breach"], thresholds=latency["thresholds"])
        if self._options["autoscaler"] and not self._check:
            self._scales()

    def _look(self) -> tuple[dict[str, Any] | None, Found]:
        options, front, host, start = self._options, None, "", None
        if self._pods is not None:
            front, host = read_front(self._pods, options["gateway"])
        # What is elsewhere has no pods here to look at.
        if not options["url"]:
            start = llm_start_info.look(self._pods, self._access.why)
        url = options["url"] or url_of(front, host)
        replicas, to_wake, to_deploy = options["replicas"], options["to_wake"] or "", options["to_deploy"] or ""
        return front, Found(start, url, replicas, self._check, to_wake, to_deploy)

    def _asked(
        self,
        run: Callable[[dict[str, Any], bool, Progress], Result],
        forward: dict[str, Any] | None,
        found: Found,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        """What an engine that speaks to the server finds. forward: as the option port_forward, or None for the URL."""
        if forward is None:
            result = run({**options, "url": found.url}, self._check, self._progress)
        else:
            result = forwarded(self._access, forward, run, options, self._check, self._progress)
        self.result.http_requests += result.http_requests
        self.result.warnings += result.warnings
        return result.values

    def _latency_options(self) -> dict[str, Any]:
        given = {name: self._options[name] for name in (*_REQUEST, *_OF_LATENCY)}
        if self._options["latency_parameters"] is not None:
            given["parameters"] = self._options["latency_parameters"]
        if self._options["latency_tokens"]:
            given["max_tokens"] = self._options["latency_tokens"]
        # A limit that is broken is what the report is read for.
        return {**defaults(llm_latency.SPEC), **given, "enforce": False}

    def _answer_options(self) -> dict[str, Any]:
        given = {name: self._options[name] for name in (*_REQUEST, "require_key")}
        expect = {"minimum_tokens": self._options["minimum_tokens"]}
        return {**defaults(llm_generate.SPEC), **given, "expect": expect}

    def _report(self, latency: dict[str, Any], front: dict[str, Any] | None) -> None:
        """Write the report, with what else is known. What only a section of it needs may be missing."""
        self._values["gpus"] = self._gpus() if self._options["gpu_metrics"] else []
        report = self._options["report"] or {}
        if not report.get("path"):
            return
        known = self._options["model_info"] or {}
        self._values["model"] = known if known.get("fit") is not None else self._hub(latency) or known
        asked = {
            **defaults(llm_report.SPEC),
            **report,
            "deployment": as_exposed(report.get("deployment"), front, self._options["gateway"]),
            "json_path": data_beside(report["path"]),
            "latency": latency,
            "answer": self._values["answer"],
            "model": self._values["model"],
            "benchmark": self._benchmark(latency),
            "gpu": latency.get("gpu"),
            "gpus": self._values["gpus"],
        }
        self._values["report"] = llm_report.run(asked, False, self._progress).values

    def _gpus(self) -> list[dict[str, Any]]:
        access = {name: self._options[name] for name in KUBERNETES_ACCESS}
        asked = {**defaults(gpu_metrics_info.SPEC), **access, "timeout": _GPU_SECONDS}
        found = self._if_it_can(lambda: gpu_metrics_info.run(asked, False, self._progress))
        return found.get("gpus", [])

    def _hub(self, latency: dict[str, Any]) -> dict[str, Any]:
        """What the Hub says of the model on the GPUs of the first of its pods; empty where nobody is to ask it."""
        token, endpoint = self._options["hub_token"], self._options["hub_endpoint"]
        if not token and not endpoint:
            return {}
        pod = next(iter(latency.get("pods") or []), {})
        asked = {
            **defaults(hf_model_info.SPEC),
            "engine": self._options["engine"],
            "model": self._options["model"] or latency["model"],
            "token": token,
            "endpoint": endpoint or HOME,
            "accelerator_type": pod.get("accelerator_type"),
            "machine_type": pod.get("machine_type"),
            "gpus": pod.get("gpus") or 1,
            "quantize": pod.get("quantization") or "",
            "context": latency["info"]["max_total_tokens"] or hf_model_info.CONTEXT,
            "timeout": _HUB_SECONDS,
        }
        return self._if_it_can(lambda: hf_model_info.run(asked, False, self._progress))

    def _benchmark(self, latency: dict[str, Any]) -> dict[str, Any]:
        """What Google measured on the GPUs of the first pod, and what its manifest sets otherwise; empty if unknown."""
        pods = latency.get("pods") or []
        pod = next(iter(pods), {})
        if not pod.get("accelerator_type") or not self._options["project"]:
            return {}
        access = {name: self._options[name] for name in PROJECT_READER}
        asked = {
            **defaults(quickstart.SPEC),
            **access,
            "gather": ["benchmarks", "manifests"],
            "model": self._options["model"] or latency["model"],
            "model_server": self._options["engine"],
            "accelerator_type": pod["accelerator_type"],
            "instance_type": pod["machine_type"],
            "gpus": pod["gpus"],
            "pods": pods,
            "pricing_model": "spot" if pod["spot"] else "on-demand",
            "timeout": _BENCHMARK_SECONDS,
        }
        return self._if_it_can(lambda: quickstart.run(asked, False, self._progress))

    def _if_it_can(self, look: Callable[[], Result]) -> dict[str, Any]:
        try:
            found = look()
        except LlmopsError:
            return {}
        self.result.http_requests += found.http_requests
        return found.values

    def _scales(self) -> None:
        """Wait until the autoscaler acts: its metrics begin with the requests above, and take a while to be seen."""
        deadline = Deadline(self._options["timeout"])
        # A connection of its own, as the time of the first one may be used up.
        with cluster_access.cluster_access(self._options, deadline) as access:
            namespace, name = self._options["namespace"], self._options["autoscaler"]
            try:
                until_autoscaler_acts(access.required(), namespace, name, deadline, self._progress)
            finally:
                self.result.http_requests += access.requests

    def _load(self, url: str, forward: dict[str, Any] | None) -> None:
        load, names = self._options["load"], (*KUBERNETES_ACCESS, "engine", "api_key", "namespace")
        given = {**{name: self._options[name] for name in names}, **load, "url": url, "port_forward": forward}
        # A connection of its own: it takes longer than all of the above.
        run = through_port_forward(llm_scaling.run)
        outcome = run({**defaults(llm_scaling.SPEC), **given}, self._check, self._progress)
        self.result.http_requests += outcome.http_requests
        self.result.warnings += outcome.warnings
        came = self._values["scaling"] = outcome.values
        if not self._check:
            self.result.notes.append(
                f"under load a further replica was asked for and came: {came['replicas']} serve"
                if came["arrived"]
                else f"under load no further replica came: {came['why']}"
            )


_LATENCY, _REPORT, _SCALING = (each.SPEC.argument_spec for each in (llm_latency, llm_report, llm_scaling))

SPEC = ModuleSpec(
    run=run,
    aside=frozenset({"answer", "gpus", "labels", "latency", "model", "report", "scaling", "start"}),
    warns_by_host=True,
    argument_spec={
        **ENGINE,
        **KUBERNETES_ACCESS,
        **SERVER,
        "service": {"type": "str", "required": True},
        "namespace": {"type": "str"},
        "gateway": {"type": "str"},
        "autoscaler": {"type": "str"},
        "service_port": {"type": "int"},
        "port_forward": {"type": "bool"},
        "require_key": {"type": "bool", "default": False, "no_log": False},
        "model": {"type": "str"},
        "served_name": {"type": "str"},
        "replicas": {"type": "int", "default": 1},
        "to_wake": {"type": "str"},
        "to_deploy": {"type": "str"},
        "prompt": {"type": "str"},
        **MESSAGES,
        **SAMPLING,
        "minimum_tokens": {"type": "int", "default": 1, "no_log": False},
        "latency_tokens": {"type": "int", "no_log": False},
        "latency_parameters": {"type": "dict"},
        **{name: _LATENCY[name] for name in ("warmup", "samples", "thresholds", "targets", "gpu_metrics")},
        "model_info": {"type": "dict"},
        "hub_token": {"type": "str", "no_log": True},
        "hub_endpoint": {"type": "str"},
        "report": {
            "type": "dict",
            "options": {
                name: _REPORT[name] for name in ("path", "title", "deployment", "prices", "simulated_speed", "beside")
            },
        },
        "load": {
            "type": "dict",
            "options": {name: _SCALING[name] for name in ("autoscaler", "clients", "timeout")},
        },
        "timeout": {"type": "int", "default": 900},
    },
    rules={
        **KUBERNETES_ACCESS_RULES,
        "mutually_exclusive": [*KUBERNETES_ACCESS_RULES["mutually_exclusive"], ("prompt", "messages")],
        "required_one_of": [*KUBERNETES_ACCESS_RULES["required_one_of"], ("prompt", "messages")],
    },
    secrets=secrets,
)

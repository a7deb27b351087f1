# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_report: from what other modules measured to a page and its data, and the figures for a summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ...core import files
from ...core.errors import InvalidOption, LlmopsError
from ...core.option_names import option
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...google.machine_types import read_machine_type
from ...google.prices import NoPrice, machine_price, read_prices
from ...http import json_text
from ...serving.report.document import Sources, document, short
from ...serving.report.page import page
from ...serving.report.runs import run_of

MODE = 0o644
_LONGEST = 20_000_000
"""Bytes of a report that is read again."""

LATENCY = (
    *(
        "url",
        "engine",
        "model",
        "info",
        "phases",
        "pods",
        "cold",
        "cold_reason",
        "hot",
        "samples",
        "tokens",
        "tokens_per_arrival",
    ),
    *("buffered", "cross_checks", "thresholds", "prompt_tokens", "port_forwarded"),
)
ANSWER = ("generated_text", "generated_tokens", "finish_reason", "seconds", "headers")
MODEL = ("parameters", "shape", "tokenizer", "weights_bytes", "kv_bytes_per_token", "fit", "fit_reason")
"""What of a registered result goes into the report: nothing of how the task was called."""

DEPLOYMENT = (
    *("project", "location", "cluster", "namespace", "name"),
    *("exposure", "replicas", "deployed_by", "commit"),
)
"""What may be said of the deployment itself."""


_CONTENTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "path": page,
    "json_path": lambda report: json.dumps(report, indent=2, sort_keys=True) + "\n",
}
"""What goes into the file that an option names."""


class NotWritten(LlmopsError):
    """The report could not be written."""

    kind = "report_not_written"


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Make the report; in check mode nothing is written. A report is output, not state: changed is always False."""
    targets = _targets(options)
    chosen = [_run_at(f"beside[{index}]", path) for index, path in enumerate(options["beside"] or [])]
    try:
        report = document(_sources(options, chosen, _former(targets.get("json_path"))))
        contents = {name: _CONTENTS[name](report) for name in targets}
        values = {"report": report, "short": short(report)}
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise NotWritten(
            "make the report: what was given is not what llm_latency, llm_generate, hf_model_info, inference_perf_info "
            f"and gpu_metrics_info return ({type(error).__name__}: {error}); hand over their registered results"
        ) from error
    written = []
    for name, target in () if check else targets.items():
        path = options[name]
        _write(name, path, target, contents[name])
        written.append(path)
        progress(f"written: {path}")
    return Result(values={**values, "written": written})


def _run_at(option: str, path: str) -> dict[str, Any]:
    """The run of the report that is at a path. Raises InvalidOption where there is none."""
    accepted = "the path of a report's JSON"
    try:
        return run_of(_read(files.readable(option, path, accepted)))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidOption(option, path, f"{accepted} ({why})") from error


def _former(path: str | None) -> dict[str, Any] | None:
    """The report that is overwritten; None where there is none."""
    try:
        return _read(path) if path else None
    except (OSError, ValueError):
        return None


def _read(path: str) -> dict[str, Any]:
    found = json_text.loads(files.read(path, _LONGEST))
    if not isinstance(found, dict):
        raise ValueError("it is no report")
    return found


def _sources(options: dict[str, Any], chosen: Sequence[Mapping[str, Any]], former: Mapping[str, Any] | None) -> Sources:
    latency = _given(options["latency"], "hot", LATENCY)
    return Sources(
        title=options["title"],
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        latency=latency,
        answer=_given(options["answer"], "generated_text", ANSWER),
        model=_given(options["model"], "fit", MODEL),
        load=options["load"] or None,
        gpu=options["gpu"] or None,
        gpus=options["gpus"] or None,
        benchmark=_measured_by_google(options["benchmark"]),
        deployment=options["deployment"],
        price=replica_price((latency or {}).get("pods") or options["pods"] or [], options["prices"] or {}),
        speed=options["simulated_speed"],
        beside=chosen,
        former=former,
    )


def replica_price(pods: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """``{hour, of, replicas}``: US dollars an hour of the machine with the GPUs that one replica has, what that is, and
    how many there are; None where it can't be told.

    pods: as llm_latency returns them. given: prices over the built-in ones. Raises InvalidOption for one that is no
    number.
    """
    prices = read_prices(given)
    pod = next(iter(pods), None)
    machine = (pod or {}).get("machine_type")
    if pod is None or not machine:
        return None
    shape, spot = read_machine_type(machine, None), bool(pod["spot"])
    try:
        hour = machine_price(machine, shape, pod["accelerator_type"], pod["gpus"], spot=spot, given=prices)
    except NoPrice:
        return None
    return {"hour": round(hour, 4), "of": f"a {'spot ' if spot else ''}{machine}", "replicas": len(pods)}


def _targets(options: Mapping[str, Any]) -> dict[str, str]:
    """Where the files go, by option. Raises InvalidOption for a path that cannot be."""
    targets = {name: files.writable(name, options[name]) for name in ("path", "json_path") if options[name]}
    if len(set(targets.values())) < len(targets):
        raise InvalidOption("json_path", options["json_path"], "another file than that of path")
    return targets


def _write(name: str, path: str, target: str, content: str) -> None:
    try:
        files.write(target, content, MODE, ".report-")
    except OSError as error:
        raise NotWritten(
            f"write the report to {path}: {error.strerror}; give another {option(name)}", path=path
        ) from error


def _measured_by_google(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Of a registered gke_inference_quickstart_info; None where its task was skipped or failed."""
    if not values or "unknown" not in values:
        return None
    return {name: values.get(name) for name in ("best", "unknown", "differences")}


def _given(values: Mapping[str, Any] | None, mark: str, names: tuple[str, ...]) -> dict[str, Any] | None:
    """``names`` of a registered result, or None where its task was skipped or failed before it had ``mark``.

    A task that failed because a limit was broken, or an answer was not as expected, has its figures in its error.
    """
    if not values:
        return None
    error = values.get("error") or {}
    for candidate in (values, error.get("measured"), error.get("answer")):
        if isinstance(candidate, Mapping) and mark in candidate:
            known = {**candidate, **({"thresholds": error["thresholds"]} if "thresholds" in error else {})}
            return {name: known[name] for name in names if name in known}
    return None


SPEC = ModuleSpec(
    run=run,
    argument_spec={
        "path": {"type": "path"},
        "json_path": {"type": "path"},
        "title": {"type": "str", "default": "A served language model"},
        "latency": {"type": "dict"},
        "answer": {"type": "dict"},
        "model": {"type": "dict"},
        "load": {"type": "dict"},
        "benchmark": {"type": "dict"},
        "pods": {"type": "list", "elements": "dict"},
        "gpu": {"type": "list", "elements": "dict"},
        "gpus": {"type": "list", "elements": "dict"},
        "deployment": {
            "type": "dict",
            "options": {name: {"type": "int" if name == "replicas" else "str"} for name in DEPLOYMENT},
        },
        "prices": {"type": "dict"},
        "simulated_speed": {"type": "float"},
        "beside": {"type": "list", "elements": "path"},
    },
)

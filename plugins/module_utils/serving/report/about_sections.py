# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was deployed, what fits its GPU, what it says: data in, HTML or nothing out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import charts
from .words import NOTHING, facts, gigabytes, number, seconds, section, table, text


def deployed(
    latency: Mapping[str, Any] | None, deployment: Mapping[str, Any] | None, model: Mapping[str, Any] | None
) -> str:
    """What was deployed, by what the server and its pods say of themselves, and by whom."""
    if not latency and not deployment:
        return ""
    latency, deployment = latency or {}, deployment or {}
    info = latency.get("info") or {}
    pairs = [
        ("Place", _place(deployment)),
        ("Exposure", deployment.get("exposure")),
        ("Replicas", deployment.get("replicas")),
        ("Deployed", _origin(deployment)),
        ("Model", latency.get("model")),
        ("Address", latency.get("url")),
        ("Server", " ".join(str(info[name]) for name in ("server", "version") if info.get(name))),
        ("Longest input, and with the answer", _tokens(info, ((model or {}).get("shape") or {}).get("positions"))),
    ]
    pods = latency.get("pods") or []
    rows = [
        (
            text(pod["pod"]),
            text(_machine(pod)),
            text(pod["zone"]),
            text(pod["image"]),
            text(" ".join(f"{name}={value}" for name, value in pod["settings"].items())),
        )
        for pod in pods
    ]
    placed = table(("Pod", "Machine", "Zone", "Image", "Settings"), rows, figures=False) if rows else ""
    return section(
        "deployed", "What was deployed", "As the server and its pods say it themselves.", facts(pairs), placed
    )


def _place(deployment: Mapping[str, Any]) -> str:
    """``namespace/name on location/cluster of project``, as far as it is known."""
    parts = (
        ("", "namespace", "name"),
        ("on ", "location", "cluster"),
        ("of ", "project"),
    )
    known = ((word, [deployment[name] for name in names if deployment.get(name)]) for word, *names in parts)
    return " ".join(word + "/".join(values) for word, values in known if values)


def _origin(deployment: Mapping[str, Any]) -> str:
    by, commit = deployment.get("deployed_by"), deployment.get("commit")
    return ", ".join(part for part in (by and f"by {by}", commit and f"from commit {commit}") if part)


def _tokens(info: Mapping[str, Any], own: int | None) -> str:
    """What the server takes, and beside it what the model was made for."""
    served = ""
    if info.get("max_total_tokens"):
        served = f"{info.get('max_input_tokens') or NOTHING} and {info['max_total_tokens']} tokens"
    return "; ".join(part for part in (served, own and f"the model's own limit is {own}") if part)


def _machine(pod: Mapping[str, Any]) -> str:
    gpus = f"{pod['gpus']} x {pod['accelerator_type']}" if pod["accelerator_type"] else ""
    return ", ".join(part for part in (pod["machine_type"], gpus, "spot" if pod["spot"] else "") if part)


def memory(model: Mapping[str, Any] | None) -> str:
    """What fits the GPU, and how many requests at once."""
    fit = (model or {}).get("fit")
    if not model or not fit:
        return ""
    chosen = fit["formats"][fit["format"]]
    cache = max(fit["usable_bytes"] - chosen["weights_bytes"], 0)
    reserve = fit["gpu_bytes"] - fit["usable_bytes"]
    shares = charts.shares(
        [
            ("c1", "weights", chosen["weights_bytes"], gigabytes(chosen["weights_bytes"])),
            ("c3", "cache", cache, gigabytes(cache)),
            ("c6", "kept free", reserve, gigabytes(reserve)),
        ],
        max(fit["gpu_bytes"], chosen["weights_bytes"] + reserve),
    )
    rows = [
        (
            f"<b>{name}</b>" if name == fit["format"] else name,
            gigabytes(one["weights_bytes"]),
            f"{one['kv_tokens']:,}",
            f"{one['longest_context']:,}",
            ", ".join(f"{each['requests']} x {each['context']:,}" for each in one["concurrency"][-3:]) or NOTHING,
        )
        for name, one in fit["formats"].items()
    ]
    shape = model["shape"] or {}
    why = (
        f"{number((model['parameters'] or 0) / 1e9)} billion parameters; a token takes "
        f"{model['kv_bytes_per_token']:,} bytes of cache ({text(shape.get('attention'))}). "
        "What is left beside the weights decides how long and how many requests can be at once, at the very most."
    )
    heads = ("Numbers", "weights", "tokens of cache", "longest request", "at once, at most")
    return section("memory", "What fits the GPU", why, shares, table(heads, rows))


def manifest(benchmark: Mapping[str, Any] | None) -> str:
    """What Google's generated manifest sets otherwise than the pods that serve."""
    different = (benchmark or {}).get("differences")
    if different is None:
        return ""
    rows = [(text(one["setting"]), text(one["ours"]), text(one["google"])) for one in different]
    why = (
        "What GKE Inference Quickstart generates for the same model, server and GPU, for comparison. A dash is left to "
        "the server's default."
    )
    same = "" if rows else "<p>Image, GPUs and settings are the same.</p>"
    told = table(("Setting", "here", "by Google"), rows, figures=False) if rows else same
    return section("manifest", "Beside Google's manifest", why, told)


def answer(given: Mapping[str, Any] | None) -> str:
    """What the model said."""
    if not given or not given.get("generated_text"):
        return ""
    told = f"{given['generated_tokens']} tokens in {seconds(given['seconds'])}, ended by {given['finish_reason']}"
    quote = f"<blockquote>{text(given['generated_text'].strip())}</blockquote>"
    return section("answer", "An answer", f"So that a person can see that it speaks sense: {text(told)}.", quote)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of hf_model_info: options in, Result out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import env_fallback

from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...google.accelerators import GPUS
from ...google.machine_types import read_machine_type
from ...models import memory
from ...models.access import check_access, check_model, open_hub, read_config
from ...models.metadata import Weights, has_chat_template, read_tokenizer, read_weights
from ...models.shape import Shape, read_shape
from ...serving import registry
from ...serving.options import ENGINE

CONTEXT = 4096
"""Tokens of a request and its answer, where nobody says how many."""


class DoesNotFit(LlmopsError):
    """The model does not fit the GPUs it was meant for."""

    kind = "does_not_fit"


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Read what the Hub says of a model; the same in check mode, because nothing is changed."""
    model, token = check_model(options["model"]), options["token"]
    for name in ("gpus", "context"):
        if options[name] < 1:
            raise InvalidOption(name, options[name], "1 or more")
    utilization = options["gpu_memory_utilization"]
    if utilization is not None and not 0 < utilization <= 1:
        raise InvalidOption("gpu_memory_utilization", utilization, "above 0 and at most 1")
    hub = open_hub(options["endpoint"], token, Deadline(options["timeout"]))
    try:
        access = check_access(hub, model, token)
        config = read_config(hub, model, token)
        weights = read_weights(hub, model, access.about)
        tokenizer = read_tokenizer(hub, model)
        chat = has_chat_template(hub, model, access.about)
    finally:
        hub.close()
    shape = read_shape(config)
    values = {
        "model": model,
        "gated": access.gated,
        "access": "granted",
        "revision": access.revision,
        "config": config,
        "parameters": weights.parameters,
        "tokenizer": tokenizer,
        "chat_template": chat,
        "quantization": _stored_quantization(config),
        "shape": shape.shown() if shape else None,
        "kv_bytes_per_token": memory.kv_bytes_per_token(shape) if shape else None,
        "weights_bytes": _weights_by_format(config, shape, weights),
    }
    fitted, warnings = _fitted(model, options, shape, weights.parameters, values["weights_bytes"])
    return Result(values={**values, **fitted}, warnings=warnings, http_requests=hub.sent)


def _stored_quantization(config: Mapping[str, Any]) -> str | None:
    stored = config.get("quantization_config")
    method = stored.get("quant_method") if isinstance(stored, dict) else None
    return method if isinstance(method, str) else None


def _weights_by_format(config: Mapping[str, Any], shape: Shape | None, weights: Weights) -> dict[str, int]:
    """Bytes by number format. Of weights that are stored quantised only what is stored can be told."""
    if weights.stored_bytes is None or weights.parameters is None:
        return {}
    stored = {memory.STORED: weights.stored_bytes}
    if shape is None or config.get("quantization_config"):
        return stored
    return {name: memory.weight_bytes(weights.parameters, shape, name) for name in memory.LINEAR_BYTES} | stored


def _fitted(
    model: str, options: Mapping[str, Any], shape: Shape | None, parameters: int | None, weights: dict[str, int]
) -> tuple[dict[str, Any], list[str]]:
    """What fits the GPUs, where they are given and the model tells enough; raises DoesNotFit where that is wanted."""
    accelerator, quantize = options["accelerator_type"], options["quantize"] or ""
    if accelerator is None:
        return {"fit": None, "fit_reason": "accelerator_type is not given"}, []
    if accelerator not in GPUS:
        return {"fit": None, "fit_reason": f"the memory of {accelerator} is not known"}, []
    if shape is None or not weights or parameters is None:
        unknown = "its config.json does not tell its shape" if shape is None else "the Hub does not tell its size"
        return {"fit": None, "fit_reason": f"{model}: {unknown}"}, []
    rules = registry.engine(options["engine"]).memory
    machine = read_machine_type(options["machine_type"] or "", None)
    usable = options["gpu_memory_utilization"] or rules.usable
    share = machine.gpu_share if machine else 1.0
    gpus = memory.Gpus(GPUS[accelerator], options["gpus"], usable, share, rules.reserved)
    formats = memory.fit(weights, parameters, shape, gpus, options["context"], rules.block)
    chosen = rules.format_of(quantize)
    if chosen not in formats:
        chosen = memory.STORED
    why = memory.refusal(rules, model, gpus, options["context"], formats, chosen)
    if why and options["require_fit"]:
        raise DoesNotFit(why, fit=formats)
    needless = memory.needless(rules, quantize, gpus, options["context"], formats)
    fit = {
        "fits": why is None,
        "format": chosen,
        "slow": quantize in rules.slow,
        "gpu_bytes": gpus.total_bytes,
        "usable_bytes": gpus.usable_bytes,
        "formats": formats,
    }
    return {"fit": fit, "fit_reason": why}, [needless] if needless else []


SPEC = ModuleSpec(
    run=run,
    argument_spec={
        **ENGINE,
        "model": {"type": "str", "required": True},
        "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["HF_TOKEN"])},
        "endpoint": {
            "type": "str",
            "default": "https://huggingface.co",
            "fallback": (env_fallback, ["HF_ENDPOINT"]),
        },
        "accelerator_type": {"type": "str"},
        "machine_type": {"type": "str"},
        "gpus": {"type": "int", "default": 1},
        "quantize": {"type": "str", "default": ""},
        "context": {"type": "int", "default": CONTEXT},
        "gpu_memory_utilization": {"type": "float"},
        "require_fit": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 60},
    },
)

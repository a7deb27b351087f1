# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of tgi_generate: llm_generate with TGI's own routes, parameters and words."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...serving import registry
from ...serving.engine import Answer
from ...serving.expectations import EXPECT
from ...serving.generation import generate
from ...serving.options import MESSAGES, SERVER, SERVER_RULES
from ...serving.tgi.client import ROUTES, TgiRequest
from ...serving.tgi.parameters import ARGUMENT_SPEC
from ...workflows.cluster_options import KUBERNETES_ACCESS
from ...workflows.port_forward import PORT_FORWARD, secrets, through_port_forward


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """One request for generation; in check mode ``/health`` and ``/info`` alone."""
    engine = registry.engine("tgi")
    parameters = {name: value for name, value in (options["parameters"] or {}).items() if value is not None}
    request = TgiRequest(
        prompt=options["inputs"], messages=options["messages"], parameters=parameters, route=options["route"]
    )
    engine.check(request, streaming=options["stream"])
    if (options["expect"] or {}).get("finish_reason") and parameters.get("details") is False:
        raise InvalidOption("parameters.details", False, "true, because expect.finish_reason is read from the details")
    return generate(engine, request, options, check, _finish_reason)


def _finish_reason(answer: Answer) -> str | None:
    return (answer.details or {}).get("finish_reason")


SPEC = ModuleSpec(
    run=through_port_forward(run),
    argument_spec={
        **SERVER,
        "parameters": {"type": "dict", "options": ARGUMENT_SPEC},
        **KUBERNETES_ACCESS,
        **PORT_FORWARD,
        "route": {"type": "str", "choices": list(ROUTES), "default": ROUTES[0]},
        "inputs": {"type": "str"},
        **MESSAGES,
        "stream": {"type": "bool", "default": False},
        "expect": {
            "type": "dict",
            "options": {
                **EXPECT,
                "finish_reason": {"type": "str", "choices": ["length", "eos_token", "stop_sequence"]},
            },
        },
        "timeout": {"type": "int", "default": 120},
    },
    rules={
        "mutually_exclusive": [
            ("inputs", "messages"),
            ("cluster", "kubeconfig"),
            *SERVER_RULES["mutually_exclusive"],
        ],
        "required_one_of": [("inputs", "messages"), *SERVER_RULES["required_one_of"]],
        "required_by": {"cluster": ("location",)},
    },
    secrets=secrets,
)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_generate: one prompt or one chat, streamed or not, and what is expected of its answer."""

from __future__ import annotations

from typing import Any

from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...serving import registry
from ...serving.engine import LENGTH, STOP
from ...serving.expectations import EXPECT
from ...serving.generation import generate
from ...serving.key_guard import require_key
from ...serving.options import ENGINE, MESSAGES, SAMPLING, SERVER, SERVER_RULES, read_request
from ...workflows.cluster_options import KUBERNETES_ACCESS
from ...workflows.port_forward import PORT_FORWARD, secrets, through_port_forward


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """One request for generation; in check mode the server is asked for its health and its model alone."""
    engine = registry.engine(options["engine"])
    request = read_request(options, engine, streaming=options["stream"])
    result = generate(engine, request, options, check)
    if options["require_key"] and not check:
        result.http_requests += require_key(engine, options)
    return result


SPEC = ModuleSpec(
    run=through_port_forward(run),
    argument_spec={
        **ENGINE,
        **SERVER,
        **SAMPLING,
        **KUBERNETES_ACCESS,
        **PORT_FORWARD,
        "prompt": {"type": "str"},
        **MESSAGES,
        "stream": {"type": "bool", "default": False},
        "require_key": {"type": "bool", "default": False, "no_log": False},
        "expect": {
            "type": "dict",
            "options": {**EXPECT, "finish_reason": {"type": "str", "choices": [LENGTH, STOP]}},
        },
        "timeout": {"type": "int", "default": 120},
    },
    rules={
        "mutually_exclusive": [
            ("prompt", "messages"),
            ("cluster", "kubeconfig"),
            *SERVER_RULES["mutually_exclusive"],
        ],
        "required_one_of": [("prompt", "messages"), *SERVER_RULES["required_one_of"]],
        "required_by": {"cluster": ("location",)},
    },
    secrets=secrets,
)

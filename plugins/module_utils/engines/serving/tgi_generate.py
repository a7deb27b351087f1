# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of tgi_generate: one prompt or one chat, streamed or not, and what is expected of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import HttpError
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...serving.expectations import check_expected, require_answer, require_refusal
from ...serving.latency import Sample
from ...serving.latency_run import looked
from ...serving.options import TGI_REQUEST, TGI_REQUEST_RULES
from ...serving.tgi.chat import CHAT, chat_body, chat_streamed, check_chat
from ...serving.tgi.client import ROUTES, STREAM, Answer, Stream, TgiClient, check_url, request_body
from ...serving.tgi.parameters import body_parameters, check_request
from ...workflows.cluster_options import KUBERNETES_ACCESS
from ...workflows.port_forward import PORT_FORWARD, secrets, through_port_forward


@dataclass(frozen=True)
class Ask:
    """What is asked: a prompt or a chat, its parameters, the route."""

    route: str
    inputs: str | None
    messages: list[dict[str, Any]] | None
    parameters: dict[str, Any] | None


@dataclass(frozen=True)
class Told:
    """What came back, however it was sent. timings: of a stream, by latency's definitions."""

    answer: Answer
    timings: dict[str, float | None] = field(default_factory=dict)


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """One request for generation; in check mode ``/health`` and ``/info`` alone."""
    ask, streaming = _asked(options), options["stream"]
    expected = check_expected(options["expect"], ask.parameters)
    check_url(options["url"])
    if check:
        return looked(options)
    client = TgiClient(options["url"], options["api_key"], Deadline(options["timeout"]))
    try:
        told = _streamed(client, ask) if streaming else Told(_whole(client, ask))
    except HttpError as error:
        values = {"url": client.url, **require_refusal(expected, error)}
        return Result(values=values, http_requests=client.sent)
    finally:
        client.close()
    values = _values(told, client.url)
    require_answer(expected, values, client.url)
    return Result(values=values, http_requests=client.sent)


def _asked(options: Mapping[str, Any]) -> Ask:
    """The request, checked as far as the router's rules can be known before sending."""
    parameters, messages = body_parameters(options["parameters"]), options["messages"]
    if messages is not None:
        # The router's rules hold for a chat's parameters too; its prompt is what the model's template makes of it.
        check_chat(messages, parameters)
        check_request("chat", parameters, streaming=options["stream"])
        return Ask(CHAT, None, messages, parameters)
    check_request(options["inputs"], parameters, streaming=options["stream"])
    if parameters is None:
        # As TGI itself does without parameters: it samples.
        parameters = {"do_sample": True}
    parameters.setdefault("details", True)
    return Ask(options["route"], options["inputs"], None, parameters)


def _whole(client: TgiClient, ask: Ask) -> Answer:
    if ask.messages is not None:
        return client.chat(chat_body(ask.messages, ask.parameters))
    return client.generate(ask.route, ask.inputs or "", ask.parameters)


def _streamed(client: TgiClient, ask: Ask) -> Told:
    if ask.messages is not None:
        usage = {"stream": True, "stream_options": {"include_usage": True}}
        stream = client.stream_from(CHAT, chat_body(ask.messages, ask.parameters) | usage)
        text, details = chat_streamed([event.data for event in stream.events])
    else:
        body = request_body(ask.inputs or "", ask.parameters)
        route, extra = (STREAM, {}) if ask.route == "/generate" else (ask.route, {"stream": True})
        stream = client.stream_from(route, body | extra)
        last = stream.events[-1].data
        text, details = last.get("generated_text") or "", last.get("details")
    return Told(Answer(text, details, {}, stream.events[-1].at - stream.sent), _timings(stream, details))


def _timings(stream: Stream, details: Mapping[str, Any] | None) -> dict[str, float | None]:
    """Time to the first token, and a token after it where the server counted them."""
    tokens = (details or {}).get("generated_tokens")
    sample = Sample(stream.sent, tuple(event.at for event in stream.events), tokens or len(stream.events))
    tpot = sample.tpot if tokens else None
    return {"ttft_seconds": round(sample.ttft, 6), "tpot_seconds": None if tpot is None else round(tpot, 6)}


def _values(told: Told, url: str) -> dict[str, Any]:
    answer = told.answer
    tokens = answer.tokens
    return {
        "reachable": True,
        "url": url,
        "status": 200,
        "generated_text": answer.text,
        "generated_tokens": tokens,
        "finish_reason": (answer.details or {}).get("finish_reason"),
        "seconds": round(answer.seconds, 6),
        "seconds_per_token": round(answer.seconds / tokens, 6) if tokens else None,
        "ttft_seconds": None,
        "tpot_seconds": None,
        **told.timings,
        "headers": answer.headers,
        "details": answer.details,
    }


SPEC = ModuleSpec(
    run=through_port_forward(run),
    argument_spec={
        **TGI_REQUEST,
        **KUBERNETES_ACCESS,
        **PORT_FORWARD,
        "route": {"type": "str", "choices": list(ROUTES), "default": "/generate"},
        "inputs": {"type": "str"},
        "messages": {
            "type": "list",
            "elements": "dict",
            "options": {
                "role": {"type": "str", "choices": ["user", "assistant", "system"], "required": True},
                "content": {"type": "str", "required": True},
            },
        },
        "stream": {"type": "bool", "default": False},
        "expect": {
            "type": "dict",
            "options": {
                "status": {"type": "int"},
                "minimum_tokens": {"type": "int", "no_log": False},
                "finish_reason": {"type": "str", "choices": ["length", "eos_token", "stop_sequence"]},
                "pattern": {"type": "str"},
            },
        },
        "timeout": {"type": "int", "default": 120},
    },
    rules={
        "mutually_exclusive": [
            ("inputs", "messages"),
            ("cluster", "kubeconfig"),
            *TGI_REQUEST_RULES["mutually_exclusive"],
        ],
        "required_one_of": [("inputs", "messages"), *TGI_REQUEST_RULES["required_one_of"]],
        "required_by": {"cluster": ("location",)},
    },
    secrets=secrets,
)

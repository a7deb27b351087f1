# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of vLLM's routes: read by the types that its OpenAPI document names, and its refusals of others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_INTEGER, _NUMBER, _BOOLEAN, _STRING = "int", "float", "bool", "string"
_FIELDS = {
    "model": _STRING,
    "max_tokens": _INTEGER,
    "max_completion_tokens": _INTEGER,
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "top_k": _INTEGER,
    "min_p": _NUMBER,
    "n": _INTEGER,
    "seed": _INTEGER,
    "presence_penalty": _NUMBER,
    "frequency_penalty": _NUMBER,
    "repetition_penalty": _NUMBER,
    "min_tokens": _INTEGER,
    "top_logprobs": _INTEGER,
    "prompt_logprobs": _INTEGER,
    "ignore_eos": _BOOLEAN,
    "stream": _BOOLEAN,
    "echo": _BOOLEAN,
    "include_stop_str_in_output": _BOOLEAN,
    "skip_special_tokens": _BOOLEAN,
}
_TYPES = {
    _INTEGER: (int, "int_parsing", "Input should be a valid integer"),
    _NUMBER: ((int, float), "float_parsing", "Input should be a valid number"),
    _BOOLEAN: (bool, "bool_parsing", "Input should be a valid boolean"),
    _STRING: (str, "string_type", "Input should be a valid string"),
}
_NOT_SIMULATED = (
    "tools",
    "tool_choice",
    "response_format",
    "structured_outputs",
    "logit_bias",
    "suffix",
    "prompt_embeds",
    "prompt_logprobs",
    "use_beam_search",
    "chat_template",
    "bad_words",
    "allowed_token_ids",
    "truncate_prompt_tokens",
)
MOST_STOPS = 4


class Refused(Exception):
    """The server's refusal: status and the parts of its body."""

    def __init__(
        self, status: int, message: str, kind: str = "BadRequestError", param: str | None = None, value: Any = None
    ) -> None:
        told = message if value is None else f"{message} (parameter={param}, value={value})"
        super().__init__(told)
        self.status, self.kind, self.param = status, kind, param

    def body(self) -> dict[str, Any]:
        """Return the API's form."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.status}}


class NotSimulated(Exception):
    """A request that vLLM would take and the sandbox does not play; the message names what."""


@dataclass(frozen=True)
class Wanted:
    """One request. prompts: texts; of a chat the one that its template makes. most: None where it was left out."""

    chat: bool
    prompts: tuple[str, ...]
    body: dict[str, Any]
    most: int | None
    stop: tuple[str, ...]

    def get(self, name: str, default: Any = None) -> Any:
        """A field's value; null is as good as left out."""
        value = self.body.get(name)
        return default if value is None else value

    @property
    def stream(self) -> bool:
        """Whether the answer is to come in pieces."""
        return bool(self.body.get("stream"))

    def stream_option(self, name: str) -> bool:
        """Whether an option of the stream is on."""
        return bool((self.body.get("stream_options") or {}).get(name))


def read_json(data: bytes) -> dict[str, Any]:
    """Return the object in a body; raises Refused."""
    try:
        body = json.loads(data)
    except ValueError as error:
        found = getattr(error, "msg", "Expecting value")
        raise _invalid(
            [{"type": "json_invalid", "loc": "body.0", "msg": "JSON decode error", "input": "<dict of 0 items>"}
             | {"ctx": {"error": found}}]
        ) from None  # fmt: skip
    if not isinstance(body, dict):
        raise _invalid(
            [
                {
                    "type": "model_attributes_type",
                    "loc": "body",
                    "msg": "Input should be a valid dictionary or object to extract fields from",
                    "input": _shown(body),
                }
            ]
        )
    return body


def read_completion(body: dict[str, Any]) -> Wanted:
    """Return the request in a body of ``/v1/completions``."""
    stop = _checked(body)
    prompt = body.get("prompt")
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not isinstance(prompts, list) or not prompts:
        raise Refused(400, "Either prompt or prompt_embeds must be provided and non-empty.")
    if not all(isinstance(one, str) for one in prompts):
        raise NotSimulated("prompts of token ids")
    return Wanted(False, tuple(prompts), body, body.get("max_tokens"), stop)


def read_chat(body: dict[str, Any], template: bool) -> Wanted:
    """Return the request in a body of ``/v1/chat/completions``.

    :param template: whether the model has a chat template.
    """
    stop = _checked(body)
    messages = body.get("messages")
    if not isinstance(messages, list):
        kind, told = (
            ("missing", "Field required") if messages is None else ("list_type", "Input should be a valid list")
        )
        raise _invalid([{"type": kind, "loc": "body.messages", "msg": told, "input": _shown(messages or body)}])
    if not template:
        raise Refused(
            400,
            "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template "
            "if the tokenizer does not define one.",
        )
    if not messages:
        raise Refused(400, "Cannot apply chat template to an empty conversation. Provide at least one message.")
    most = body.get("max_completion_tokens")
    return Wanted(True, (_templated(messages),), body, body.get("max_tokens") if most is None else most, stop)


def _templated(messages: list[dict[str, Any]]) -> str:
    """The prompt that a template of one line a message makes, with every role; BOS is part of it."""
    parts = []
    for message in messages:
        content = message.get("content") or ""
        if not isinstance(content, str):
            if any(part.get("type") != "text" for part in content):
                raise NotSimulated("images in messages")
            content = "".join(part["text"] for part in content)
        parts.append(f"{message.get('role')} {content}\n")
    return "".join(parts) + "assistant "


def _checked(body: dict[str, Any]) -> tuple[str, ...]:
    """Types of the fields; returns the stop strings."""
    for name in _NOT_SIMULATED:
        if body.get(name):
            raise NotSimulated(name)
    wrong = []
    for name, kind in _FIELDS.items():
        value = body.get(name)
        wanted, code, told = _TYPES[kind]
        if value is None or (isinstance(value, wanted) and not (isinstance(value, bool) and kind != _BOOLEAN)):
            continue
        wrong.append({"type": code, "loc": f"body.{name}", "msg": told, "input": _shown(value)})
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if isinstance(stop, list) and len(stop) > MOST_STOPS:
        shown = _shown(stop)
        wrong.append(
            {"type": "string_type", "loc": "body.stop", "msg": "Input should be a valid string", "input": shown}
        )
        context = {"field_type": "List", "max_length": MOST_STOPS, "actual_length": len(stop)}
        told = f"List should have at most {MOST_STOPS} items after validation, not {len(stop)}"
        wrong.append({"type": "too_long", "loc": "body.stop", "msg": told, "input": shown, "ctx": context})
    if wrong:
        raise _invalid(wrong)
    return tuple(stops)


def _invalid(errors: list[dict[str, Any]]) -> Refused:
    """As the web framework tells of them: one a line, in Python's own form."""
    count = f"{len(errors)} validation error{'s' if len(errors) > 1 else ''}"
    lines = "\n".join(f"  {error}" for error in errors)
    return Refused(400, f"{count}:\n{lines}", "Bad Request", errors[0]["loc"])


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"<{type(value).__name__} of {len(value)} items>"
    return value

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A body of ``/generate``: read as strictly as TGI's web framework reads it, before the router's own rules."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

_BITS = {"i32": (-(2**31), 2**31 - 1), "u32": (0, 2**32 - 1), "u64": (0, 2**64 - 1), "usize": (0, 2**64 - 1)}


class BodyRefused(Exception):
    """The framework's refusal: a status and plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class NotSimulated(Exception):
    """A request that TGI would take and the sandbox does not play; the message names what."""


def _typed(kind: str, default: Any = None) -> Any:
    return field(default=default, metadata={"kind": kind})


@dataclass(frozen=True)
class Parameters:
    """TGI's GenerateParameters. A kind that ends in ``?`` may be null."""

    best_of: int | None = _typed("usize?")
    temperature: float | None = _typed("f32?")
    repetition_penalty: float | None = _typed("f32?")
    frequency_penalty: float | None = _typed("f32?")
    top_k: int | None = _typed("i32?")
    top_p: float | None = _typed("f32?")
    typical_p: float | None = _typed("f32?")
    do_sample: bool = _typed("bool", False)
    max_new_tokens: int | None = _typed("u32?")
    return_full_text: bool | None = _typed("bool?")
    stop: tuple[str, ...] = _typed("[str]", ())
    truncate: int | None = _typed("usize?")
    watermark: bool = _typed("bool", False)
    details: bool = _typed("bool", False)
    decoder_input_details: bool = _typed("bool", False)
    seed: int | None = _typed("u64?")
    top_n_tokens: int | None = _typed("u32?")

    @property
    def samples(self) -> bool:
        """Whether the answer may differ from call to call: asked for, or implied by a sampling parameter."""
        return self.do_sample or any(
            value is not None for value in (self.temperature, self.top_k, self.top_p, self.typical_p)
        )


@dataclass(frozen=True)
class GenerateRequest:
    """What a client asks for."""

    inputs: str
    parameters: Parameters = field(default_factory=lambda: Parameters(do_sample=True))
    stream: bool = False


def read_json(content_type: str, data: bytes) -> dict[str, Any]:
    """Return the object in a body.

    :raises BodyRefused: 415 for another content type, 400 for what is no JSON, 422 for JSON that is no object.
    """
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise BodyRefused(415, "Expected request with `Content-Type: application/json`")
    try:
        body = json.loads(data)
    except ValueError as error:
        raise BodyRefused(400, f"Failed to parse the request body as JSON: {error}") from None
    if not isinstance(body, dict):
        raise _refused("", f"invalid type: {_shown(body)}, expected struct")
    return body


def read_generate(body: dict[str, Any]) -> GenerateRequest:
    """Return the request in a body of ``/generate``, ``/generate_stream`` or ``/``.

    :raises BodyRefused: 422 for a missing ``inputs`` or a value of another type.
    :raises NotSimulated: for a grammar or an adapter.
    """
    if "inputs" not in body:
        raise _refused("", "missing field `inputs`")
    inputs = _checked("inputs", "str", body["inputs"])
    stream = _checked("stream", "bool", body.get("stream", False))
    given = body.get("parameters")
    if "parameters" not in body:
        return GenerateRequest(inputs, stream=stream)
    if not isinstance(given, dict):
        raise _refused("parameters", f"invalid type: {_shown(given)}, expected struct GenerateParameters")
    for name in ("grammar", "adapter_id"):
        if given.get(name) is not None:
            raise NotSimulated(f"parameters.{name}")
    values = {
        wanted.name: _checked(f"parameters.{wanted.name}", wanted.metadata["kind"], given[wanted.name])
        for wanted in fields(Parameters)
        if wanted.name in given
    }
    return GenerateRequest(inputs, Parameters(**values), stream)


def _checked(where: str, kind: str, value: Any) -> Any:
    if kind.endswith("?"):
        if value is None:
            return None
        kind = kind[:-1]
    if kind == "bool":
        if not isinstance(value, bool):
            raise _refused(where, f"invalid type: {_shown(value)}, expected a boolean")
        return value
    if kind == "str":
        if not isinstance(value, str):
            raise _refused(where, f"invalid type: {_shown(value)}, expected a string")
        return value
    if kind == "[str]":
        if not isinstance(value, list):
            raise _refused(where, f"invalid type: {_shown(value)}, expected a sequence")
        return tuple(_checked(f"{where}[{index}]", "str", item) for index, item in enumerate(value))
    if kind == "f32":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _refused(where, f"invalid type: {_shown(value)}, expected f32")
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refused(where, f"invalid type: {_shown(value)}, expected {kind}")
    least, most = _BITS[kind]
    if not least <= value <= most:
        raise _refused(where, f"invalid value: {_shown(value)}, expected {kind}")
    return value


def _refused(where: str, why: str) -> BodyRefused:
    place = f"{where}: " if where else ""
    return BodyRefused(422, f"Failed to deserialize the JSON body into the target type: {place}{why}")


def _shown(value: Any) -> str:
    """Name a value as serde does."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f'string "{value}"'
    return "sequence" if isinstance(value, list) else "map"

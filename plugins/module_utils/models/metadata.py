# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Hub's documents say of a model beyond its config.json: parameters, stored bytes, the tokenizer's kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..core.errors import HttpError
from ..http.answers import BEGINNING, NUMBER, OBJECT, TEXT, Shape
from ..http.session import HttpSession

INDEX = "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG, TEMPLATE = "tokenizer_config.json", "chat_template.jinja"
TOKENIZER_HEAD = 65_535
"""A tokenizer.json is megabytes of vocabulary; what tells its kind stands before that."""

_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "BF16": 2, "F16": 2, "I16": 2}
"""Bytes of a safetensors number; every other kind (F8_E4M3, I8, U8, BOOL) has one."""

_SIXTEEN_BITS = 2


@dataclass(frozen=True)
class Weights:
    """parameters: None where neither the Hub's page nor an index tells. stored_bytes: of the files, likewise."""

    parameters: int | None
    stored_bytes: int | None


def read_weights(hub: HttpSession, model: str, about: Mapping[str, Any]) -> Weights:
    """How many parameters a model has: by the Hub's summary of its safetensors files, else by their index.

    An index tells bytes; they are taken for 16-bit numbers unless it names the parameters itself.
    """
    counted = (about.get("safetensors") or {}).get("parameters")
    if counted:
        return Weights(sum(counted.values()), sum(count * _BYTES.get(kind, 1) for kind, count in counted.items()))
    index = _file(hub, model, INDEX, {"metadata": {"total_size": NUMBER, "total_parameters": NUMBER}})
    metadata = (index or {}).get("metadata", {})
    size = metadata.get("total_size")
    if not size:
        return Weights(None, None)
    return Weights(int(metadata.get("total_parameters") or size // _SIXTEEN_BITS), int(size))


def read_tokenizer(hub: HttpSession, model: str) -> dict[str, Any]:
    """``{type, byte_fallback}`` of tokenizer.json; None for what it does not say within its first 64 kB."""
    text = _file(hub, model, TOKENIZER, BEGINNING, {"Range": f"bytes=0-{TOKENIZER_HEAD}"}) or ""
    text = text[:TOKENIZER_HEAD]
    body = text[match.end() :] if (match := re.search(r'"model"\s*:\s*\{', text)) else ""
    body = body.partition('"vocab"')[0]
    kind = re.search(r'"type"\s*:\s*"(\w+)"', body)
    fallback = re.search(r'"byte_fallback"\s*:\s*(true|false)', body)
    return {"type": kind[1] if kind else None, "byte_fallback": fallback[1] == "true" if fallback else None}


def has_chat_template(hub: HttpSession, model: str, about: Mapping[str, Any]) -> bool:
    """Whether the model formats chats: by the Hub's page, else by the tokenizer's configuration or its own file."""
    told = (about.get("config") or {}).get("tokenizer_config")
    if told:
        return bool(told.get("chat_template") or told.get("chat_template_jinja"))
    files = {file["rfilename"] for file in about.get("siblings") or ()}
    if files and not files & {TOKENIZER_CONFIG, TEMPLATE}:
        return False
    config = _file(hub, model, TOKENIZER_CONFIG, OBJECT) or {}
    return bool(config.get("chat_template")) or _file(hub, model, TEMPLATE, TEXT) is not None


def _file(hub: HttpSession, model: str, name: str, want: Shape, headers: dict[str, str] | None = None) -> Any:
    """A file's content, None where the repository has none of this name."""
    try:
        return hub.request("GET", _path(model, name), doing=f"read {name} of {model}", headers=headers, want=want).body
    except HttpError as error:
        if error.status == 404:
            return None
        raise


def _path(model: str, name: str) -> str:
    return f"/{quote(model)}/resolve/main/{name}"

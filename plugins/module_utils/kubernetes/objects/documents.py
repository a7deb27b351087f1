# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents: manifests as they come, in dictionaries, YAML text and files, checked before anything is sent."""

from __future__ import annotations

import base64
import copy
import functools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...core import files, yaml_text
from ...core.errors import InvalidOption, MissingLibrary
from .masking import is_secret, secret_strings

try:
    import yaml
except ImportError as error:
    yaml = None
    YAML_ERROR: Exception | None = error
else:
    YAML_ERROR = None

_MANIFESTS = "files with manifests"


@dataclass(frozen=True)
class Document:
    """A manifest as it came; source says where from, for errors. create_only: an object that is there is left alone."""

    source: str
    body: dict[str, Any]
    create_only: bool = False


def load(manifests: Iterable[Any], paths: Iterable[str]) -> list[Document]:
    """The documents in ``manifests`` (dictionaries, or YAML text of one or more documents) and in files,
    or in those of a directory.

    Lists (kind List) are taken apart, empty documents left out. Raises InvalidOption for what cannot be a manifest;
    its message never repeats a value of a Secret.
    """
    documents: list[Document] = []
    for index, given in enumerate(manifests):
        source = f"manifests[{index}]"
        if isinstance(given, str):
            documents += _documents(source, _parse(source, given))
        else:
            documents += _documents(source, [given])
    for path in _files(paths):
        documents += _documents(f"src {path}", _parse(f"src {path}", _text_of(path)))
    return documents


def secrets(manifests: Iterable[Any], paths: Iterable[str]) -> set[str]:
    """Every string by which a Secret among them could give itself away; text that cannot be read is hidden whole."""
    found: set[str] = set()
    for given in manifests:
        try:
            bodies = list(_parse("manifests", given)) if isinstance(given, str) else [given]
        except InvalidOption:
            found.add(given)
            continue
        found |= _secrets_of(bodies)
    for path in _files(paths):
        try:
            found |= _secrets_of(_parse(path, _text_of(path)))
        except InvalidOption:
            # Refused by load(), in words that repeat nothing of it.
            continue
    return found


def _secrets_of(bodies: Iterable[Any]) -> set[str]:
    found: set[str] = set()
    for body in bodies:
        if isinstance(body, dict):
            items = body.get("items")
            found |= secret_strings(body) | (_secrets_of(items) if isinstance(items, list) else set())
    return found


def _files(paths: Iterable[str]) -> Iterator[str]:
    """The paths, those of directories replaced by the manifests in them, by name (as kubectl does; not below)."""
    for path in paths:
        if os.path.isdir(path):
            yield from (
                os.path.join(path, name) for name in _names_in(path) if name.endswith((".yaml", ".yml", ".json"))
            )
        else:
            yield path


def _names_in(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError as error:
        raise InvalidOption("src", directory, f"{_MANIFESTS} ({error.strerror})") from error


def _text_of(path: str) -> str:
    try:
        with open(files.readable("src", path, _MANIFESTS), encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InvalidOption("src", path, f"{_MANIFESTS} ({reason})") from error


def _parse(source: str, text: str) -> Iterator[Any]:
    if yaml is None:
        raise MissingLibrary("PyYAML", YAML_ERROR)
    try:
        yield from copy.deepcopy(_bodies(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the text"
        problem = getattr(error, "problem", None) or "not YAML"
        # YAML's own message quotes the text, which may be a Secret's.
        raise InvalidOption(source, where, f"manifests in YAML ({problem})") from error


@functools.lru_cache(maxsize=32)
def _bodies(text: str) -> list[Any]:
    """Each text is read twice, for what it has and for what must be hidden of it, and PyYAML takes its time."""
    return yaml_text.read_all(text)


def _documents(source: str, bodies: Iterable[Any]) -> Iterator[Document]:
    for number, body in enumerate(bodies, start=1):
        place = source if number == 1 else f"{source} document {number}"
        if body is None:
            continue
        if isinstance(body, dict) and body.get("apiVersion") == "v1" and body.get("kind") == "List":
            yield from _documents(f"{place} items", body.get("items") or [])
        else:
            yield Document(place, _checked(place, body))


def _checked(source: str, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidOption(source, type(body).__name__, "a mapping with apiVersion, kind and metadata.name")
    metadata = body.get("metadata") if isinstance(body.get("metadata"), dict) else {}
    for field, value in (("apiVersion", body.get("apiVersion")), ("kind", body.get("kind"))):
        if not isinstance(value, str) or not value:
            raise InvalidOption(f"{source} {field}", value, "text, as in every manifest")
    if not isinstance(metadata.get("name"), str) or not metadata["name"]:
        kind = body["kind"]
        raise InvalidOption(f"{source} metadata.name", metadata.get("name"), f"the {kind}'s name (generateName cannot)")
    if metadata.get("managedFields"):
        raise InvalidOption(f"{source} metadata.managedFields", "a list", "nothing: leave out what the server keeps")
    return _plain_secret(source, body) if is_secret(body) else body


def _plain_secret(source: str, body: dict[str, Any]) -> dict[str, Any]:
    """The Secret with stringData folded into data.

    stringData is write-only: applied as it is, a key that is later left out would stay in data for ever, and
    nothing could be compared.
    """
    data = dict(_mapping(source, body, "data"))
    for key, value in tuple(data.items()):
        try:
            # Line breaks inside are allowed, as in a YAML block.
            data[key] = "".join(value.split())
            base64.b64decode(data[key], validate=True)
        except (AttributeError, ValueError) as error:
            accepted = "text in base64; plain text belongs in stringData"
            raise InvalidOption(f"{source} data.{key}", "(hidden)", accepted) from error
    for key, value in _mapping(source, body, "stringData").items():
        if not isinstance(value, str):
            raise InvalidOption(f"{source} stringData.{key}", "(hidden)", "text; quote numbers and booleans")
        data[key] = base64.b64encode(value.encode()).decode()
    plain = {key: value for key, value in body.items() if key not in ("data", "stringData")}
    return {**plain, "data": data} if data else plain


def _mapping(source: str, body: dict[str, Any], field: str) -> dict[str, Any]:
    value = body.get(field)
    if value is not None and not isinstance(value, dict):
        raise InvalidOption(f"{source} {field}", "(hidden)", "a mapping of keys to values")
    return value or {}

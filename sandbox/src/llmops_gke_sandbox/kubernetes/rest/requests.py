# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an HTTP request says beside its path: body, options, the forms of answers it takes."""

from __future__ import annotations

import json

import yaml
from aiohttp import web

from llmops_gke_sandbox.kubernetes.apply.patches import APPLY, JSON, MERGE, STRATEGIC
from llmops_gke_sandbox.kubernetes.errors import ApiError, bad_request, flag, invalid_options
from llmops_gke_sandbox.kubernetes.go_values import go_json_problem
from llmops_gke_sandbox.kubernetes.options import WriteOptions, write_causes
from llmops_gke_sandbox.kubernetes.rest import protobuf
from llmops_gke_sandbox.kubernetes.rest.paths import Target
from llmops_gke_sandbox.kubernetes.rest.representations import Form

_YAML = ("application/yaml", "application/x-yaml", APPLY)


class _YamlLoader(yaml.SafeLoader):
    """YAML as the server reads it: what looks like a time is text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def form_of(request: web.Request) -> Form:
    """Return the form in which the client wants objects: whole, or as rows of a table."""
    return Form.of(request.headers.get("Accept", ""), request.query.get("includeObject"))


def written(body: dict, options: WriteOptions, status: int = 200) -> web.Response:
    """Return the answer to a write, with the warnings that it gave rise to."""
    response = web.json_response(body, status=status)
    for warning in options.warnings:
        text = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{text}"')
    return response


def write_options(request: web.Request) -> WriteOptions:
    """Return the options of a write.

    :raises ApiError: 422 for values that the server does not know.
    """
    query = request.query
    causes = list(write_causes(query, request.content_type if request.method == "PATCH" else None))
    if causes:
        raise invalid_options(f"{_OPTIONS[request.method]}.meta.k8s.io", causes)
    return WriteOptions(
        manager=query.get("fieldManager") or request.headers.get("User-Agent", "unknown").split("/")[0][:128],
        force=flag(query, "force"),
        dry_run=bool(query.get("dryRun")),
        validation=query.get("fieldValidation") or "Warn",
    )


_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}


def patch_form(request: web.Request, target: Target) -> str:
    """Return the media type of a patch.

    :raises ApiError: 415 for one that the kind does not take.
    """
    known = (APPLY, MERGE, JSON) if target.kind.custom is not None else (APPLY, MERGE, JSON, STRATEGIC)
    if request.content_type not in known:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    return request.content_type


async def body_of(request: web.Request, kind: str = "") -> object:
    """Return the decoded body, None if there is none.

    :param kind: of the object that the body should hold; empty where it is none.
    :raises ApiError: 400 if it can't be read.
    """
    raw = await request.read()
    if request.content_type == APPLY:
        return _applied(raw)
    if not raw and not kind:
        return None
    if request.content_type == protobuf.CONTENT_TYPE:
        return protobuf.read(raw)
    try:
        return yaml.load(raw, _YamlLoader) if request.content_type in _YAML and raw[:1] != b"{" else json.loads(raw)
    except json.JSONDecodeError as error:
        raise bad_request(_unreadable(request, kind, raw, go_json_problem(error))) from None
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"the object provided is unrecognized: {' '.join(str(error).split())}") from None


def _applied(raw: bytes) -> object:
    try:
        found = yaml.load(raw, _YamlLoader)
    except yaml.YAMLError as error:
        text = " ".join(str(error).split())
        raise bad_request(f"error decoding YAML: error converting YAML to JSON: yaml: {text}") from None
    if isinstance(found, dict | None):
        return found or {}
    got = "array" if isinstance(found, list) else "string" if isinstance(found, str) else "number"
    text = f"json: cannot unmarshal {got} into Go value of type map[string]interface {{}}"
    raise bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {text}")


def _unreadable(request: web.Request, kind: str, raw: bytes, problem: str) -> str:
    if request.method == "PATCH":
        return problem if request.content_type == STRATEGIC else f"error decoding patch: {problem}"
    shown = raw.decode(errors="replace")
    shown = f"{shown[:_SHOWN]} ..." if len(shown) > _SHOWN else shown or "<empty>"
    of_type = f" (must be of type {kind})" if kind else ""
    unrecognized = f"the object provided is unrecognized{of_type}: couldn't get version/kind"
    return f"{unrecognized}; json parse error: {problem} ({shown})"


_SHOWN = 30

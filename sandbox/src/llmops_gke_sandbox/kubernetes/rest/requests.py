"""What an HTTP request says beside its path: body, options, the forms of answers it takes."""

from __future__ import annotations

import json

import yaml
from aiohttp import web

from ..errors import ApiError, bad_request
from ..options import WriteOptions
from ..patches import APPLY, JSON, MERGE, STRATEGIC
from . import protobuf
from .forms import Form
from .paths import Target

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

    :raises ApiError: 400 for values that the server does not know.
    """
    query = request.query
    dry_run = query.get("dryRun", "")
    if dry_run not in ("", "All"):
        raise bad_request(f'dryRun: Unsupported value: "{dry_run}": supported values: "All"')
    validation = query.get("fieldValidation") or "Warn"
    if validation not in ("Ignore", "Warn", "Strict"):
        raise bad_request(
            f'fieldValidation: Unsupported value: "{validation}": supported values: "Ignore", "Strict", "Warn"'
        )
    named = query.get("fieldManager", "")
    return WriteOptions(
        manager=named or request.headers.get("User-Agent", "unknown").split("/")[0][:128],
        given_manager=bool(named),
        force=query.get("force") in ("true", "1"),
        dry_run=bool(dry_run),
        validation=validation,
    )


def patch_form(request: web.Request, target: Target) -> str:
    """Return the media type of a patch.

    :raises ApiError: 415 for one that the kind does not take.
    """
    known = (APPLY, MERGE, JSON) if target.kind.custom is not None else (APPLY, MERGE, JSON, STRATEGIC)
    if request.content_type not in known:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    return request.content_type


async def body_of(request: web.Request) -> object:
    """Return the decoded body, None if there is none.

    :raises ApiError: 400 if it can't be read.
    """
    raw = await request.read()
    if not raw:
        return None
    if request.content_type == protobuf.CONTENT_TYPE:
        return protobuf.read(raw)
    try:
        return yaml.load(raw, _YamlLoader) if request.content_type in _YAML and raw[:1] != b"{" else json.loads(raw)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"the object provided is unrecognized: {' '.join(str(error).split())}") from None

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hub's HTTP API: model information and small files.

Headers and error codes are those that huggingface_hub reads (X-Repo-Commit, ETag, X-Error-Code, X-Error-Message).
"""

from __future__ import annotations

import hashlib
import json
import re

from aiohttp import web

from llmops_gke_sandbox.huggingface.hub import Hub, Model
from llmops_gke_sandbox.huggingface.tokenizer_files import tokenizer_config, tokenizer_json, tokenizer_settings

_DATE = "2024-03-15T18:47:53.000Z"
_INDEX, _CONFIG = "model.safetensors.index.json", "config.json"
_TOKENIZER, _TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
_WEIGHTS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


class HubApi:
    """Answers /huggingface/…"""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the Hub's application."""
        model = "{organisation:[^/]+}/{name:[^/]+}"
        return [
            web.get(f"/api/models/{model}", self._information),
            web.get(f"/api/models/{model}/auth-check", self._check_access),
            web.get(f"/api/models/{model}/revision/{{revision}}", self._information),
            web.get(f"/{model}/resolve/{{revision}}/{{file:.+}}", self._file),
        ]

    async def _information(self, request: web.Request) -> web.Response:
        """Anyone may read about a gated model; a token that is nobody's may not."""
        name, token = _model_name(request), _token(request)
        if token is not None and not self._hub.known_token(token, name):
            return _bad_token()
        model = self._hub.model(name)
        if model is None:
            return _not_found(token)
        if (revision := request.match_info.get("revision", "main")) not in ("main", _commit(model)):
            return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return web.json_response(
            {
                "_id": _commit(model)[:24],
                "id": name,
                "modelId": name,
                "author": name.partition("/")[0],
                "sha": _commit(model),
                "createdAt": _DATE,
                "lastModified": _DATE,
                "private": False,
                "gated": "auto" if model.gated else False,
                "disabled": False,
                "downloads": 0,
                "likes": 0,
                "tags": ["transformers", "safetensors", "text-generation"],
                "pipeline_tag": "text-generation",
                "library_name": "transformers",
                "config": {key: model.config[key] for key in ("architectures", "model_type") if key in model.config}
                | {"tokenizer_config": tokenizer_settings(model.chat_template)},
                "safetensors": {"parameters": model.stored, "total": sum(model.stored.values())},
                "siblings": [
                    {"rfilename": file} for file in (_CONFIG, _INDEX, _TOKENIZER, _TOKENIZER_CONFIG, *_WEIGHTS)
                ],
            }
        )

    async def _file(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        name = _model_name(request)
        model, file = self._hub.model(name), request.match_info["file"]
        if request.match_info["revision"] not in ("main", _commit(model)):
            return _error(404, "RevisionNotFound", f"Invalid rev id: {request.match_info['revision']}")
        if file in _WEIGHTS:
            return _error(501, "NotImplemented", f"the sandbox has no weights; {file} can't be downloaded")
        content = _content(model, file, self._hub.size_bytes(name))
        if content is None:
            return _error(404, "EntryNotFound", "Entry not found")
        headers = {"X-Repo-Commit": _commit(model), "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
        return web.Response(body=content, content_type="text/plain", charset="utf-8", headers=headers)

    async def _check_access(self, request: web.Request) -> web.Response:
        return self._refusal(request) or web.json_response({})

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer to a caller who may not have a model's files, None for one who may."""
        name, token = _model_name(request), _token(request)
        refusals = {
            "unauthorized": _bad_token,
            "not_found": lambda: _not_found(token),
            "gated": lambda: _gated(name, token),
        }
        refuse = refusals.get(self._hub.access(name, token))
        return refuse() if refuse else None


@web.middleware
async def hub_errors(request: web.Request, handler) -> web.StreamResponse:
    """Answer a path that nothing plays with 501 and its name."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return _error(501, "NotImplemented", f"the sandbox does not implement {request.method} {request.path}")


def _content(model: Model, file: str, size: int) -> bytes | None:
    if file == _CONFIG:
        return json.dumps(model.config, indent=2).encode()
    if file == _INDEX:
        # Which tensor lies in which file is left out: no client of the sandbox opens the weights.
        return json.dumps({"metadata": {"total_size": size}, "weight_map": {}}, indent=2).encode()
    if file == _TOKENIZER:
        return tokenizer_json(model.tokenizer)
    if file == _TOKENIZER_CONFIG:
        return tokenizer_config(model.chat_template)
    return None


def _commit(model: Model) -> str:
    return hashlib.sha1(model.name.encode()).hexdigest()


def _model_name(request: web.Request) -> str:
    return f"{request.match_info['organisation']}/{request.match_info['name']}"


def _token(request: web.Request) -> str | None:
    match = re.fullmatch(r"Bearer (\S+)", request.headers.get("Authorization", ""))
    return match[1] if match else None


def _error(status: int, code: str, message: str) -> web.Response:
    headers = {"X-Error-Code": code, "X-Error-Message": message}
    return web.json_response({"error": message}, status=status, headers=headers)


def _bad_token() -> web.Response:
    message = "Invalid credentials in Authorization header"
    return web.json_response({"error": message}, status=401, headers={"X-Error-Message": message})


def _not_found(token: str | None) -> web.Response:
    """The Hub hides from strangers whether a repository exists."""
    return _error(404 if token else 401, "RepoNotFound", "Repository not found")


def _gated(name: str, token: str | None) -> web.Response:
    page = f"https://huggingface.co/{name}"
    if token is None:
        return _error(
            401,
            "GatedRepo",
            f"Access to model {name} is restricted. You must have access to it and be authenticated to access it. "
            "Please log in.",
        )
    message = (
        f"Access to model {name} is restricted and you are not in the authorized list. Visit {page} to ask for access."
    )
    return _error(403, "GatedRepo", message)

"""From an HTTP request to a verb and back."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import yaml
from aiohttp import web

from ..errors import ApiError, bad_request, not_implemented
from ..options import DeleteOptions, WriteOptions
from ..patches import APPLY, JSON, MERGE, STRATEGIC
from ..rules import RETURNED_WHEN_DELETED
from ..scale import read_scale, write_scale
from ..verbs import Verbs, subject_details
from . import access, listing, protobuf
from .forms import Form, plain_list
from .meta import Meta
from .paths import Target, resolve
from .pod_logs import LogSource, PodLog
from .watches import Watch

_LOG = logging.getLogger(__name__)
_YAML = ("application/yaml", "application/x-yaml", APPLY)
_NOT_FOUND = "404 page not found\n"


class _YamlLoader(yaml.SafeLoader):
    """YAML as the server reads it: what looks like a time is text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Handlers:
    """Answers every request of one cluster's API server.

    :param address: returns the server's own HOST:PORT.
    :param log_source: returns what reads pods' logs, None while nothing does.
    """

    def __init__(
        self,
        verbs: Verbs,
        authenticate: access.Authenticate,
        address: Callable[[], str],
        log_source: Callable[[], LogSource | None],
    ) -> None:
        self._verbs = verbs
        self._authenticate = authenticate
        self._meta = Meta(verbs.registry, address)
        self._log_source = log_source

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; failures become Status objects."""
        try:
            return await self._answer(request)
        except ApiError as error:
            return web.json_response(error.body(), status=error.status)
        except Exception as error:
            _LOG.exception("%s %s", request.method, request.path)
            text = f"{type(error).__name__}: {error}"
            return web.json_response(ApiError(500, "InternalError", text).body(), status=500)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        user = access.user_of(request.headers.get("Authorization"), self._authenticate)
        if "Impersonate-User" in request.headers:
            raise not_implemented("impersonation")
        target = resolve(self._verbs.registry, request.path)
        if target is None:
            if request.path not in access.OPEN_PATHS:
                access.require_path(user, request.method, request.path)
            answer = self._meta.answer(request) if request.method in ("GET", "HEAD") else None
            return answer or web.Response(status=404, text=_NOT_FOUND)
        watch = request.query.get("watch") in ("true", "1")
        verb = target.verb(request.method, watch)
        access.require(user, verb, target)
        if not target.allows(verb):
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        if target.subresource not in ("", "status"):
            return await self._part(request, target, verb)
        return await _VERBS[verb](self, request, target, user)

    async def _get(self, request: web.Request, target: Target, _user: str) -> web.Response:
        found = self._verbs.get(target.kind, target.namespace, target.name)
        return web.json_response(_form(request).one(target.kind, found))

    async def _list(self, request: web.Request, target: Target, _user: str) -> web.Response:
        items, metadata = listing.list_objects(self._verbs.store, target.kind, target.namespace, request.query)
        return web.json_response(_form(request).many(target.kind, items, metadata))

    async def _watch(self, request: web.Request, target: Target, _user: str) -> web.StreamResponse:
        watch = Watch(self._verbs.store, target.kind, target.namespace, target.name, request.query, _form(request))
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await watch.run(response.write)
        await response.write_eof()
        return response

    async def _create(self, request: web.Request, target: Target, user: str) -> web.Response:
        kind, options = target.kind, _write_options(request)
        if access.is_review(kind) and request.content_type == protobuf.CONTENT_TYPE:
            # kubectl asks about rights in protobuf alone. The answer depends on who asks, not on what.
            return web.json_response(access.review(kind, {}, user, options.manager, self._verbs.now()), status=201)
        body = await _body(request)
        if not isinstance(body, dict):
            raise bad_request(f"the body must be an object of kind {kind.kind}")
        if access.is_review(kind):
            answer = access.review(kind, body, user, options.manager, self._verbs.now())
            return web.json_response(answer, status=201)
        if kind.verbs == ("create",):
            raise not_implemented(kind.resource)
        created = self._verbs.create(kind, target.namespace, body, options)
        return _written(_form(request).one(kind, created), options, 201)

    async def _update(self, request: web.Request, target: Target, _user: str) -> web.Response:
        options, body = _write_options(request), await _body(request)
        updated = self._verbs.update(target.kind, target.namespace, target.name, body, options, target.subresource)
        return _written(_form(request).one(target.kind, updated), options)

    async def _patch(self, request: web.Request, target: Target, _user: str) -> web.Response:
        form, options = _patch_form(request, target), _write_options(request)
        obj, created = self._verbs.patch(
            target.kind, target.namespace, target.name, await _body(request), form, options, target.subresource
        )
        return _written(_form(request).one(target.kind, obj), options, 201 if created else 200)

    async def _delete(self, request: web.Request, target: Target, _user: str) -> web.Response:
        options = DeleteOptions.of(await _body(request) or {}, request.query)
        obj, gone = self._verbs.delete(target.kind, target.namespace, target.name, options)
        return web.json_response(_deleted(target, obj, gone))

    async def _delete_collection(self, request: web.Request, target: Target, _user: str) -> web.Response:
        options = DeleteOptions.of(await _body(request) or {}, request.query)
        items, metadata = listing.list_objects(self._verbs.store, target.kind, target.namespace, request.query)
        for obj in items:
            names = obj["metadata"]
            self._verbs.delete(target.kind, names.get("namespace", ""), names["name"], options)
        return web.json_response(plain_list(target.kind, items, metadata))

    async def _part(self, request: web.Request, target: Target, verb: str) -> web.StreamResponse:
        if target.subresource == "scale":
            return await self._scale(request, target, verb)
        if target.subresource == "log":
            return await self._log(request, target)
        if target.subresource == "finalize":
            return await self._update(request, target, "")
        raise not_implemented(f"{target.kind.plural}/{target.subresource}")

    async def _log(self, request: web.Request, target: Target) -> web.StreamResponse:
        log = PodLog(
            lambda: self._verbs.get(target.kind, target.namespace, target.name), request.query, self._log_source()
        )
        response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
        async for lines in log.lines():
            if not response.prepared:
                await response.prepare(request)
            await response.write("".join(f"{line}\n" for line in lines).encode())
        await response.write_eof()
        return response

    async def _scale(self, request: web.Request, target: Target, verb: str) -> web.Response:
        where = (self._verbs, target.kind, target.namespace, target.name)
        if verb == "get":
            return web.json_response(read_scale(*where))
        options = _write_options(request)
        form = _patch_form(request, target) if verb == "patch" else None
        return _written(write_scale(*where, await _body(request), form, options), options)


_VERBS = {
    "create": Handlers._create,
    "delete": Handlers._delete,
    "deletecollection": Handlers._delete_collection,
    "get": Handlers._get,
    "list": Handlers._list,
    "patch": Handlers._patch,
    "update": Handlers._update,
    "watch": Handlers._watch,
}


def _form(request: web.Request) -> Form:
    return Form.of(request.headers.get("Accept", ""), request.query.get("includeObject"))


def _deleted(target: Target, obj: dict, gone: bool) -> dict:
    kind = target.kind
    if not gone or (kind.custom is None and kind.kind in RETURNED_WHEN_DELETED):
        return obj
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": subject_details(kind, obj),
    }


def _written(body: dict, options: WriteOptions, status: int = 200) -> web.Response:
    response = web.json_response(body, status=status)
    for warning in options.warnings:
        text = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{text}"')
    return response


def _write_options(request: web.Request) -> WriteOptions:
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


def _patch_form(request: web.Request, target: Target) -> str:
    known = (APPLY, MERGE, JSON) if target.kind.custom is not None else (APPLY, MERGE, JSON, STRATEGIC)
    if request.content_type not in known:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    return request.content_type


async def _body(request: web.Request) -> object:
    """Return the decoded body, None if there is none."""
    raw = await request.read()
    if not raw:
        return None
    if request.content_type == protobuf.CONTENT_TYPE:
        return protobuf.read(raw)
    try:
        return yaml.load(raw, _YamlLoader) if request.content_type in _YAML and raw[:1] != b"{" else json.loads(raw)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"the object provided is unrecognized: {' '.join(str(error).split())}") from None

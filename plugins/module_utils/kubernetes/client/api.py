# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API as the engine uses it: read, apply, delete, logs, discovery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.deadline import backoff
from ...core.errors import HttpError, ReplyLost, UnexpectedAnswer
from ...http.answers import OBJECT, TEXT, Shape, Unexpected, judged, misfit
from ...http.pages import pages
from ...http.session import HttpSession, Reply
from ...http.streams import Stream
from . import shapes
from .resources import POD, Kind, ObjectRef, builtin, builtin_of_group, group_path, kind_from_discovery

APPLY = "application/apply-patch+yaml"
"""Content type of a server-side apply; JSON is YAML, so JSON is sent."""

PAGE = 500

UNANSWERED_WEBHOOK = "failed calling webhook"
"""What an API server says of a webhook that cannot be reached."""

WEBHOOK_PATIENCE = 30.0
"""Seconds in which an admission webhook must have answered; it may just be starting."""

LOG_PATIENCE = 2.0
"""Seconds in which a node that answers at all must have given a log."""


class KubernetesApi:
    """One cluster's API server.

    default_namespace: where an object goes that names none. kinds: those that this cluster is known to have beside the
    builtin ones, which need no discovery. Every method raises HttpError with the server's words.
    """

    def __init__(self, http: HttpSession, default_namespace: str = "default", kinds: Sequence[Kind] = ()) -> None:
        self.http = http
        self._known = tuple(kinds)
        self.default_namespace = default_namespace
        self._discovered: dict[str, list[dict[str, Any]] | None] = {}

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """Where ``kind`` lives, or None where the cluster does not know it. Asks only about what is not known yet."""
        known = builtin(api_version, kind) or self._known_kind(kind, api_version=api_version)
        if known is not None:
            return known
        for entry in self.kinds_in(api_version):
            if entry["kind"] == kind:
                return kind_from_discovery(api_version, entry)
        return None

    def is_presumed(self, kind: Kind) -> bool:
        """Whether the kind was taken to be there without asking."""
        return kind in self._known

    def kind_of_group(self, group: str, kind: str) -> Kind | None:
        """As kind, in whichever version the cluster prefers."""
        known = builtin_of_group(group, kind) or self._known_kind(kind, group=group)
        if known is not None:
            return known
        found = self._read(f"/apis/{group}", f"ask which versions {group} has", shapes.GROUP)
        return self.kind(found["preferredVersion"]["groupVersion"], kind) if found else None

    def kinds_in(self, api_version: str) -> list[dict[str, Any]]:
        """What the cluster serves under ``api_version``, as discovery's entries, subresources left out."""
        if api_version not in self._discovered:
            body = self._read(group_path(api_version), f"ask which kinds {api_version} has", shapes.KINDS)
            resources = (body or {}).get("resources") or []
            self._discovered[api_version] = [entry for entry in resources if "/" not in entry["name"]]
        return self._discovered[api_version] or []

    def forget(self, api_version: str) -> None:
        """Ask again about ``api_version``: a definition of it has just been applied."""
        self._discovered.pop(api_version, None)

    def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        """The object, or None where it, its namespace or its kind is absent."""
        return self._read(ref.path, f"read {ref}", shapes.ANY_OBJECT)

    def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[dict[str, Any]]:
        """All objects that match, page by page, with apiVersion and kind, which servers leave out of lists."""
        return self.snapshot(kind, namespace, label_selector=label_selector, field_selector=field_selector)[0]

    def snapshot(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> tuple[list[dict[str, Any]], str]:
        """As list, with the resourceVersion from which a watch goes on.

        Where the list grows so old between two pages that the server forgets it (410), it is asked for as a whole.
        """
        selected = _selectors(label_selector, field_selector)
        path, doing = kind.path(namespace), f"list {kind.kind} {_where(kind, namespace)}"
        bodies: list[dict[str, Any]] = []
        try:
            for body in pages(
                self.http, path, doing, shapes.OBJECTS, {"limit": PAGE, **selected}, _rest_of, "continue"
            ):
                bodies.append(body)
        except HttpError as error:
            if error.status != 410 or not bodies:
                raise
            bodies = [self.http.request("GET", path, doing=doing, params=selected, want=shapes.OBJECTS).body]
        own = {"apiVersion": kind.api_version, "kind": kind.kind}
        found = [{**own, **item} for body in bodies for item in body["items"] or []]
        return found, bodies[-1].get("metadata", {}).get("resourceVersion", "")

    def watch(
        self, kind: Kind, namespace: str | None, version: str, *, seconds: int, field_selector: str | None = None
    ) -> Stream:
        """The changes after ``version``, a line of JSON each, for at most ``seconds``; HttpError 410 if too old."""
        params = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": seconds,
            **_selectors(None, field_selector),
        }
        doing = f"watch {kind.kind} {_where(kind, namespace)}"
        return self.http.open("GET", kind.path(namespace), doing=doing, params=params)

    def event(self, kind: Kind, namespace: str | None, line: bytes) -> dict[str, Any]:
        """A line of a watch: ``type`` and ``object``; or another object that came instead of one, without a type.

        Raises UnexpectedAnswer for anything else.
        """
        try:
            told = judged(200, "application/json", line, OBJECT)
            wrong = misfit(shapes.EVENTS.get(str(told["type"]), shapes.CHANGE), told) if "type" in told else ""
            if wrong:
                raise Unexpected(wrong)
            return told
        except Unexpected as came:
            doing = f"watch {kind.kind} {_where(kind, namespace)}"
            raise self.http.unexpected("GET", kind.path(namespace), doing, came, "an event") from None

    def apply(
        self, ref: ObjectRef, body: dict[str, Any], *, manager: str, force: bool = False, dry_run: bool = False
    ) -> dict[str, Any]:
        """Server-side apply; gives the object as the server has it then (or would have it).

        Unknown fields are refused (fieldValidation=Strict). Applying the same twice is applying it once, so a lost
        reply is answered by sending it again.
        """
        params = {"fieldManager": manager, "fieldValidation": "Strict"}
        if force:
            params["force"] = "true"
        if dry_run:
            params["dryRun"] = "All"
        doing = f"{'rehearse' if dry_run else 'apply'} {ref}"
        return self._write(
            "PATCH", ref.path, doing, params=params, json_body=body, content_type=APPLY, want=shapes.ANY_OBJECT
        ).body

    def delete(self, ref: ObjectRef, uid: str | None = None, propagation: str = "Foreground") -> dict[str, Any] | None:
        """Begin to delete the object; None where it is gone already, a Status where it is at once.

        uid: delete only this very object, not one that was made anew under its name. propagation: what becomes of
        what it owns, in the API's words.
        """
        body: dict[str, Any] = {"propagationPolicy": propagation}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            return self._write("DELETE", ref.path, f"delete {ref}", json_body=body, want=shapes.DELETED).body
        except HttpError as error:
            if error.status == 404:
                return None
            raise

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        lines: int,
        previous: bool = False,
        patience: float = LOG_PATIENCE,
    ) -> list[str]:
        """As read_log, empty where there is none: it explains something, and is not worth a long wait."""
        try:
            return self.read_log(namespace, pod, container, lines=lines, previous=previous, patience=patience)
        except HttpError as error:
            # 400: the container has not started, 404: the pod is gone, 500: its node does not answer.
            if error.status in (400, 404, 500):
                return []
            raise

    def read_log(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        lines: int,
        previous: bool = False,
        since: int | None = None,
        patience: float | None = None,
    ) -> list[str]:
        """The last ``lines`` of a container's log (of its former run where previous), of the last ``since`` seconds.

        patience: seconds for which a failure is answered by asking again; by default the deadline's.
        """
        params: dict[str, Any] = {"container": container, "tailLines": lines}
        if previous:
            params["previous"] = "true"
        if since:
            params["sinceSeconds"] = since
        path = ObjectRef(POD, namespace, pod).path + "/log"
        reply = self.http.request(
            "GET", path, doing=f"read the log of {namespace}/{pod}", params=params, patience=patience, want=TEXT
        )
        return reply.body.splitlines()

    def _known_kind(self, kind: str, **where: str) -> Kind | None:
        matching = (one for one in self._known if all(getattr(one, name) == value for name, value in where.items()))
        return next((one for one in matching if one.kind == kind), None)

    def _read(self, path: str, doing: str, want: Shape) -> Any:
        try:
            return self.http.request("GET", path, doing=doing, want=want).body
        except HttpError as error:
            if error.status == 404:
                return None
            raise

    def _write(self, method: str, path: str, doing: str, **kwargs: Any) -> Reply:
        """A write that may be sent again, except where the server's 500 is its answer for good.

        A manifest of a wrong type is a 500 without a reason; internal errors (etcd, webhooks) give InternalError.
        """
        pauses, began = backoff(first=0.2), self.http.deadline.elapsed()
        while True:
            try:
                return self.http.request(method, path, doing=doing, **kwargs)
            except ReplyLost as lost:
                pause = next(pauses)
                for_good = isinstance(lost, UnexpectedAnswer) or (lost.status == 500 and not lost.reason)
                tried = self.http.deadline.elapsed() - began
                if UNANSWERED_WEBHOOK in lost.server_message and tried + pause > WEBHOOK_PATIENCE:
                    for_good = True
                if for_good or pause >= self.http.deadline.remaining():
                    raise
                self.http.deadline.pause(pause, doing, lost.message)


def _where(kind: Kind, namespace: str | None) -> str:
    return f"in namespace {namespace}" if namespace and kind.namespaced else "in the cluster"


def _rest_of(page: dict[str, Any]) -> str | None:
    return page.get("metadata", {}).get("continue")


def _selectors(label_selector: str | None, field_selector: str | None) -> dict[str, str]:
    given = {"labelSelector": label_selector, "fieldSelector": field_selector}
    return {name: selector for name, selector in given.items() if selector}

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API as the engine uses it: read, apply, delete, logs, discovery."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.deadline import backoff
from ansible_collections.llmops.gke.plugins.module_utils.errors import HttpError, ReplyLost
from ansible_collections.llmops.gke.plugins.module_utils.http import HttpSession, Reply
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.resources import (
    Kind,
    ObjectRef,
    builtin,
    group_path,
    kind_from_discovery,
)

APPLY = "application/apply-patch+yaml"
"""Content type of a server-side apply; JSON is YAML, so JSON is sent."""

PAGE = 500


class KubernetesApi:
    """One cluster's API server.

    default_namespace: where an object goes that names none. Every method raises HttpError with the server's words.
    """

    def __init__(self, http: HttpSession, default_namespace: str = "default") -> None:
        self.http = http
        self.default_namespace = default_namespace
        self._discovered: dict[str, list[dict[str, Any]] | None] = {}

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """Where ``kind`` lives, or None where the cluster does not know it. Asks only about what is not built in."""
        known = builtin(api_version, kind)
        if known is not None:
            return known
        for entry in self.kinds_in(api_version):
            if entry["kind"] == kind:
                return kind_from_discovery(api_version, entry)
        return None

    def kinds_in(self, api_version: str) -> list[dict[str, Any]]:
        """What the cluster serves under ``api_version``, as discovery's entries, subresources left out."""
        if api_version not in self._discovered:
            body = self._read(group_path(api_version), f"ask which kinds {api_version} has")
            resources = (body or {}).get("resources") or []
            self._discovered[api_version] = [entry for entry in resources if "/" not in entry["name"]]
        return self._discovered[api_version] or []

    def forget(self, api_version: str) -> None:
        """Ask again about ``api_version``: a definition of it has just been applied."""
        self._discovered.pop(api_version, None)

    def get(self, ref: ObjectRef) -> dict[str, Any] | None:
        """The object, or None where it, its namespace or its kind is absent."""
        return self._read(ref.path, f"read {ref}")

    def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[dict[str, Any]]:
        """All objects that match, page by page, with apiVersion and kind, which servers leave out of lists."""
        where = f"in namespace {namespace}" if namespace and kind.namespaced else "in the cluster"
        params: dict[str, Any] = {"limit": PAGE}
        if label_selector:
            params["labelSelector"] = label_selector
        if field_selector:
            params["fieldSelector"] = field_selector
        found: list[dict[str, Any]] = []
        while True:
            reply = self.http.request("GET", kind.path(namespace), doing=f"list {kind.kind} {where}", params=params)
            found += ({"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in reply.body["items"] or [])
            more = (reply.body.get("metadata") or {}).get("continue")
            if not more:
                return found
            params["continue"] = more

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
        return self._write("PATCH", ref.path, doing, params=params, json_body=body, content_type=APPLY).body

    def delete(self, ref: ObjectRef, uid: str | None = None) -> dict[str, Any] | None:
        """Begin to delete the object, what it owns first; None where it is gone already.

        uid: delete only this very object, not one that was made anew under its name.
        """
        body: dict[str, Any] = {"propagationPolicy": "Foreground"}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            return self._write("DELETE", ref.path, f"delete {ref}", json_body=body).body
        except HttpError as error:
            if error.status == 404:
                return None
            raise

    def logs(self, namespace: str, pod: str, container: str, *, lines: int, previous: bool = False) -> list[str]:
        """The last ``lines`` of a container's log (of its former run where previous), empty where there is none."""
        params: dict[str, Any] = {"container": container, "tailLines": lines}
        if previous:
            params["previous"] = "true"
        path = ObjectRef(POD, namespace, pod).path + "/log"
        try:
            reply = self.http.request("GET", path, doing=f"read the log of {namespace}/{pod}", params=params)
        except HttpError as error:
            # 400: the container has not started, 404: the pod is gone, 500: its node does not answer.
            if error.status in (400, 404, 500):
                return []
            raise
        return str(reply.body).splitlines()

    def _read(self, path: str, doing: str) -> Any:
        try:
            return self.http.request("GET", path, doing=doing).body
        except HttpError as error:
            if error.status == 404:
                return None
            raise

    def _write(self, method: str, path: str, doing: str, **kwargs: Any) -> Reply:
        """A write that may be sent again, except where the server's 500 is its answer for good.

        A manifest of a wrong type is a 500 without a reason; internal errors (etcd, webhooks) give InternalError.
        """
        pauses = backoff(first=0.2)
        while True:
            try:
                return self.http.request(method, path, doing=doing, **kwargs)
            except ReplyLost as lost:
                pause = next(pauses)
                if (lost.status == 500 and not lost.reason) or pause >= self.http.deadline.remaining():
                    raise
                self.http.deadline.pause(pause, doing, lost.message)


POD = Kind("", "v1", "Pod", "pods")

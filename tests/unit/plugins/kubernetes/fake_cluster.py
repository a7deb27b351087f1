# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server in memory, just able to apply, list, watch and delete, whose requests a test can list."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.fake_http import FakeServer, Reply, Request
from tests.unit.plugins.kubernetes.k8s_support import not_found


class FakeCluster(FakeServer):
    """Keeps ``objects`` by their paths. namespaces: those that exist; others refuse what is applied to them.

    more: answers of other paths, ``(method, path) -> answer`` as FakeServer takes them.
    """

    def __init__(self, *namespaces: str, more: dict[tuple[str, str], Any] | None = None) -> None:
        super().__init__(self._respond)
        self.objects: dict[str, dict[str, Any]] = {}
        self._more = more or {}
        self._uids = itertools.count(1)
        for name in namespaces:
            self._apply(f"/api/v1/namespaces/{name}", {"metadata": {"name": name}}, "test")

    def since(self, mark: int) -> list[str]:
        """The requests after the first ``mark``, without fieldManager and fieldValidation."""
        common = ("fieldManager=llmops.gke&fieldValidation=Strict", "limit=500")
        return [self._plain(call, common) for call in self.calls()[mark:]]

    def seed(self, path: str, body: dict[str, Any], manager: str = "somebody") -> None:
        """Put an object there as ``manager`` would have applied it."""
        self._apply(path, body, manager)

    @staticmethod
    def _plain(call: str, common: tuple[str, ...]) -> str:
        path, _sep, query = call.partition("?")
        for part in common:
            query = query.replace(part, "").strip("&")
        return f"{path}?{query}" if query else path

    def _respond(self, request: Request) -> Reply | dict[str, Any]:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if (request.method, parts.path) in self._more:
            answer = self._more[request.method, parts.path]
            return answer(request) if callable(answer) else answer
        if request.method == "PATCH":
            return self._patched(parts.path, request.body, query)
        if request.method == "DELETE":
            gone = self.objects.pop(parts.path, None)
            return {"kind": "Status", "status": "Success"} if gone else not_found()
        if parts.path in self.objects:
            return self.objects[parts.path]
        if not _is_collection(parts.path):
            return not_found()
        if "watch" in query:
            return Reply(410, {"kind": "Status", "code": 410})
        return {"items": self._listed(parts.path, query.get("labelSelector", "")), "metadata": {"resourceVersion": "1"}}

    def _patched(self, path: str, body: dict[str, Any], query: dict[str, str]) -> Reply | dict[str, Any]:
        namespace = path.split("/namespaces/")[1].split("/")[0] if "/namespaces/" in path else None
        if namespace and f"/api/v1/namespaces/{namespace}" not in self.objects and path.count("/") > 4:
            status = not_found(namespace, "namespaces")
            return status
        before = self.objects.get(path)
        applied = self._apply(path, body, query["fieldManager"])
        if "dryRun" in query:
            self.objects.pop(path)
            if before is not None:
                self.objects[path] = before
        return Reply(200 if before else 201, applied)

    def _apply(self, path: str, body: dict[str, Any], manager: str) -> dict[str, Any]:
        before = self.objects.get(path) or {}
        metadata = {key: value for key, value in body["metadata"].items() if key not in ("name", "namespace")}
        fields = _fields({**{key: value for key, value in body.items() if key in _OWNED}, "metadata": metadata})
        if not metadata:
            fields.pop("f:metadata")
        entry = {"manager": manager, "operation": "Apply", "apiVersion": body.get("apiVersion"), "fieldsV1": fields}
        kept = [one for one in (before.get("metadata") or {}).get("managedFields", []) if one["manager"] != manager]
        known = before.get("metadata") or {"uid": f"uid-{next(self._uids)}"}
        self.objects[path] = {
            **body,
            "metadata": {
                **body["metadata"],
                "uid": known["uid"],
                "resourceVersion": "1",
                "managedFields": [*kept, entry],
            },
            **({"status": before["status"]} if "status" in before else {}),
        }
        return self.objects[path]

    def _listed(self, path: str, selector: str) -> list[dict[str, Any]]:
        everywhere = path.rpartition("/")
        wanted = [tuple(part.split("=")) for part in selector.split(",") if part]
        found = []
        for own, obj in self.objects.items():
            collection = own.rpartition("/")[0]
            inside = collection == path or (
                collection.startswith(f"{everywhere[0]}/namespaces/") and collection.endswith(f"/{everywhere[2]}")
            )
            labels = obj["metadata"].get("labels") or {}
            if inside and all(labels.get(key) == value for key, value in wanted):
                found.append(obj)
        return found


_OWNED = ("data", "spec", "roleRef", "rules", "subjects")


def _fields(value: Any) -> dict[str, Any]:
    return {f"f:{key}": _fields(part) for key, part in value.items()} if isinstance(value, dict) else {}


def _is_collection(path: str) -> bool:
    parts = path.strip("/").split("/")
    inside = parts[2:] if parts[0] == "api" else parts[3:]
    return len(inside) % 2 == 1

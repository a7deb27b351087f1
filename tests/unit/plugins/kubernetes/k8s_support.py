# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the Kubernetes modules share: engines aimed at a server, and what a real API server answered."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.cluster_view import event_version
from tests.unit.fake_http import Reply

_GOLDEN = Path(__file__).parents[4] / "sandbox" / "tests" / "golden" / "kubernetes-1.36"

DEPLOYMENT_PATH = "/apis/apps/v1/namespaces/golden/deployments/mistral-7b"
SERVICE_PATH = "/api/v1/namespaces/golden/services/mistral-7b-service"


@functools.cache
def _steps(name: str) -> list[dict[str, Any]]:
    return json.loads((_GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["steps"]


def golden(name: str, note: str) -> tuple[Any, Reply]:
    """An exchange recorded from a real API server: the request's body and the reply; ``note`` is a part of its note."""
    step = next(step for step in _steps(name) if note in step["note"])
    response = step["response"]
    return step["request"]["body"], Reply(response["status"], response["body"])


def golden_applies(name: str) -> list[dict[str, Any]]:
    """The recorded server-side applies that were taken, in order."""
    return [
        step
        for step in _steps(name)
        if step["request"]["headers"].get("Content-Type") == "application/apply-patch+yaml"
        and step["response"]["status"] < 300
    ]


def kubeconfig(url: str, **user: Any) -> dict[str, Any]:
    """A kubeconfig for a server without TLS."""
    return {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "golden"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user or {"token": "kube-token"}}],
    }


def options(spec: Any, url: str, **given: Any) -> dict[str, Any]:
    """A task's options as the engine sees them: checked, with their defaults, and None where not given."""
    access = {} if "kubeconfig" in given or "cluster" in given else {"kubeconfig": kubeconfig(url)}
    validated = ArgumentSpecValidator(dict(spec.argument_spec), **spec.rules).validate({**access, **given})
    assert not validated.error_messages, validated.error_messages
    return validated.validated_parameters


def run(spec: Any, url: str, *, check: bool = False, progress: Any = None, **given: Any) -> dict[str, Any]:
    """What a task of the module returns. spec: the module's ModuleSpec."""
    told = progress if progress is not None else []
    return spec.run(options(spec, url, **given), check, told.append).to_dict()


GKE_CLUSTER = "/v1/projects/demo-project/locations/us-central1/clusters/mistral"


def by_name(monkeypatch: Any, url: str) -> dict[str, Any]:
    """Options for a GKE cluster, and its API server, that are both played by the server at ``url``, without TLS."""
    from ansible_collections.llmops.gke.plugins.module_utils.workflows import cluster_access

    entry = SimpleNamespace(cluster={"server": url})
    monkeypatch.setattr(cluster_access, "entry_of", lambda *_cluster: entry)
    place = {"project": "demo-project", "location": "us-central1", "cluster": "mistral", "access_token": "google-token"}
    return {**place, "container_api_endpoint": url}


def not_found(name: str = "x", kind: str = "things") -> Reply:
    """The API server's 404."""
    return Reply(
        404,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": f'{kind} "{name}" not found',
            "reason": "NotFound",
            "details": {"name": name, "kind": kind},
            "code": 404,
        },
    )


def live(manifest: dict[str, Any], manager: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An object as the server keeps it, whose ``fields`` (FieldsV1) ``manager`` has applied."""
    entry = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": manifest["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    metadata = {**manifest["metadata"], "uid": "uid-1", "resourceVersion": "7", "managedFields": [entry]}
    return {**manifest, **more, "metadata": metadata}


CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "counters"}, "data": {"a": "1"}}
CONFIG_PATH = "/api/v1/namespaces/golden/configmaps/counters"


def config(**data: str) -> dict[str, Any]:
    """The ConfigMap of CONFIG with these data, as k8s_apply has applied it."""
    body = {**CONFIG, "metadata": {**CONFIG["metadata"], "namespace": "golden"}, "data": data}
    return live(body, "llmops.gke", {"f:data": {f"f:{key}": {} for key in data}})


class FakeView:
    """What a diagnosis may look at, by kind, and the log that every container has; ``read`` lists whose was read.

    news: whether the events, and what is seen of other objects, are of the time of the wait. former: objects as they
    were when the wait began, where they were otherwise.
    """

    def __init__(self, *, log: Any = (), news: bool = True, former: Any = (), **objects: Any) -> None:
        self._objects, self._log, self._news = objects, list(log), news
        self._former = {each["metadata"]["name"]: each for each in former}
        self.read: list[tuple[str, str, int, bool]] = []
        self._outdated: set[Any] = set()

    def all(self, kind: Any, _namespace: str | None) -> list[dict[str, Any]]:
        """The objects of a kind."""
        return list(self._objects.get(kind.kind, ()))

    def is_new(self, event: dict[str, Any]) -> bool:
        """Whether an event is of the time of the wait."""
        return self._news and event_version(event) not in self._outdated

    def outdate(self, event: dict[str, Any]) -> None:
        """Count an event as old from now on, until it happens again."""
        self._outdated.add(event_version(event))

    def at_first(self, _kind: Any, obj: dict[str, Any]) -> dict[str, Any] | None:
        """An object as it was when the wait began."""
        return None if self._news else self._former.get(obj["metadata"]["name"], obj)

    def log(self, pod: dict[str, Any], container: str, run: int, *, previous: bool) -> list[str]:
        """The lines of every log."""
        self.read.append((pod["metadata"]["name"], container, run, previous))
        return self._log


def owned_by(uid: str) -> list[dict[str, Any]]:
    """The owner references of what the object of that uid made."""
    return [{"uid": uid, "controller": True}]


def event(obj: dict[str, Any], reason: str, message: str, *, count: int = 1, time: str = "", **more: Any) -> dict:
    """An event about an object, a warning where no other type is given."""
    metadata = obj["metadata"]
    involved = {"kind": obj["kind"], "name": metadata["name"], "uid": metadata.get("uid")}
    told = {"type": "Warning", "reason": reason, "message": message, "count": count, "lastTimestamp": time}
    name = {"name": f"{metadata['name']}.{reason}", "namespace": metadata.get("namespace"), "resourceVersion": "2"}
    return {"metadata": name, "involvedObject": involved, **told, **more}


class Collection:
    """How a server answers lists and watches of one collection: with ``items`` at version 1, then with ``watches``.

    watches: one a watch, in turn, each the events (type, object) that it tells before it ends, or a Reply; then 410.
    """

    def __init__(self, items: list[dict[str, Any]], *watches: Any) -> None:
        self.items, self._watches = items, list(watches)

    def __call__(self, request: Any) -> Reply:
        if "watch=true" not in request.path:
            return Reply(200, {"items": self.items, "metadata": {"resourceVersion": "1"}})
        told = self._watches.pop(0) if self._watches else Reply(410, {"kind": "Status", "code": 410})
        return told if isinstance(told, Reply) else watch_reply(*told)


def watch_reply(*events: tuple[str, dict[str, Any]], broken: bool = False) -> Reply:
    """The body of a watch, in chunks as a server sends them; broken: it ends amid one."""
    lines = [json.dumps({"type": happened, "object": obj}).encode() + b"\n" for happened, obj in events]
    chunks = [f"{len(line):x}\r\n".encode() + line + b"\r\n" for line in lines]
    return Reply(200, headers={"Transfer-Encoding": "chunked"}, lines=[*chunks, b"ff\r\n" if broken else b"0\r\n\r\n"])

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the collection asks of a server, as a function of the server's URL and a deadline."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import Call, GkeClient, Place
from ansible_collections.llmops.gke.plugins.module_utils.google import compute, iam, projects
from ansible_collections.llmops.gke.plugins.module_utils.google.apis import GoogleApis
from ansible_collections.llmops.gke.plugins.module_utils.google.credentials import authorizer
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import POD, ObjectRef
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.informer import Informer
from ansible_collections.llmops.gke.plugins.module_utils.models.access import check_access, open_hub, read_config
from ansible_collections.llmops.gke.plugins.module_utils.models.metadata import read_tokenizer, read_weights
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import GenerationRequest
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.client import TgiClient
from tests.contrary.server import Good

SECRET = "ya29.secret"
PROJECT, LOCATION = "demo-project", "us-central1"
PLACE = Place(PROJECT, LOCATION, "c", "p")
POOL = ObjectRef(POD, "default", "web")
GROUP = "https://www.googleapis.com/compute/v1/projects/demo-project/zones/z/instanceGroupManagers/g"


@dataclass(frozen=True)
class Ask:
    """One request of a client. run: makes it, by URL and deadline. service: as messages name it.

    good: the answers to what is asked before. fine: the names of ways that are no misbehaviour here. odd: answers of
    the right form that hold something else. page: for lists by pages, a page whose next token is the given one.
    """

    name: str
    service: str
    run: Callable[[str, Deadline], Any]
    good: Good = field(default_factory=dict)
    fine: frozenset[str] = frozenset()
    odd: tuple[Any, ...] = ()
    page: Callable[[str], Any] | None = None

    def __str__(self) -> str:
        return self.name


@functools.cache
def private_key() -> str:
    """A key that nobody trusts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def endpoints(url: str) -> dict[str, Any]:
    """Options by which every Google API is at one URL."""
    names = ("container", "compute", "resource_manager", "service_usage")
    return {f"{name}_api_endpoint": url for name in names} | {"access_token": SECRET}


def _token(url: str, deadline: Deadline) -> Any:
    key = {"type": "service_account", "client_email": "robot@p.iam.gserviceaccount.com", "private_key": private_key()}
    contents = json.dumps({**key, "token_uri": f"{url}/token"})
    return authorizer({"service_account_contents": contents}, deadline)(False)


def _gke(ask: Callable[[GkeClient], Any]) -> Callable[[str, Deadline], Any]:
    return lambda url, deadline: ask(GkeClient(endpoints(url), deadline))


def _apis(ask: Callable[[GoogleApis], Any]) -> Callable[[str, Deadline], Any]:
    return lambda url, deadline: ask(GoogleApis(endpoints(url), deadline))


def _member(url: str, deadline: Deadline) -> Any:
    apis = GoogleApis(endpoints(url), deadline)
    return iam.converge_member(apis, deadline, PROJECT, "roles/viewer", "user:a@example.com", "present", False)


def _kubernetes(ask: Callable[[KubernetesApi], Any]) -> Callable[[str, Deadline], Any]:
    def run(url: str, deadline: Deadline) -> Any:
        headers = {"Authorization": f"Bearer {SECRET}"}
        return ask(KubernetesApi(HttpSession(url, "the Kubernetes API", deadline, authorize=lambda _fresh: headers)))

    return run


def _watch(api: KubernetesApi) -> Any:
    """As waits do it: until the deadline, where nothing comes."""
    with Informer(api) as informer:
        informer.watch([POOL])
        while not informer.object(POOL)[1]:
            api.http.deadline.pause(0, "wait for the pod", informer.trouble)
            informer.wait(informer.mark, min(0.05, api.http.deadline.remaining()))
    return informer


def _hub(ask: Callable[[HttpSession], Any]) -> Callable[[str, Deadline], Any]:
    return lambda url, deadline: ask(open_hub(url, SECRET, deadline))


def _model(ask: Callable[[TgiClient], Any]) -> Callable[[str, Deadline], Any]:
    return lambda url, deadline: ask(TgiClient(url, SECRET, deadline))


def _list_of(key: str) -> tuple[Any, ...]:
    return ({key: [""]}, {key: "all"}, {key: {"a": 1}}, {key: [None]}, {key: 5})


HI = GenerationRequest("hi")
CHAT = GenerationRequest(messages=[{"role": "user", "content": "hi"}])
PARENT = f"/v1/projects/{PROJECT}/locations/{LOCATION}"
POLICY = {"version": 1, "etag": "BwY=", "bindings": [{"role": "roles/owner", "members": ["user:o@example.com"]}]}
READ_POLICY = ("POST", f"/v1/projects/{PROJECT}:getIamPolicy")
PODS = "/api/v1/namespaces/default/pods"
LISTED = {"kind": "PodList", "items": [], "metadata": {"resourceVersion": "7"}}
_METADATA = ({"metadata": "x"}, {"metadata": {"name": 5}}, {"metadata": {"name": "web", "labels": "x"}}, {})
ABOUT = {"id": "org/model", "gated": False, "sha": "abc"}

ASKS = [
    Ask(
        "token",
        "the token endpoint",
        _token,
        odd=({"access_token": 5, "expires_in": 3600}, {"access_token": "a", "expires_in": "soon"}, {"expires_in": 1})
        + ({"access_token": "a", "expires_in": 10**30}, {"access_token": None}, {}),
    ),
    Ask(
        "GKE cluster",
        "GKE",
        _gke(lambda gke: gke.cluster(PROJECT, LOCATION, "c")),
        odd=(
            {},
            {"name": 5},
            {"name": "c", "nodePools": [""]},
            {"name": "c", "status": []},
            {"name": "c", "endpoint": {}},
        )
        + ({"name": "c", "nodePools": "x"}, {"name": "c", "conditions": ["x"]}, {"name": "c", "masterAuth": "x"}),
    ),
    Ask("GKE clusters", "GKE", _gke(lambda gke: gke.clusters(PROJECT, "-")), odd=_list_of("clusters")),
    Ask(
        "GKE node pool",
        "GKE",
        _gke(lambda gke: gke.node_pool(PROJECT, LOCATION, "c", "p")),
        odd=({"name": []}, {"name": "p", "config": "x"}, {"name": "p", "instanceGroupUrls": [1]}, {}),
    ),
    Ask("GKE node pools", "GKE", _gke(lambda gke: gke.node_pools(PLACE)), odd=_list_of("nodePools")),
    Ask(
        "GKE operation",
        "GKE",
        _gke(lambda gke: gke.operation(PROJECT, LOCATION, "operation-1")),
        odd=({}, {"name": 1}, {"name": "o", "error": "x"}, {"name": "o", "progress": []})
        + ({"name": "o", "clusterConditions": "x"}, {"name": "o", "targetLink": 5}, {"name": "o", "startTime": 5}),
    ),
    Ask("GKE operations", "GKE", _gke(lambda gke: gke.operations(PROJECT, LOCATION)), odd=_list_of("operations")),
    Ask(
        "GKE write",
        "GKE",
        _gke(lambda gke: gke.send(Call("POST", "projects/p/locations/l/clusters", "create cluster c", {}))),
        odd=({}, {"name": []}, {"name": "operation-1", "error": "x"}),
    ),
    Ask(
        "region's quotas",
        "Compute Engine",
        _apis(lambda apis: compute.region_quotas(apis, PROJECT, LOCATION)),
        odd=(*_list_of("quotas"), {"quotas": [{}]}, {"quotas": [{"metric": "A", "limit": "much"}]}, {}),
    ),
    Ask("project's quotas", "Compute Engine", _apis(lambda apis: compute.project_quotas(apis, PROJECT))),
    Ask(
        "machine types",
        "Compute Engine",
        _apis(lambda apis: compute.machine_types(apis, PROJECT, {"g2-standard-8"})),
        odd=({"items": [""]}, {"items": {"zones/a": "x"}}, {"items": {"zones/a": {"machineTypes": [""]}}})
        + ({"items": {"zones/a": {"machineTypes": [{}]}}}, {"items": {}, "nextPageToken": 5}),
        page=lambda token: {"items": {}, "nextPageToken": token},
    ),
    Ask(
        "subnetworks",
        "Compute Engine",
        _apis(lambda apis: compute.subnetworks(apis, PROJECT)),
        odd=({"items": {"regions/a": {"subnetworks": "x"}}}, {"items": {"regions/a": {"subnetworks": [1]}}}),
        page=lambda token: {"items": {}, "nextPageToken": token},
    ),
    Ask(
        "size of a group",
        "Compute Engine",
        _apis(lambda apis: compute.group_size(apis, GROUP)),
        odd=({"targetSize": "many"}, {"targetSize": []}),
    ),
    Ask(
        "instances of a group",
        "Compute Engine",
        _apis(lambda apis: compute.group_instances(apis, GROUP)),
        odd=({"currentActions": "x"}, {"currentActions": {"none": "x"}}),
    ),
    Ask(
        "enabled APIs",
        "Service Usage",
        _apis(lambda apis: projects.service_states(apis, PROJECT, ["container.googleapis.com"])),
        odd=(*_list_of("services"), {"services": [{"config": "x", "state": "ENABLED"}]}, {"services": [{}]}, {}),
    ),
    Ask(
        "permissions",
        "Resource Manager",
        _apis(lambda apis: projects.granted_permissions(apis, PROJECT, ["container.clusters.create"])),
        odd=({"permissions": "all"}, {"permissions": [{}]}, {"permissions": [None]}),
    ),
    Ask(
        "project's number",
        "Resource Manager",
        _apis(lambda apis: iam.service_account_member(apis, PROJECT, "ns", "sa")),
        odd=({}, {"projectNumber": {}}, {"projectNumber": None}),
    ),
    Ask(
        "IAM policy",
        "Resource Manager",
        _member,
        odd=({}, {"bindings": []}, {"etag": "a", "bindings": "x"}, {"etag": "a", "bindings": [""]}, {"etag": 5})
        + ({"etag": "", "bindings": []}, {"etag": "a", "bindings": [{"role": "roles/viewer", "members": "x"}]})
        + ({"etag": "a", "bindings": [{"role": "roles/viewer", "members": [1]}]},),
    ),
    Ask("IAM policy written", "Resource Manager", _member, good={READ_POLICY: POLICY}),
    Ask("Kubernetes object", "the Kubernetes API", _kubernetes(lambda api: api.get(POOL)), odd=_METADATA),
    Ask(
        "Kubernetes list",
        "the Kubernetes API",
        _kubernetes(lambda api: api.list(POD)),
        odd=(*_list_of("items"), {}, {"items": [{}]}, {"items": [], "metadata": "x"})
        + ({"items": [], "metadata": {"continue": 5}}, {"items": [{"metadata": {}}]}),
        page=lambda token: {"items": [], "metadata": {"continue": token}},
    ),
    Ask(
        "Kubernetes apply",
        "the Kubernetes API",
        _kubernetes(lambda api: api.apply(POOL, {"metadata": {"name": "web"}}, manager="m")),
        odd=_METADATA,
    ),
    Ask("Kubernetes delete", "the Kubernetes API", _kubernetes(lambda api: api.delete(POOL)), odd=({},)),
    Ask(
        "Kubernetes log",
        "the Kubernetes API",
        _kubernetes(lambda api: api.read_log("default", "web", "c", lines=5)),
        # A container may have said nothing.
        fine=frozenset({"empty"}),
    ),
    Ask(
        "Kubernetes kinds",
        "the Kubernetes API",
        _kubernetes(lambda api: api.kind("example.com/v1", "Thing")),
        odd=(*_list_of("resources"), {"resources": [{"kind": "Thing", "name": 5}]}, {"resources": [{}]}),
    ),
    Ask(
        "Kubernetes group",
        "the Kubernetes API",
        _kubernetes(lambda api: api.kind_of_group("example.com", "Thing")),
        odd=({}, {"preferredVersion": "v1"}, {"preferredVersion": {"groupVersion": 1}}),
    ),
    Ask(
        "Kubernetes watch",
        # What the deadline ends is the wait, which says what for.
        "",
        _kubernetes(_watch),
        odd=({"items": [""]}, {"items": [{}]}),
    ),
    Ask(
        "Hub's page",
        "the Hugging Face Hub",
        _hub(lambda hub: check_access(hub, "org/model", SECRET)),
        odd=({"sha": {}}, {"safetensors": "x", "sha": "a"}, {"safetensors": {"parameters": {"F32": "x"}}, "sha": "a"}),
    ),
    Ask(
        "Hub's configuration",
        "the Hugging Face Hub",
        _hub(lambda hub: read_config(hub, "org/model", SECRET)),
        odd=({"text_config": "x"},),
    ),
    Ask(
        "Hub's index",
        "the Hugging Face Hub",
        _hub(lambda hub: read_weights(hub, "org/model", {})),
        odd=(
            {"metadata": "x"},
            {"metadata": {"total_size": "x"}},
            {"metadata": {"total_size": 5, "total_parameters": []}},
        ),
    ),
    Ask(
        "Hub's tokenizer",
        "the Hugging Face Hub",
        _hub(lambda hub: read_tokenizer(hub, "org/model")),
        # Only its beginning is asked for.
        fine=frozenset({"truncated JSON", "nested", "nested deeply"}),
    ),
    Ask(
        "model server's identity",
        "TGI",
        _model(lambda server: (server.health(), server.identity())),
        good={("GET", "/health"): ""},
        odd=({}, {"model_id": 5}, {"model_id": None}, {"model_id": "m", "max_total_tokens": "x"}),
    ),
    Ask(
        "model server's health",
        "TGI",
        _model(lambda server: (server.health(), server.identity())),
        good={},
    ),
    Ask(
        "model server's answer",
        "TGI",
        _model(lambda server: server.generate(HI)),
        odd=({"generated_text": None}, {"generated_text": 5}, {"generated_text": "a", "details": "x"}, [[]], [])
        + ({"generated_text": "a", "details": {"generated_tokens": "many"}},),
    ),
    Ask(
        "model server's chat",
        "TGI",
        _model(lambda server: server.generate(CHAT)),
        odd=({"choices": [""]}, {"choices": "x"}, {"choices": [{"message": "x"}]}, {"choices": [{"message": None}]})
        + ({"choices": []}, {"choices": [{"message": {"content": []}}]})
        + ({"choices": [{"message": {"content": "a"}}], "usage": "x"},),
    ),
    Ask("model server's stream", "TGI", _model(lambda server: server.stream(HI))),
    Ask("model server's chat stream", "TGI", _model(lambda server: server.stream(CHAT))),
    Ask(
        "model server's metrics",
        "TGI",
        _model(lambda server: server.metrics()),
        # A fresh server may have no figures yet.
        fine=frozenset({"empty"}),
    ),
]

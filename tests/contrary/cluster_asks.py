# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is asked of a cluster's API server, the Hub and model servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import POD, ObjectRef
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.informer import Informer
from ansible_collections.llmops.gke.plugins.module_utils.models.access import check_access, open_hub, read_config
from ansible_collections.llmops.gke.plugins.module_utils.models.metadata import read_tokenizer, read_weights
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import GenerationRequest
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.client import TgiClient
from ansible_collections.llmops.gke.plugins.module_utils.serving.vllm.client import VllmClient
from tests.contrary.asks import SECRET, Ask, list_of

WEB = ObjectRef(POD, "default", "web")
HI = GenerationRequest("hi")
CHAT = GenerationRequest(messages=[{"role": "user", "content": "hi"}])
_METADATA = ({"metadata": "x"}, {"metadata": {"name": 5}}, {"metadata": {"name": "web", "labels": "x"}}, {})


def _kubernetes(ask: Callable[[KubernetesApi], Any]) -> Callable[[str, Deadline], Any]:
    def run(url: str, deadline: Deadline) -> Any:
        headers = {"Authorization": f"Bearer {SECRET}"}
        return ask(KubernetesApi(HttpSession(url, "the Kubernetes API", deadline, authorize=lambda _fresh: headers)))

    return run


def _watch(api: KubernetesApi) -> Any:
    """As waits do it: until the deadline, where nothing comes."""
    with Informer(api) as informer:
        informer.watch([WEB])
        while not informer.object(WEB)[1]:
            api.http.deadline.pause(0, "wait for the pod", informer.trouble)
            informer.wait(informer.mark, min(0.05, api.http.deadline.remaining()))
    return informer


def _follow(api: KubernetesApi) -> Any:
    """One watch, to its end."""
    return [api.event(POD, "default", line) for line in api.watch(POD, "default", "7", seconds=9)]


def _hub(ask: Callable[[HttpSession], Any]) -> Callable[[str, Deadline], Any]:
    return lambda url, deadline: ask(open_hub(url, SECRET, deadline))


def _model(ask: Callable[[TgiClient], Any]) -> Callable[[str, Deadline], Any]:
    return lambda url, deadline: ask(TgiClient(url, SECRET, deadline))


def _vllm(ask: Callable[[VllmClient], Any], *, known: bool = True) -> Callable[[str, Deadline], Any]:
    """known: the model's name, so that the server is not asked for it."""

    def run(url: str, deadline: Deadline) -> Any:
        return ask(VllmClient(url, SECRET, deadline, {url: "m"} if known else None))

    return run


_CHOICES = ({"choices": [""]}, {"choices": "x"}, {"choices": []}, {"choices": [{}]})


ASKS = [
    Ask("Kubernetes object", "the Kubernetes API", _kubernetes(lambda api: api.get(WEB)), odd=_METADATA),
    Ask(
        "Kubernetes list",
        "the Kubernetes API",
        _kubernetes(lambda api: api.list(POD)),
        odd=(*list_of("items"), {}, {"items": [{}]}, {"items": [], "metadata": "x"})
        + ({"items": [], "metadata": {"continue": 5}}, {"items": [{"metadata": {}}]}),
        page=lambda token: {"items": [], "metadata": {"continue": token}},
    ),
    Ask(
        "Kubernetes apply",
        "the Kubernetes API",
        _kubernetes(lambda api: api.apply(WEB, {"metadata": {"name": "web"}}, manager="m")),
        odd=_METADATA,
    ),
    Ask("Kubernetes delete", "the Kubernetes API", _kubernetes(lambda api: api.delete(WEB)), odd=({},)),
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
        odd=(*list_of("resources"), {"resources": [{"kind": "Thing", "name": 5}]}, {"resources": [{}]}),
    ),
    Ask(
        "Kubernetes group",
        "the Kubernetes API",
        _kubernetes(lambda api: api.kind_of_group("example.com", "Thing")),
        odd=({}, {"preferredVersion": "v1"}, {"preferredVersion": {"groupVersion": 1}}),
    ),
    Ask(
        "Kubernetes watch's events",
        "the Kubernetes API",
        _kubernetes(_follow),
        # A watch of which nothing comes has ended.
        fine=frozenset({"empty", "204"}),
        odd=({"type": "ADDED", "object": "x"}, {"type": 5, "object": {}}, {"type": "ADDED", "object": {"metadata": {}}})
        + ({"type": "BOOKMARK", "object": {}}, {"type": "ERROR", "object": {"code": "x"}}, {"type": "ADDED"}),
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
    Ask(
        "vLLM's models",
        "vLLM",
        _vllm(lambda server: server.identity(), known=False),
        odd=({"data": "x"}, {"data": []}, {"data": [{}]}, {"data": [{"id": 5}]}, {"data": [{"id": "m"}]})
        + ({"data": [{"id": "m", "owned_by": "vllm", "max_model_len": "x"}]},),
    ),
    Ask(
        "vLLM's version",
        "vLLM",
        _vllm(lambda server: server.identity()),
        good={("GET", "/v1/models"): {"data": [{"id": "m", "owned_by": "vllm"}]}},
        odd=({}, {"version": 5}, {"version": None}),
    ),
    Ask(
        "vLLM's answer",
        "vLLM",
        _vllm(lambda server: server.generate(HI)),
        odd=(*_CHOICES, {"choices": [{"text": 5}]}, {"choices": [{"text": "a", "finish_reason": 5}]})
        + (
            {"choices": [{"text": "a"}], "usage": "x"},
            {"choices": [{"text": "a"}], "usage": {"completion_tokens": "x"}},
        ),
    ),
    Ask(
        "vLLM's chat",
        "vLLM",
        _vllm(lambda server: server.generate(CHAT)),
        odd=(*_CHOICES, {"choices": [{"message": "x"}]}, {"choices": [{"message": {"content": []}}]}),
    ),
    Ask("vLLM's stream", "vLLM", _vllm(lambda server: server.stream(HI))),
    Ask("vLLM's chat stream", "vLLM", _vllm(lambda server: server.stream(CHAT))),
]

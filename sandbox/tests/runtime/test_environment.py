# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container's environment, as its program gets it."""

from __future__ import annotations

import base64

import pytest

from llmops_gke_sandbox.agents.kubelet.environment import ConfigError, Environment
from llmops_gke_sandbox.agents.kubelet.volumes import ModelVolumes


class Api:
    """Holds one ConfigMap and one Secret."""

    async def get(self, resource: str, name: str, namespace: str) -> dict | None:
        known = {
            ("configmaps", "settings", "default"): {"data": {"LEVEL": "debug", "MODE": "fast"}},
            ("secrets", "token", "default"): {"data": {"HF_TOKEN": base64.b64encode(b"hf_x").decode()}},
        }
        return known.get((resource, name, namespace))


NO_MODELS = ModelVolumes(None, frozenset, lambda _node: [])
POD = {
    "metadata": {"name": "p", "namespace": "default", "labels": {"app": "a"}},
    "spec": {"nodeName": "n"},
    "status": {"podIP": "10.92.0.2"},
}


async def _resolve(*env: dict, env_from: tuple[dict, ...] = (), **container) -> dict[str, str]:
    return await Environment(Api(), NO_MODELS).resolve(POD, {"env": list(env), "envFrom": list(env_from), **container})


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ({"secretKeyRef": {"name": "token", "key": "HF_TOKEN"}}, "hf_x"),
        ({"configMapKeyRef": {"name": "settings", "key": "MODE"}}, "fast"),
        ({"fieldRef": {"fieldPath": "metadata.name"}}, "p"),
        ({"fieldRef": {"fieldPath": "spec.nodeName"}}, "n"),
        ({"fieldRef": {"fieldPath": "status.podIP"}}, "10.92.0.2"),
        ({"fieldRef": {"fieldPath": "metadata.labels['app']"}}, "a"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "2"),
    ],
)
async def test_values_from_elsewhere(source, value):
    found = await _resolve({"name": "X", "valueFrom": source}, resources={"limits": {"cpu": "2"}})
    assert found == {"X": value}


async def test_a_value_may_name_earlier_ones():
    found = await _resolve(
        {"name": "A", "value": "1"}, {"name": "B", "value": "$(A)-$(UNKNOWN)-$$(A)"}, {"name": "EMPTY"}
    )
    assert found == {"A": "1", "B": "1-$(UNKNOWN)-$(A)", "EMPTY": ""}


async def test_whole_sources_come_first_and_take_a_prefix():
    sources = ({"configMapRef": {"name": "settings"}, "prefix": "S_"}, {"secretRef": {"name": "no", "optional": True}})
    found = await _resolve({"name": "S_MODE", "value": "slow"}, env_from=sources)
    assert found == {"S_LEVEL": "debug", "S_MODE": "slow"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMapKeyRef": {"name": "none", "key": "K"}}, 'configmap "none" not found'),
        ({"configMapKeyRef": {"name": "settings", "key": "K"}}, "couldn't find key K in ConfigMap default/settings"),
    ],
)
async def test_what_is_missing_is_named_unless_it_is_optional(source, message):
    with pytest.raises(ConfigError, match=message):
        await _resolve({"name": "X", "valueFrom": source})
    optional = {"configMapKeyRef": {**source["configMapKeyRef"], "optional": True}}
    assert await _resolve({"name": "X", "valueFrom": optional}) == {}

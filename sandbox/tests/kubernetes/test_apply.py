# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply beyond the recorded exchanges."""

from __future__ import annotations

import pytest

MAPS = "/api/v1/namespaces/default/configmaps"
SERVICES = "/api/v1/namespaces/default/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MONITORINGS = "/apis/monitoring.googleapis.com/v1/namespaces/default/podmonitorings"


def config_map(**data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}


def service(*ports: int) -> dict:
    spec = {"type": "LoadBalancer", "ports": [{"name": f"p{port}", "port": port} for port in ports]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


def deployment(**container: object) -> dict:
    labels = {"app": "web"}
    pod = {"containers": [{"name": "web", "image": "pause:3", **container}]}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


async def test_conflicts_name_every_field_and_its_owner(client):
    await client.apply(f"{MAPS}/settings", config_map(a="1", b="1", c="1"), manager="first")
    status, body = await client.apply(f"{MAPS}/settings", config_map(a="2", b="2", c="1"), manager="second")
    assert (status, body["reason"]) == (409, "Conflict")
    assert body["message"] == 'Apply failed with 2 conflicts: conflicts with "first":\n- .data.a\n- .data.b'
    assert [cause["field"] for cause in body["details"]["causes"]] == [".data.a", ".data.b"]


async def test_a_value_that_both_give_is_shared_and_outlives_one_owner(client):
    await client.apply(f"{MAPS}/settings", config_map(a="1"), manager="first")
    await client.apply(f"{MAPS}/settings", config_map(a="1", b="2"), manager="second")
    _, body = await client.apply(f"{MAPS}/settings", config_map(), manager="first")
    assert body["data"] == {"a": "1", "b": "2"}
    _, body = await client.apply(f"{MAPS}/settings", config_map(), manager="second")
    assert "data" not in body


async def test_force_takes_fields_from_their_owner(client):
    await client.apply(f"{MAPS}/settings", config_map(a="1", b="1"), manager="first")
    status, body = await client.apply(f"{MAPS}/settings", config_map(a="2"), "&force=true", manager="second")
    assert (status, body["data"]) == (200, {"a": "2", "b": "1"})
    owned = {entry["manager"]: entry["fieldsV1"] for entry in body["metadata"]["managedFields"]}
    assert owned == {"first": {"f:data": {"f:b": {}}}, "second": {"f:data": {"f:a": {}}}}


async def test_an_item_of_a_keyed_list_goes_with_its_owner(client):
    await client.apply(f"{SERVICES}/web", service(80, 81))
    await client.merge(f"{SERVICES}/web", {"metadata": {"labels": {"other": "manager"}}})
    _, body = await client.apply(f"{SERVICES}/web", service(80))
    assert [port["port"] for port in body["spec"]["ports"]] == [80]
    assert body["metadata"]["labels"] == {"other": "manager"}


async def test_a_dry_run_takes_no_node_port_and_no_address(client):
    _, tried = await client.apply(f"{SERVICES}/web", service(80), "&dryRun=All")
    assert (await client("GET", f"{SERVICES}/web"))[0] == 404
    _, made = await client.apply(f"{SERVICES}/web", service(80))
    assert made["spec"]["ports"][0]["nodePort"] not in (None, tried["spec"]["ports"][0]["nodePort"])
    _, wanted = await client.apply(
        f"{SERVICES}/other",
        {
            **service(80),
            "metadata": {"name": "other"},
            "spec": {"clusterIP": tried["spec"]["clusterIP"], "ports": [{"port": 80}]},
        },
    )
    assert wanted["spec"]["clusterIP"] == tried["spec"]["clusterIP"]


async def test_a_dry_run_predicts_what_apply_then_does(client):
    await client.apply(f"{DEPLOYMENTS}/web", deployment())
    change = deployment(env=[{"name": "A", "value": "1"}])
    _, predicted = await client.apply(f"{DEPLOYMENTS}/web", change, "&dryRun=All")
    _, done = await client.apply(f"{DEPLOYMENTS}/web", change)
    assert predicted["metadata"].pop("resourceVersion") != done["metadata"].pop("resourceVersion")
    for body in (predicted, done):
        for entry in body["metadata"]["managedFields"]:
            entry.pop("time")
    assert predicted == done


async def test_an_apply_of_the_same_keeps_version_and_time(client):
    _, first = await client.apply(f"{DEPLOYMENTS}/web", deployment(resources={"limits": {"cpu": "1000m"}}))
    _, second = await client.apply(f"{DEPLOYMENTS}/web", deployment(resources={"limits": {"cpu": 1}}))
    assert first == second
    assert first["spec"]["template"]["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}}


async def test_several_misfits_are_listed(client):
    status, body = await client.apply(f"{DEPLOYMENTS}/web", deployment(imagee="x", stdin="yes"))
    assert status == 500
    assert body["message"].startswith("failed to create typed patch object (/web; apps/v1, Kind=Deployment)")
    at = '.spec.template.spec.containers[name="web"]'
    assert f"  {at}.imagee: field not declared in schema" in body["message"]
    assert f"  {at}.stdin: expected boolean, got &{{yes}}" in body["message"]


async def test_a_keyed_item_without_its_key_has_an_empty_one_and_is_refused(client):
    status, body = await client.apply(f"{DEPLOYMENTS}/web", deployment(env=[{"value": "1"}]))
    assert status == 422
    assert body["details"]["causes"][0]["field"] == "spec.template.spec.containers[0].env[0].name"


async def test_managed_fields_in_a_configuration_are_refused(client):
    config = config_map(a="1")
    config["metadata"]["managedFields"] = []
    assert (await client.apply(f"{MAPS}/settings", config))[1]["message"] == "metadata.managedFields must be nil"


async def test_status_is_applied_through_its_own_path_alone(client):
    monitoring = {
        "apiVersion": "monitoring.googleapis.com/v1",
        "kind": "PodMonitoring",
        "metadata": {"name": "m"},
        "spec": {"selector": {}, "endpoints": [{"port": "metrics"}]},
        "status": {"observed": 1},
    }
    _, made = await client.apply(f"{MONITORINGS}/m", monitoring)
    assert "status" not in made
    _, written = await client.apply(f"{MONITORINGS}/m/status", {**monitoring, "spec": {}}, manager="operator")
    assert written["status"] == {"observed": 1}
    assert written["spec"] == made["spec"]
    assert {entry["manager"]: entry["fieldsV1"] for entry in written["metadata"]["managedFields"]}["operator"] == {
        "f:status": {"f:observed": {}}
    }


async def test_a_custom_resource_keeps_free_fields_and_gets_defaults(client):
    relabel = {"action": "replace", "sourceLabels": ["a"], "nested": {"deep": [1, {"x": None}]}}
    monitoring = {
        "apiVersion": "monitoring.googleapis.com/v1",
        "kind": "PodMonitoring",
        "metadata": {"name": "m"},
        "spec": {"selector": {}, "endpoints": [{"port": 8080, "metricRelabeling": [relabel]}]},
    }
    status, body = await client.apply(f"{MONITORINGS}/m", monitoring)
    assert status == 201
    assert body["spec"]["endpoints"] == [{"port": 8080, "interval": "1m", "metricRelabeling": [relabel]}]


@pytest.mark.parametrize(
    ("version", "kind", "status"), [("v2", "ConfigMap", 400), ("v1", "Secret", 400), ("v1", "ConfigMap", 201)]
)
async def test_a_body_of_another_kind_is_refused(client, version, kind, status):
    config = {**config_map(a="1"), "apiVersion": version, "kind": kind}
    assert (await client.apply(f"{MAPS}/settings", config))[0] == status


async def test_owners_are_forgotten_on_demand_alone(client):
    await client.apply(f"{MAPS}/settings", config_map(a="1"))
    _, kept = await client.merge(f"{MAPS}/settings", {"metadata": {"managedFields": []}})
    _, bare = await client.merge(f"{MAPS}/settings", {"metadata": {"managedFields": [{}]}})
    assert len(kept["metadata"]["managedFields"]) == 1
    assert "managedFields" not in bare["metadata"]

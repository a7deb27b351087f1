# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server makes of objects that are created and changed."""

from __future__ import annotations

import base64

import pytest

CORE = "/api/v1/namespaces/default"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
STRATEGIC = "application/strategic-merge-patch+json"
OF_GPUS = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def pod(**spec: object) -> dict:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def deployment(name: str = "web") -> dict:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}


async def test_generate_name_gives_each_its_own(client):
    names = set()
    for _ in range(2):
        status, body = await client("POST", f"{CORE}/configmaps", {"metadata": {"generateName": "x-"}})
        assert status == 201
        names.add(body["metadata"]["name"])
    assert len(names) == 2 and all(name.startswith("x-") and len(name) == 7 for name in names)


async def test_an_object_without_a_name_is_refused(client):
    status, body = await client("POST", f"{CORE}/configmaps", {"metadata": {}})
    assert (status, body["details"]["causes"][0]["field"]) == (422, "metadata.name")


@pytest.mark.parametrize(("kind", "name"), [("configmaps", "Upper"), ("services", "a.b"), ("configmaps", "a_b")])
async def test_names_that_are_not_valid_are_refused(client, kind, name):
    body = {"metadata": {"name": name}, **({"spec": {"ports": [{"port": 80}]}} if kind == "services" else {})}
    status, body = await client("POST", f"{CORE}/{kind}", body)
    assert (status, body["details"]["causes"][0]["field"]) == (422, "metadata.name")


_UNKNOWN = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dataa"'


async def test_unknown_fields_are_refused_reported_or_dropped(client):
    body = {"metadata": {"name": "c"}, "dataa": {"x": "y"}}
    status, answer = await client("POST", f"{CORE}/configmaps?fieldValidation=Strict", body)
    assert (status, answer["message"]) == (400, _UNKNOWN)
    status, answer = await client("POST", f"{CORE}/configmaps", body)
    assert status == 201 and "dataa" not in answer
    assert client.headers["Warning"] == '299 - "unknown field \\"dataa\\""'
    body["metadata"]["name"] = "d"
    await client("POST", f"{CORE}/configmaps?fieldValidation=Ignore", body)
    assert "Warning" not in client.headers


async def test_a_wrong_type_is_refused_with_its_field(client):
    body = deployment()
    body["spec"]["replicas"] = "two"
    status, answer = await client("POST", DEPLOYMENTS, body)
    assert status == 400
    assert (
        "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32" in answer["message"]
    )


async def test_generation_counts_changes_of_the_specification_alone(client):
    _, made = await client("POST", DEPLOYMENTS, deployment())
    _, labelled = await client.merge(f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"x": "y"}}})
    _, status = await client.merge(f"{DEPLOYMENTS}/web/status", {"status": {"replicas": 1}})
    _, scaled = await client.merge(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}, "status": {"replicas": 9}})
    assert [body["metadata"]["generation"] for body in (made, labelled, status, scaled)] == [1, 1, 1, 2]
    assert scaled["status"] == {"replicas": 1}


async def test_status_writes_leave_the_specification(client):
    await client("POST", DEPLOYMENTS, deployment())
    _, body = await client.merge(f"{DEPLOYMENTS}/web/status", {"spec": {"replicas": 7}, "status": {"replicas": 3}})
    assert (body["spec"]["replicas"], body["status"]) == (1, {"replicas": 3})


async def test_a_write_that_changes_nothing_keeps_the_version(client):
    _, made = await client("POST", DEPLOYMENTS, deployment())
    _, again = await client("PUT", f"{DEPLOYMENTS}/web", made)
    assert again == made


async def test_scale_reads_and_sets_replicas(client):
    await client("POST", DEPLOYMENTS, deployment())
    _, scale = await client("GET", f"{DEPLOYMENTS}/web/scale")
    assert (scale["spec"], scale["status"]) == ({"replicas": 1}, {"replicas": 0, "selector": "a=b"})
    await client("PUT", f"{DEPLOYMENTS}/web/scale", {**scale, "spec": {"replicas": 4}})
    _, scale = await client.merge(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 0}})
    _, body = await client("GET", f"{DEPLOYMENTS}/web")
    assert (scale["spec"], body["spec"]["replicas"]) == ({}, 0)
    status, _ = await client.merge(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": -1}})
    assert status == 422


async def test_string_data_of_a_secret_is_encoded(client):
    secret = {"metadata": {"name": "s"}, "stringData": {"k": "välue"}, "data": {"o": "MQ=="}}
    _, body = await client("POST", f"{CORE}/secrets", secret)
    assert body["data"] == {"k": base64.b64encode("välue".encode()).decode(), "o": "MQ=="}
    assert "stringData" not in body and body["type"] == "Opaque"


async def test_an_immutable_config_map_stays(client):
    await client("POST", f"{CORE}/configmaps", {"metadata": {"name": "c"}, "data": {"a": "1"}, "immutable": True})
    status, body = await client.merge(f"{CORE}/configmaps/c", {"data": {"a": "2"}})
    assert (status, body["details"]["causes"][0]["field"]) == (422, "data")


async def test_a_pod_gets_requests_tolerations_and_quality_of_service(client):
    body = pod(
        containers=[
            {
                "name": "c",
                "image": "i:latest",
                "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi", "nvidia.com/gpu": 1}},
            }
        ]
    )
    _, made = await client("POST", f"{CORE}/pods", body)
    container = made["spec"]["containers"][0]
    assert container["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi", "nvidia.com/gpu": "1"}
    assert container["imagePullPolicy"] == "Always"
    assert made["status"] == {"phase": "Pending", "qosClass": "Guaranteed"}
    assert [one["key"] for one in made["spec"]["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        # GKE keeps its nodes with GPUs for pods that ask for some, and lets these there.
        "nvidia.com/gpu",
    ]
    assert made["spec"]["tolerations"][-1] == OF_GPUS


@pytest.mark.parametrize(
    ("given", "kept"),
    [([OF_GPUS], [OF_GPUS]), ([{"key": "nvidia.com/gpu", "operator": "Exists"}], [OF_GPUS])],
    ids=["the same", "another"],
)
async def test_a_toleration_of_ones_own_is_not_given_twice(client, given, kept):
    resources = {"limits": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": 1}}
    body = pod(containers=[{"name": "c", "image": "i", "resources": resources}], tolerations=given)
    _, made = await client("POST", f"{CORE}/pods", body)
    tolerations = [one for one in made["spec"]["tolerations"] if not one["key"].startswith("node.kubernetes.io")]
    assert tolerations == [*(one for one in given if one not in kept), *kept]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"containers": []}, "spec.containers"),
        ({"containers": [{"name": "c"}]}, "spec.containers[0].image"),
        (
            {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 0}]}]},
            "spec.containers[0].ports[0].containerPort",
        ),
        (
            {"containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]},
            "spec.containers[0].volumeMounts[0].name",
        ),
        (
            {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"nvidia.com/gpu": 1}}}]},
            "spec.containers[0].resources.limits",
        ),
    ],
)
async def test_pods_that_cannot_run_are_refused_by_field(client, spec, field):
    status, body = await client("POST", f"{CORE}/pods", pod(**spec))
    assert (status, [cause["field"] for cause in body["details"]["causes"]]) == (422, [field])


async def test_of_a_pod_the_image_may_change_and_the_command_may_not(client):
    await client("POST", f"{CORE}/pods", pod())

    async def patch(container: dict) -> int:
        body = {"spec": {"containers": [{"name": "c", **container}]}}
        return (await client("PATCH", f"{CORE}/pods/p", body, content_type=STRATEGIC))[0]

    assert await patch({"image": "other"}) == 200
    assert await patch({"command": ["x"]}) == 422


async def test_a_service_keeps_its_address_and_port_through_changes(client):
    body = {"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}
    _, made = await client("POST", f"{CORE}/services", body)
    _, put = await client("PUT", f"{CORE}/services/s", body)
    assert put["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    assert put["spec"]["ports"] == made["spec"]["ports"]
    assert made["spec"]["ports"][0]["targetPort"] == 80
    _, inner = await client.merge(
        f"{CORE}/services/s",
        {"spec": {"type": "ClusterIP", "externalTrafficPolicy": None, "allocateLoadBalancerNodePorts": None}},
    )
    assert "nodePort" not in inner["spec"]["ports"][0]


async def test_an_address_is_given_once(client):
    spec = {"clusterIP": "34.118.230.9", "ports": [{"port": 80}]}
    assert (await client("POST", f"{CORE}/services", {"metadata": {"name": "a"}, "spec": spec}))[0] == 201
    status, body = await client("POST", f"{CORE}/services", {"metadata": {"name": "b"}, "spec": spec})
    assert (status, body["details"]["causes"][0]["field"]) == (422, "spec.clusterIPs")
    await client("DELETE", f"{CORE}/services/a")
    assert (await client("POST", f"{CORE}/services", {"metadata": {"name": "b"}, "spec": spec}))[0] == 201


async def test_a_stale_version_is_refused_and_the_latest_is_not(client):
    _, made = await client("POST", f"{CORE}/configmaps", {"metadata": {"name": "c"}})
    made["data"] = {"a": "1"}
    status, second = await client("PUT", f"{CORE}/configmaps/c", made)
    assert status == 200
    assert (await client("PUT", f"{CORE}/configmaps/c", {**made, "data": {"a": "2"}}))[0] == 409
    assert (
        await client.merge(
            f"{CORE}/configmaps/c",
            {"metadata": {"resourceVersion": second["metadata"]["resourceVersion"]}, "data": {"a": "2"}},
        )
    )[0] == 200


async def test_selector_and_template_of_a_workload_must_agree(client):
    body = deployment()
    body["spec"]["template"]["metadata"]["labels"] = {"a": "c"}
    status, answer = await client("POST", DEPLOYMENTS, body)
    assert (status, answer["details"]["causes"][0]["field"]) == (422, "spec.template.metadata.labels")


async def test_a_definition_serves_its_kind_until_it_is_deleted(client):
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    definition = {
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Cluster",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "additionalPrinterColumns": [{"name": "N", "type": "integer", "jsonPath": ".spec.n"}],
                }
            ],
        },
    }
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await client("POST", definitions, definition)
    _, served = await client("GET", f"{definitions}/things.example.com")
    assert {one["type"]: one["status"] for one in served["status"]["conditions"]}["Established"] == "True"
    things = "/apis/example.com/v1/things"
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"n": 1, "x": 2}}
    _, made = await client("POST", things, thing)
    assert made["spec"] == {"n": 1}
    _, table = await client("GET", things, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert [row["cells"] for row in table["rows"]] == [["t", 1]]
    await client("DELETE", f"{definitions}/things.example.com")
    assert (await client("GET", things))[0] == 404
    await client("POST", definitions, definition)
    assert (await client("GET", things))[1]["items"] == []


async def test_a_rollout_s_deadline_lies_after_the_time_in_which_pods_prove_themselves(client):
    made = deployment()
    made["spec"]["minReadySeconds"] = 600
    status, body = await client("POST", DEPLOYMENTS, made)
    [cause] = body["details"]["causes"]
    assert (status, cause["field"]) == (422, "spec.progressDeadlineSeconds")
    assert cause["message"] == "Invalid value: 600: must be greater than minReadySeconds"

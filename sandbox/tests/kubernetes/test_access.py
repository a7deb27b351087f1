# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may come in, what is refused, and how faults strike."""

from __future__ import annotations

import ssl

import aiohttp
import pytest

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.cluster import KubernetesCluster
from llmops_gke_sandbox.request_log import RequestLog

PODS = "/api/v1/namespaces/default/pods"


@pytest.mark.parametrize("path", ["/readyz", "/livez", "/healthz", "/version"])
async def test_health_and_version_need_no_token(client, path):
    assert (await client("GET", path, as_="anonymous"))[0] == 200


@pytest.mark.parametrize("path", ["/api", "/apis/apps/v1", "/openapi/v3"])
async def test_discovery_needs_a_known_user(client, path):
    assert (await client("GET", path, as_="anonymous"))[0] == 403
    assert (await client("GET", path, as_="viewer"))[0] == 200


async def test_the_server_is_a_gke_of_its_version(client):
    _, version = await client("GET", "/version")
    assert version["gitVersion"].startswith("v1.36.") and "-gke." in version["gitVersion"]


async def test_answers_say_that_they_are_simulated(client):
    for path in ("/version", PODS, "/nope"):
        await client("GET", path)
        assert client.headers["x-simulated"] == "llmops-gke-sandbox"


async def test_the_certificate_is_signed_by_the_clusters_own_authority(cluster):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"https://{cluster.endpoint}/version")
    other = ssl.create_default_context()
    assert b"BEGIN CERTIFICATE" in cluster.ca_certificate and other.verify_mode == ssl.CERT_REQUIRED


async def test_users_learn_who_they_are_and_what_they_may(client):
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    question = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    answers = {user: (await client("POST", path, question, as_=user))[1] for user in ("admin", "viewer")}
    assert {user: answer["status"]["allowed"] for user, answer in answers.items()} == {"admin": True, "viewer": False}
    _, me = await client("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, as_="viewer")
    assert me["status"]["userInfo"]["username"] == "viewer"


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("POST", f"{PODS}/p/exec", "pods/exec"),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", "serviceaccounts/token"),
        ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", "subjectaccessreviews"),
    ],
)
async def test_what_is_not_implemented_says_so(client, method, path, what):
    status, body = await client(method, path, {})
    assert (status, body["reason"]) == (501, "NotImplemented")
    assert what in body["message"]


async def test_who_may_everything_acts_as_another_and_nobody_else_does(client, cluster):
    async def ask(token: str, wanted: str) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}-token", "Impersonate-User": wanted}
        async with client.session.get(f"https://{cluster.endpoint}{PODS}", headers=headers) as answer:
            return answer.status, (await answer.json()).get("message", "")

    status, message = await ask("admin", "viewer")
    assert status == 403 and 'User "viewer" cannot list resource "pods"' in message
    status, message = await ask("viewer", "admin")
    assert status == 403 and 'User "viewer" cannot impersonate resource "users"' in message
    assert (await ask("admin", "somebody"))[0] == 200


async def test_a_method_that_a_path_has_not_got_is_refused(client):
    assert (await client("PUT", PODS, {}))[0] == 405
    assert (await client("POST", f"{PODS}/p", {}))[0] == 405


@pytest.mark.parametrize("body", ["{", "[]", '"text"'])
async def test_bodies_that_are_no_objects_are_refused(client, body):
    status, answer = await client("POST", PODS, body)
    assert (status, answer["reason"]) == (400, "BadRequest")


async def test_http_faults_strike_and_every_request_is_logged():
    faults, log = Faults(), RequestLog()
    server = KubernetesCluster("c", clock=Clock(), faults=faults, log=log, authenticate=lambda token: "admin")
    await server.start()
    try:
        faults.add("http", times=1, match={"service": "kubernetes", "path": "/api/v1/.*"}, status=503)
        context = ssl.create_default_context(cadata=server.ca_certificate.decode())
        headers = {"Authorization": "Bearer x"}
        async with aiohttp.ClientSession(headers=headers) as session:
            url = f"https://{server.endpoint}{PODS}"
            for expected in (503, 200):
                async with session.get(url, ssl=context) as answer:
                    assert answer.status == expected
        assert [(entry["service"], entry["status"]) for entry in log.entries()] == [
            ("kubernetes", 503),
            ("kubernetes", 200),
        ]
    finally:
        await server.stop()


async def test_logs_come_from_what_runs_pods(client, cluster):
    containers = [{"name": "main", "image": "i"}, {"name": "side", "image": "i"}]
    await client("POST", PODS, {"metadata": {"name": "p"}, "spec": {"containers": containers}})
    assert (await client("GET", f"{PODS}/p/log?container=main"))[0] == 501
    asked = []

    def source(*question):
        asked.append(question)
        return ["one", "two"]

    cluster.log_source = source
    status, body = await client("GET", f"{PODS}/p/log")
    assert status == 400 and body["message"].endswith("choose one of: [main side]")
    status, body = await client("GET", f"{PODS}/p/log?container=main")
    assert (status, body["message"]) == (400, 'container "main" in pod "p" is waiting to start: ContainerCreating')
    running = {"name": "main", "state": {"running": {}}, "ready": True, "restartCount": 0, "image": "i", "imageID": ""}
    await client.merge(f"{PODS}/p/status", {"status": {"containerStatuses": [running]}})
    assert await client("GET", f"{PODS}/p/log?container=main&tailLines=5") == (200, "one\ntwo\n")
    status, body = await client("GET", f"{PODS}/p/log?container=main&previous=true")
    assert (status, body["message"]) == (400, 'previous terminated container "main" in pod "p" not found')
    crashed = {
        **running,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1}},
    }
    await client.merge(f"{PODS}/p/status", {"status": {"containerStatuses": [crashed]}})
    await client("GET", f"{PODS}/p/log?container=main&previous=true")
    assert asked == [("default", "p", "main", False, 5), ("default", "p", "main", True, None)]


async def test_a_log_is_followed_until_its_container_ends(client, cluster):
    spec = {"containers": [{"name": "main", "image": "i"}]}
    await client("POST", PODS, {"metadata": {"name": "p"}, "spec": spec})
    known = {"name": "main", "ready": True, "restartCount": 0, "image": "i", "imageID": ""}

    async def become(state: dict) -> None:
        await client.merge(f"{PODS}/p/status", {"status": {"containerStatuses": [{**known, "state": state}]}})

    lines = ["one"]
    cluster.log_source = lambda namespace, pod, container, previous, tail: list(lines)
    await become({"running": {}})
    headers = {"Authorization": "Bearer admin-token"}
    async with client.session.get(f"https://{cluster.endpoint}{PODS}/p/log?follow=true", headers=headers) as answer:
        assert await answer.content.readline() == b"one\n"
        lines.append("two")
        assert await answer.content.readline() == b"two\n"
        await become({"terminated": {"exitCode": 0}})
        assert await answer.content.read() == b""
    assert (await client("GET", f"{PODS}/p/log?timestamps=true"))[0] == 501


async def test_a_query_that_is_no_number_is_refused(client):
    for query in ("limit=x", "watch=true&timeoutSeconds=x", "resourceVersion=x"):
        assert (await client("GET", f"{PODS}?{query}"))[0] == 400, query


async def test_yaml_is_read_and_times_stay_text(client):
    text = "{kind: ConfigMap, apiVersion: v1, metadata: {name: c}, data: {when: 2026-01-01T00:00:00Z}}"
    path = "/api/v1/namespaces/default/configmaps/c"
    status, body = await client.apply(path, f"# a comment\n{text}")
    assert (status, body["data"]) == (201, {"when": "2026-01-01T00:00:00Z"})

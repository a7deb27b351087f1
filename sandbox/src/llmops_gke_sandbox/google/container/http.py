# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GKE API's HTTP face: the discovery document says what a request means, a table who plays it."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web

from llmops_gke_sandbox.google.container.clusters import Clusters
from llmops_gke_sandbox.google.container.defaulting import asked_pools
from llmops_gke_sandbox.google.container.pools import Pools
from llmops_gke_sandbox.google.container.service import Call, Parts, Reads
from llmops_gke_sandbox.google.container.updates import Changes
from llmops_gke_sandbox.google.discovery import container_v1
from llmops_gke_sandbox.google.errors import GoogleError, bad_request, unimplemented
from llmops_gke_sandbox.google.guard import Guard
from llmops_gke_sandbox.google.service_accounts import ServiceAccounts

_PREFIX = "container.projects.locations."


class ContainerApi:
    """Answers /container/v1/…"""

    def __init__(self, parts: Parts, guard: Guard, accounts: ServiceAccounts) -> None:
        reads, clusters, pools = Reads(parts), Clusters(parts), Pools(parts)
        changes = Changes(parts, clusters, pools)
        self._guard, self._accounts = guard, accounts
        # method id -> (who plays it, the IAM permission it needs)
        self._players: dict[str, tuple[Callable[[Call], dict], str]] = {
            "getServerConfig": (reads.server_config, "container.clusters.list"),
            "clusters.list": (reads.list_clusters, "container.clusters.list"),
            "clusters.get": (reads.get_cluster, "container.clusters.get"),
            "clusters.create": (clusters.create, "container.clusters.create"),
            "clusters.update": (changes.update_cluster, "container.clusters.update"),
            "clusters.setMaintenancePolicy": (changes.set_maintenance_policy, "container.clusters.update"),
            "clusters.setResourceLabels": (clusters.set_resource_labels, "container.clusters.update"),
            "clusters.delete": (clusters.delete, "container.clusters.delete"),
            "clusters.nodePools.list": (reads.list_pools, "container.clusters.get"),
            "clusters.nodePools.get": (reads.get_pool, "container.clusters.get"),
            "clusters.nodePools.create": (pools.create, "container.clusters.update"),
            "clusters.nodePools.update": (changes.update_pool, "container.clusters.update"),
            "clusters.nodePools.setAutoscaling": (pools.set_autoscaling, "container.clusters.update"),
            "clusters.nodePools.setManagement": (pools.set_management, "container.clusters.update"),
            "clusters.nodePools.setSize": (pools.set_size, "container.clusters.update"),
            "clusters.nodePools.delete": (pools.delete, "container.clusters.update"),
            "operations.list": (reads.list_operations, "container.operations.list"),
            "operations.get": (reads.get_operation, "container.operations.get"),
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the API's application."""
        return [web.route("*", "/{path:.*}", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        discovery = container_v1()
        found = discovery.find(request.method, request.match_info["path"])
        if found is None:
            raise GoogleError("NOT_FOUND", f"Method not found: {request.method} /{request.match_info['path']}")
        method, path = found
        play, permission = self._players.get(method.id.removeprefix(_PREFIX), (None, ""))
        if play is None:
            raise unimplemented(method.id)
        for name in request.query:
            if name not in method.query:
                raise bad_request(
                    [("", f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.')]
                )
        body = discovery.read(method.request, await _json(request)) if method.request else {}
        self._guard.require(request, "container", permission, path["projectsId"])
        for account in _accounts_of(body):
            self._accounts.require_act_as(account)
        call = Call(
            path.get("locationsId", ""),
            path.get("clustersId", ""),
            path.get("nodePoolsId", ""),
            path.get("operationsId", ""),
            body,
        )
        return web.json_response(play(call))


def _accounts_of(body: dict) -> list[str]:
    """Return the service accounts of the node pools that a create request asks for."""
    cluster, pool = body.get("cluster"), body.get("nodePool")
    pools = [pool] if pool else asked_pools(cluster) if cluster else []
    return [one.get("config", {}).get("serviceAccount", "") for one in pools]


async def _json(request: web.Request) -> object:
    content = await request.read()
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise bad_request([("", "Invalid JSON payload received. Unable to parse the body as JSON.")]) from None

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of Compute Engine: quotas, regions, machine types, GPUs, subnetworks, groups of instances."""

from __future__ import annotations

import re
import zlib

from aiohttp import web

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google import places, subnetworks
from llmops_gke_sandbox.google.container.defaulting import group_actions
from llmops_gke_sandbox.google.container.state import Store
from llmops_gke_sandbox.google.errors import GoogleError, bad_request, unimplemented
from llmops_gke_sandbox.google.guard import Guard
from llmops_gke_sandbox.google.quotas import Quotas
from llmops_gke_sandbox.google.storage.models import ModelFiles

_FILTER = re.compile(r'\(?\s*(?P<field>\w+)\s*(?P<how>=|eq)\s*(?P<quote>"?)(?P<value>[^"\s]+)(?P=quote)\s*\)?')


class Compute:
    """Answers /compute/v1/projects/…

    :param base: URL under which it is served, e.g. http://127.0.0.1:1234/compute/v1.
    """

    def __init__(
        self,
        config: Config,
        quotas: Quotas,
        guard: Guard,
        base: str,
        *,
        store: Store,
        faults: Faults,
        files: ModelFiles,
    ) -> None:
        self._files = files
        self._config, self._quotas, self._guard, self._store, self._faults = config, quotas, guard, store, faults
        self._home = f"{base}/projects/{config.project}"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the API's application."""
        project = "/projects/{project}"
        table = {
            "": ("compute.projects.get", self._project),
            "/regions/{region}": ("compute.regions.get", self._region),
            "/zones/{zone}/instanceGroupManagers/{name}": ("compute.instanceGroupManagers.get", self._group),
            "/global/images/{name}": ("compute.images.get", self._image),
            "/aggregated/subnetworks": ("compute.subnetworks.list", self._all_subnetworks),
            "/regions/{region}/routers": ("compute.routers.list", self._routers),
            "/aggregated/acceleratorTypes": ("compute.acceleratorTypes.list", self._all_accelerators),
            "/aggregated/machineTypes": ("compute.machineTypes.list", self._all_machines),
        }
        return [web.get(project + path, self._reading(permission, read)) for path, (permission, read) in table.items()]

    def _reading(self, permission: str, read):
        async def answer(request: web.Request) -> web.Response:
            self._guard.require(request, "compute", permission, request.match_info["project"])
            return web.json_response(read(request))

        return answer

    def _project(self, _request: web.Request) -> dict:
        return self._resource("project", self._config.project, "") | {
            "id": self._config.project_number,
            "quotas": self._quotas.shown(None),
            "defaultServiceAccount": self._config.default_service_account,
        }

    def _region(self, request: web.Request) -> dict:
        name = request.match_info["region"]
        if name not in places.regions():
            raise self._missing(f"regions/{name}")
        return self._region_body(name)

    def _region_body(self, name: str) -> dict:
        zones = [f"{self._home}/zones/{zone}" for zone in places.regions()[name]]
        return self._resource("region", name, f"regions/{name}") | {
            "status": "UP",
            "zones": zones,
            "quotas": self._quotas.shown(name),
        }

    def _image(self, request: web.Request) -> dict:
        name = request.match_info["name"]
        if self._files.image(f"global/images/{name}") is None:
            raise self._missing(f"global/images/{name}")
        return self._resource("image", name, f"global/images/{name}") | {
            "status": "READY",
            "sourceType": "RAW",
            "diskSizeGb": "200",
        }

    def _all_accelerators(self, request: web.Request) -> dict:
        return self._aggregated(request, "acceleratorType", self._accelerators_of)

    def _all_machines(self, request: web.Request) -> dict:
        return self._aggregated(request, "machineType", self._machines_of)

    def _accelerators_of(self, zone: str) -> list[dict]:
        return [
            self._resource("acceleratorType", gpu.name, f"zones/{zone}/acceleratorTypes/{gpu.name}")
            | {
                "description": gpu.description,
                "maximumCardsPerInstance": gpu.per_instance,
                "zone": f"{self._home}/zones/{zone}",
            }
            for gpu in places.accelerators().values()
            if zone in gpu.zones and self._is_offered(zone, gpu.name)
        ]

    def _machines_of(self, zone: str) -> list[dict]:
        machines = places.machines_in(zone)
        return [self._machine_body(machine, zone) for machine in machines if self._is_offered(zone, machine.name)]

    def _is_offered(self, zone: str, name: str) -> bool:
        return self._faults.peek("not_offered", zone=zone, type=name) is None

    def _machine_body(self, machine: places.Machine, zone: str) -> dict:
        body = self._resource("machineType", machine.name, f"zones/{zone}/machineTypes/{machine.name}") | {
            "description": f"{machine.cpus} vCPUs, {machine.memory_mb // 1024} GB RAM",
            "guestCpus": machine.cpus,
            "memoryMb": machine.memory_mb,
            "isSharedCpu": machine.name == "e2-medium",
            "maximumPersistentDisks": 128,
            "maximumPersistentDisksSizeGb": "263168",
            "zone": zone,
        }
        if machine.gpu:
            body["accelerators"] = [{"guestAcceleratorType": machine.gpu, "guestAcceleratorCount": machine.gpus}]
        return body

    def _resource(self, kind: str, name: str, path: str) -> dict:
        return {
            "kind": f"compute#{kind}",
            "id": str(zlib.crc32(f"{path}/{name}".encode())),
            "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
            "name": name,
            "selfLink": f"{self._home}/{path}".rstrip("/"),
        }

    def _routers(self, request: web.Request) -> dict:
        region, path = request.match_info["region"], f"regions/{request.match_info['region']}/routers"
        if region not in places.regions():
            raise self._missing(f"regions/{region}")
        found = [
            self._resource("router", router["name"], f"{path}/{router['name']}")
            | {
                "region": f"{self._home}/regions/{region}",
                "network": f"{self._home}/global/networks/{router.get('network', subnetworks.NAME)}",
            }
            | ({"nats": router["nats"]} if router.get("nats") else {})
            for router in self._config.routers
            if router["region"] == region
        ]
        listed = {"kind": "compute#routerList", "id": f"projects/{self._config.project}/{path}"}
        return listed | {"selfLink": f"{self._home}/{path}"} | ({"items": found} if found else {})

    def _all_subnetworks(self, request: web.Request) -> dict:
        return self._aggregated(request, "subnetwork", self._subnetworks_of, "regions", list(places.regions()))

    def _subnetworks_of(self, region: str) -> list[dict]:
        found = {subnetworks.NAME: subnetworks.body(self._home, region)}
        if region in self._config.proxy_subnetworks:
            cidr = self._config.proxy_subnetworks[region]
            found[subnetworks.PROXY_ONLY] = subnetworks.proxy_only(self._home, region, cidr)
        return [
            self._resource("subnetwork", name, f"regions/{region}/subnetworks/{name}") | body
            for name, body in found.items()
        ]

    def _group(self, request: web.Request) -> dict:
        zone, name = self._known_zone(request), request.match_info["name"]
        actions = group_actions(self._store).get((zone, name))
        if actions is None:
            raise self._missing(f"zones/{zone}/instanceGroupManagers/{name}")
        path = f"zones/{zone}/instanceGroupManagers/{name}"
        return self._resource("instanceGroupManager", name, path) | {
            "targetSize": sum(actions.values()),
            "currentActions": actions,
        }

    def _aggregated(
        self, request: web.Request, kind: str, of_place, level: str = "zones", where: list[str] | None = None
    ) -> dict:
        plural, scopes = f"{kind}s", {}
        for place in where or (zone for zones in places.regions().values() for zone in zones):
            found = _filtered(request, of_place(place))
            empty = {
                "warning": {
                    "code": "NO_RESULTS_ON_PAGE",
                    "message": f"There are no results for scope '{level}/{place}' on this page.",
                }
            }
            scopes[f"{level}/{place}"] = {plural: found} if found else empty
        path = f"aggregated/{plural}"
        return {
            "kind": f"compute#{kind}AggregatedList",
            "id": f"projects/{self._config.project}/{path}",
            "items": scopes,
            "selfLink": f"{self._home}/{path}",
        }

    def _known_zone(self, request: web.Request) -> str:
        zone = request.match_info["zone"]
        if zone in places.regions() or not places.zones_of(zone):
            raise self._missing(f"zones/{zone}")
        return zone

    def _missing(self, path: str) -> GoogleError:
        message = f"The resource 'projects/{self._config.project}/{path}' was not found"
        return GoogleError("NOT_FOUND", message, reason="notFound")


def _filtered(request: web.Request, items: list[dict]) -> list[dict]:
    """Apply ?filter= of one clause: FIELD=VALUE, or gcloud's FIELD eq REGEX, which matches the whole value."""
    asked = request.query.get("filter")
    if not asked:
        return items
    clause = _FILTER.fullmatch(asked)
    if clause is None or any(not isinstance(item.get(clause["field"]), str) for item in items):
        raise unimplemented(f"Compute's filter {asked!r}; FIELD=VALUE is the form it knows")
    try:
        wanted = re.compile(
            re.escape(clause["value"]) if clause["how"] == "=" else clause["value"].replace("\\\\", "\\")
        )
    except re.error:
        raise bad_request(
            [("filter", f"Invalid value for field 'filter': '{asked}'. Invalid list filter expression.")]
        ) from None
    return [item for item in items if wanted.fullmatch(item[clause["field"]])]

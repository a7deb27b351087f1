# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of Compute Engine: quotas, offers, networks (https://cloud.google.com/compute/docs/reference/rest/v1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.errors import HttpError
from ..http.answers import NUMBER
from .apis import GoogleApis

COMPUTE = "Compute Engine"

_QUOTAS = [{"metric!": str, "limit": NUMBER, "usage": NUMBER}]
_SUBNETWORK = {
    "name!": str,
    "network!": str,
    "region!": str,
    "ipCidrRange": str,
    "purpose": str,
    "secondaryIpRanges": [{"ipCidrRange": str}],
}
_TYPE = {"name!": str, "guestCpus": int, "memoryMb": int, "maximumCardsPerInstance": int, "accelerators": [{}]}


@dataclass(frozen=True)
class Project:
    """quotas: those that hold for all regions together, metric -> limit and usage. default_account: the e-mail of the
    service account that nodes run as where nothing else is said, empty where the project has none."""

    quotas: dict[str, dict[str, float]]
    default_account: str = ""


@dataclass(frozen=True)
class Region:
    """quotas: metric -> limit and usage. zones: their names, sorted."""

    quotas: dict[str, dict[str, float]]
    zones: tuple[str, ...] = ()


Offers = dict[str, dict[str, dict[str, Any]]]
"""Name of a type -> zone -> the type as that zone has it."""


def region_quotas(apis: GoogleApis, project: str, region: str) -> dict[str, dict[str, float]]:
    """A region's quotas: metric -> limit and usage."""
    return read_region(apis, project, region).quotas


def read_region(apis: GoogleApis, project: str, region: str) -> Region:
    """What Compute Engine says of a region itself."""
    want = {"quotas!": _QUOTAS, "zones": [str]}
    body = apis.get(COMPUTE, f"/projects/{project}/regions/{region}", f"read the quotas of {region}", want)
    return Region(_by_metric(body), tuple(sorted(url.rpartition("/")[2] for url in body.get("zones", []))))


def project_quotas(apis: GoogleApis, project: str) -> dict[str, dict[str, float]]:
    """The quotas that hold for all regions together: metric -> limit and usage."""
    return read_project(apis, project).quotas


def read_project(apis: GoogleApis, project: str) -> Project:
    """What Compute Engine says of the project itself."""
    want = {"quotas": _QUOTAS, "defaultServiceAccount": str}
    body = apis.get(COMPUTE, f"/projects/{project}", f"read the quotas of project {project}", want)
    return Project(_by_metric(body), body.get("defaultServiceAccount", ""))


def machine_types(apis: GoogleApis, project: str, names: set[str]) -> Offers:
    """Where these machine types are, in every region, with their shapes."""
    return _offers(apis, project, "machineTypes", names)


def accelerator_types(apis: GoogleApis, project: str, names: set[str]) -> Offers:
    """Where these types of GPU are, in every region, with the most that an instance takes."""
    return _offers(apis, project, "acceleratorTypes", names)


def subnetworks(apis: GoogleApis, project: str) -> list[dict[str, Any]]:
    """Every subnetwork of the project, in all regions."""
    path = f"/projects/{project}/aggregated/subnetworks"
    found = []
    want = {"items": {"*": {"subnetworks": [_SUBNETWORK]}}}
    for page in apis.pages(COMPUTE, path, f"read the subnetworks of project {project}", want):
        for scope in page.get("items", {}).values():
            found += scope.get("subnetworks", [])
    return found


def nat_networks(apis: GoogleApis, project: str, region: str) -> set[str]:
    """The names of the networks that have Cloud NAT in a region: a router with a NAT gateway."""
    path = f"/projects/{project}/regions/{region}/routers"
    want = {"items": [{"network": str, "nats": [{}]}]}
    return {
        router.get("network", "").rpartition("/")[2]
        for page in apis.pages(COMPUTE, path, f"read the routers of {region}", want)
        for router in page.get("items", [])
        if router.get("nats")
    }


def disk_image_status(apis: GoogleApis, path: str) -> str | None:
    """The status of a disk image, ``READY`` for one that can be used; None where there is none. Raises HttpError.

    path: ``projects/PROJECT/global/images/NAME``.
    """
    try:
        found = apis.get(COMPUTE, f"/{path}", f"read the disk image {path}", {"status!": str})
    except HttpError as error:
        if error.status != 404:
            raise
        return None
    return str(found["status"])


def group_size(apis: GoogleApis, url: str) -> int:
    """The nodes that one of a node pool's ``instanceGroupUrls`` is to have now.

    Only the path behind ``/projects/`` is taken, so that the request goes to the endpoint that was chosen.
    """
    path = "/projects/" + url.partition("/projects/")[2]
    doing = f"read the size of {path.rpartition('/')[2]}"
    return apis.get(COMPUTE, path, doing, {"targetSize": int}).get("targetSize", 0)


def group_instances(apis: GoogleApis, url: str) -> int:
    """The instances that one of a node pool's ``instanceGroupUrls`` has, less those that are still to be created.

    By ``currentActions``, where a group counts each of its instances under what it does to it
    (InstanceGroupManagerActionsSummary); an instance that cannot be had stays in ``creating``.
    """
    path = "/projects/" + url.partition("/projects/")[2]
    doing = f"read the instances of {path.rpartition('/')[2]}"
    group = apis.get(COMPUTE, path, doing, {"currentActions": {"*": int}})
    actions = group.get("currentActions", {})
    return sum(count for action, count in actions.items() if action not in ("creating", "creatingWithoutRetries"))


def zones_by_region(offers: dict[str, Any]) -> dict[str, list[str]]:
    """Region -> those of its zones that have a type, sorted. offers: zone -> the type."""
    regions: dict[str, list[str]] = {}
    for zone in sorted(offers):
        regions.setdefault(zone.rpartition("-")[0], []).append(zone)
    return regions


def _by_metric(body: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {
        quota["metric"]: {"limit": float(quota.get("limit", 0)), "usage": float(quota.get("usage", 0))}
        for quota in body.get("quotas", [])
    }


def _offers(apis: GoogleApis, project: str, kind: str, names: set[str]) -> Offers:
    offers: Offers = {name: {} for name in sorted(names)}
    if not names:
        return offers
    # The one form of filter that takes alternatives in a single clause: a regular expression for the whole name.
    which = f'name eq "({"|".join(offers)})"'
    path = f"/projects/{project}/aggregated/{kind}"
    want = {"items": {"*": {kind: [_TYPE]}}}
    for page in apis.pages(COMPUTE, path, f"read where {', '.join(offers)} can be had", want, filter=which):
        for scope, content in page.get("items", {}).items():
            for item in content.get(kind, []):
                if item["name"] in offers:
                    offers[item["name"]][scope.removeprefix("zones/")] = item
    return offers

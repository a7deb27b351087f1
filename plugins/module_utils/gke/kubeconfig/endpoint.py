# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint by which a cluster's control plane is reached: its DNS name, or its public or private IP address.

https://cloud.google.com/kubernetes-engine/docs/concepts/network-isolation#endpoint-types
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.errors import LlmopsError
from ...core.option_names import option
from ..fields.field import dig

AUTO, DNS, PUBLIC, PRIVATE = "auto", "dns", "public", "private"
CHOICES = [AUTO, DNS, PUBLIC, PRIVATE]


class EndpointAbsent(LlmopsError):
    """A control plane does not have the endpoint that was asked for, or takes no traffic over it."""

    kind = "endpoint_absent"


def host_of(cluster: Mapping[str, Any], wanted: str) -> tuple[str, str]:
    """Which endpoint it is (DNS, PUBLIC, PRIVATE), and its host, with a port where it has its own.

    wanted: one of CHOICES. AUTO is the public one where there is one, else the DNS name where it is open to clients,
    else the private one. Raises EndpointAbsent with what would open it.
    """
    refusals = []
    for kind in (PUBLIC, DNS, PRIVATE) if wanted == AUTO else (wanted,):
        host, why, remedy = _FINDERS[kind](cluster)
        if host and not why:
            return kind, host
        refusals.append((why, remedy))
    name, status = cluster.get("name", ""), cluster.get("status")
    if status in ("PROVISIONING", "ERROR", "STOPPING"):
        text = f"cluster {name} has no {'' if wanted == AUTO else f'{wanted} '}endpoint (it is {status})"
        raise EndpointAbsent(f"{text}; wait until it is RUNNING", resource=f"cluster {name}")
    reasons, (_why, remedy) = "; ".join(dict(refusals)), refusals[-1 if wanted != AUTO else 1]
    others = [kind for kind in (DNS, PUBLIC, PRIVATE) if kind != wanted and not _FINDERS[kind](cluster)[1]]
    choice = f", or set {option('cluster_endpoint')} to {' or '.join(others)}" if others else ""
    update = f"gcloud container clusters update {name} --location {cluster.get('location', 'LOCATION')} {remedy}"
    raise EndpointAbsent(f"cluster {name}: {reasons}; open it: {update}{choice}", resource=f"cluster {name}")


Found = tuple["str | None", str, str]
"""The host, why it cannot be used (empty where it can), and gcloud's flag that opens it."""


def _dns(cluster: Mapping[str, Any]) -> Found:
    endpoint = _part(cluster, "dnsEndpointConfig")
    host, flag = endpoint.get("endpoint"), "--enable-dns-access"
    if not host:
        return None, "it has no DNS endpoint", flag
    # What is off is left out of Google's answers.
    closed = not endpoint.get("allowExternalTraffic")
    setting = "control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic"
    return host, f"its DNS endpoint is closed to clients ({setting} is off)" if closed else "", flag


def _public(cluster: Mapping[str, Any]) -> Found:
    host = cluster.get("endpoint")
    if not _has_addresses(cluster):
        return None, "its IP endpoints are off (control_plane_endpoints_config.ip_endpoints_config.enabled)", _IP_FLAG
    if not host or not _is_public(cluster, host):
        setting = "control_plane_endpoints_config.ip_endpoints_config.enable_public_endpoint"
        return None, f"it has no public endpoint ({setting} is off)", "--no-enable-private-endpoint"
    return host, "", ""


def _private(cluster: Mapping[str, Any]) -> Found:
    if not _has_addresses(cluster):
        return None, "its IP endpoints are off (control_plane_endpoints_config.ip_endpoints_config.enabled)", _IP_FLAG
    host = _private_host(cluster)
    return host, "" if host else "it has no private endpoint", _IP_FLAG


_IP_FLAG = "--enable-ip-access"
_FINDERS: Mapping[str, Callable[[Mapping[str, Any]], Found]] = {DNS: _dns, PUBLIC: _public, PRIVATE: _private}


def _has_addresses(cluster: Mapping[str, Any]) -> bool:
    """As gcloud takes it: older clusters say nothing of it, and what is off is left out."""
    endpoints = cluster.get("controlPlaneEndpointsConfig") or {}
    addresses = endpoints.get("ipEndpointsConfig")
    return addresses is None or bool(addresses.get("enabled"))


def _is_public(cluster: Mapping[str, Any], host: str) -> bool:
    """Where the cluster's address is its private one, what is switched on tells: on loopback, one address is both."""
    if host != _private_host(cluster):
        return True
    addresses = _part(cluster, "ipEndpointsConfig")
    if addresses:
        return bool(addresses.get("enablePublicEndpoint"))
    older = cluster.get("privateClusterConfig") or {}
    return bool(older.get("publicEndpoint")) and not older.get("enablePrivateEndpoint")


def _private_host(cluster: Mapping[str, Any]) -> str | None:
    own = _part(cluster, "ipEndpointsConfig").get("privateEndpoint")
    return own or dig(dict(cluster), "privateClusterConfig.privateEndpoint")


def _part(cluster: Mapping[str, Any], name: str) -> dict[str, Any]:
    return (cluster.get("controlPlaneEndpointsConfig") or {}).get(name) or {}

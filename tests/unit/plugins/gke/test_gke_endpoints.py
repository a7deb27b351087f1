# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoint of a control plane is used, and what is said of one that it has not, or that is closed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.gke.kubeconfig.endpoint import EndpointAbsent, host_of

NAME, PUBLIC, PRIVATE = "gke-1a2b.us-central1.gke.goog", "203.0.113.9", "10.0.0.2"


def cluster(addresses: dict[str, Any] | None, dns: dict[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    """As Google answers: what is off is left out, and the DNS name is always there."""
    endpoints = {"dnsEndpointConfig": {"endpoint": NAME, **(dns or {})}}
    endpoints |= {} if addresses is None else {"ipEndpointsConfig": addresses}
    return {
        "name": "mistral",
        "location": "us-central1",
        "status": "RUNNING",
        "controlPlaneEndpointsConfig": endpoints,
        **others,
    }


OPEN = {"allowExternalTraffic": True}
BOTH = {"enabled": True, "enablePublicEndpoint": True, "publicEndpoint": PUBLIC, "privateEndpoint": PRIVATE}
INSIDE = {"enabled": True, "privateEndpoint": PRIVATE}

CLUSTERS = {
    "public": cluster(BOTH, endpoint=PUBLIC),
    "public and open by name": cluster(BOTH, OPEN, endpoint=PUBLIC),
    "private": cluster(INSIDE, endpoint=PRIVATE),
    "private and open by name": cluster(INSIDE, OPEN, endpoint=PRIVATE),
    "by name alone": cluster({}, OPEN),
    "closed": cluster({}),
    "older": {
        "name": "mistral",
        "status": "RUNNING",
        "endpoint": PUBLIC,
        "privateClusterConfig": {"privateEndpoint": PRIVATE, "publicEndpoint": PUBLIC},
    },
    "older, private": {
        "name": "mistral",
        "status": "RUNNING",
        "endpoint": PRIVATE,
        "privateClusterConfig": {"privateEndpoint": PRIVATE, "enablePrivateEndpoint": True},
    },
    "older, private, its public address still told": {
        "name": "mistral",
        "endpoint": PRIVATE,
        "privateClusterConfig": {
            "privateEndpoint": PRIVATE,
            "publicEndpoint": PUBLIC,
            "enablePrivateEndpoint": True,
        },
    },
    "private, its public address still told": cluster({**INSIDE, "publicEndpoint": PUBLIC}, endpoint=PRIVATE),
    "one address for both": cluster({**BOTH, "publicEndpoint": PRIVATE}, endpoint=PRIVATE),
    "older, one address for both": {
        "endpoint": PRIVATE,
        "privateClusterConfig": {"privateEndpoint": PRIVATE, "publicEndpoint": PRIVATE},
    },
    "no address inside": cluster({"enabled": True}, endpoint=PUBLIC),
    "nameless": {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {}}},
    "stopping": {"name": "mistral", "status": "STOPPING"},
    "in error": {"name": "mistral", "status": "ERROR"},
    "on its way": {"name": "mistral", "status": "PROVISIONING"},
}

FOUND = {
    ("public", "auto"): ("public", PUBLIC),
    ("public", "private"): ("private", PRIVATE),
    ("public and open by name", "auto"): ("public", PUBLIC),
    ("public and open by name", "dns"): ("dns", NAME),
    ("private", "auto"): ("private", PRIVATE),
    ("private and open by name", "auto"): ("dns", NAME),
    ("private and open by name", "private"): ("private", PRIVATE),
    ("by name alone", "auto"): ("dns", NAME),
    ("by name alone", "dns"): ("dns", NAME),
    ("older", "auto"): ("public", PUBLIC),
    ("older", "private"): ("private", PRIVATE),
    ("older, private", "auto"): ("private", PRIVATE),
    ("older, private, its public address still told", "auto"): ("private", PRIVATE),
    ("private, its public address still told", "auto"): ("private", PRIVATE),
    ("one address for both", "auto"): ("public", PRIVATE),
    ("older, one address for both", "auto"): ("public", PRIVATE),
    ("no address inside", "auto"): ("public", PUBLIC),
}

_UPDATE = "open it: gcloud container clusters update mistral --location us-central1"
_OFF = "its IP endpoints are off (control_plane_endpoints_config.ip_endpoints_config.enabled)"
_CLOSED = (
    "its DNS endpoint is closed to clients "
    "(control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic is off)"
)
REFUSED = {
    ("public", "dns"): (
        "cluster mistral: its DNS endpoint is closed to clients "
        "(control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic is off); "
        f"{_UPDATE} --enable-dns-access, or set cluster_endpoint to public or private"
    ),
    ("private", "public"): (
        "cluster mistral: it has no public endpoint "
        "(control_plane_endpoints_config.ip_endpoints_config.enable_public_endpoint is off); "
        f"{_UPDATE} --no-enable-private-endpoint, or set cluster_endpoint to private"
    ),
    ("by name alone", "public"): (
        "cluster mistral: its IP endpoints are off (control_plane_endpoints_config.ip_endpoints_config.enabled); "
        f"{_UPDATE} --enable-ip-access, or set cluster_endpoint to dns"
    ),
    ("by name alone", "private"): (
        f"cluster mistral: {_OFF}; {_UPDATE} --enable-ip-access, or set cluster_endpoint to dns"
    ),
    ("closed", "auto"): f"cluster mistral: {_OFF}; {_CLOSED}; {_UPDATE} --enable-dns-access",
    ("older", "dns"): (
        "cluster mistral: it has no DNS endpoint; open it: gcloud container clusters update mistral "
        "--location LOCATION --enable-dns-access, or set cluster_endpoint to public or private"
    ),
    ("no address inside", "private"): (
        f"cluster mistral: it has no private endpoint; {_UPDATE} --enable-ip-access, or set cluster_endpoint to public"
    ),
    ("nameless", "private"): (
        f"cluster : {_OFF}; open it: gcloud container clusters update  --location LOCATION --enable-ip-access"
    ),
    ("on its way", "auto"): "cluster mistral has no endpoint (it is PROVISIONING); wait until it is RUNNING",
    ("on its way", "dns"): "cluster mistral has no dns endpoint (it is PROVISIONING); wait until it is RUNNING",
    ("stopping", "auto"): "cluster mistral has no endpoint (it is STOPPING); wait until it is RUNNING",
    ("in error", "public"): "cluster mistral has no public endpoint (it is ERROR); wait until it is RUNNING",
}


@pytest.mark.parametrize(("kind", "wanted"), FOUND)
def test_the_endpoint_that_is_used(kind, wanted):
    assert host_of(CLUSTERS[kind], wanted) == FOUND[kind, wanted]


@pytest.mark.parametrize(("kind", "wanted"), REFUSED)
def test_the_endpoint_that_cannot_be_used_is_told_with_what_opens_it(kind, wanted):
    with pytest.raises(EndpointAbsent) as raised:
        host_of(CLUSTERS[kind], wanted)
    assert raised.value.message == REFUSED[kind, wanted]
    assert raised.value.to_dict()["resource"] == f"cluster {CLUSTERS[kind].get('name', '')}"

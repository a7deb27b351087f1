# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry that ``gcloud container clusters get-credentials`` makes for a cluster."""

from __future__ import annotations

from typing import Any

from ..fields.field import dig
from .endpoint import AUTO, DNS, host_of
from .file import Entry

INSTALL_HINT = (
    "Install gke-gcloud-auth-plugin for use with kubectl by following "
    "https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin"
)


def entry_of(
    cluster: dict[str, Any], name: str, endpoint: str = AUTO, impersonate: str | None = None, proxy: str | None = None
) -> Entry:
    """The entry of a cluster. endpoint: one of CHOICES; proxy: the URL of the one that leads to it, if any.

    Form: googlecloudsdk.api_lib.container.util.ClusterConfig of gcloud 528. The certificate of a DNS endpoint is one
    that the system's CAs vouch for. Raises EndpointAbsent.
    """
    kind, host = host_of(cluster, endpoint)
    authority = dig(cluster, "masterAuth.clusterCaCertificate")
    known = {"certificate-authority-data": authority} if authority else {"insecure-skip-tls-verify": True}
    plugin: dict[str, Any] = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "gke-gcloud-auth-plugin",
        "installHint": INSTALL_HINT,
        "provideClusterInfo": True,
    }
    if impersonate:
        plugin["args"] = [f"--impersonate_service_account={impersonate}"]
    server = {"server": f"https://{host}", **({} if kind == DNS else known), **({"proxy-url": proxy} if proxy else {})}
    return Entry(name, server, {"exec": plugin})

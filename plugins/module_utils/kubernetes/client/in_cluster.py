# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server of the cluster that this runs in, by the pod's own service account."""

from __future__ import annotations

import os

from ...core.errors import InvalidOption
from .kubeconfig import Connection

IN_CLUSTER = "in-cluster"
"""The value of ``kubeconfig`` that asks for it."""

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where the kubelet mounts it (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/)."""


def read() -> Connection:
    """The connection; raises InvalidOption where this is no pod, or one without a service account."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    authority = os.path.join(ACCOUNT, "ca.crt")
    if not host or not port or not os.path.exists(authority):
        raise InvalidOption("kubeconfig", IN_CLUSTER, "this value only in a pod that has a service account's token")
    address = f"[{host}]" if ":" in host else host
    return Connection(f"https://{address}:{port}", authority, _authorize, None, _text_of("namespace") or "default")


def _authorize(_fresh: bool) -> dict[str, str]:
    """Read each time: the kubelet puts a new token there before the old one ends."""
    return {"Authorization": f"Bearer {_text_of('token')}"}


def _text_of(name: str) -> str:
    try:
        with open(os.path.join(ACCOUNT, name), encoding="utf-8") as stream:
            return stream.read().strip()
    except OSError:
        return ""

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands before a model, as the cluster has it: its Service, or a Gateway."""

from __future__ import annotations

from typing import Any

from ..kubernetes.client.resources import Kind, ObjectRef
from .model_startup import ModelPods
from .verification import host_of, scheme_of

_GATEWAY = Kind("gateway.networking.k8s.io", "v1", "Gateway", "gateways")
_ROUTE = Kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")


def read_front(pods: ModelPods, gateway: str | None) -> tuple[dict[str, Any] | None, str]:
    """The Gateway of that name, or the Service where none is named; None where it is absent. And the host name that its
    certificate is for, by its HTTPRoute of the same name; empty where it speaks plain http."""
    if not gateway:
        return pods.service, ""
    api, namespace = pods.api, pods.namespace
    front = api.get(ObjectRef(_GATEWAY, namespace, gateway))
    encrypted = front is not None and scheme_of(front) == "https"
    return front, host_of(api.get(ObjectRef(_ROUTE, namespace, gateway))) if encrypted else ""

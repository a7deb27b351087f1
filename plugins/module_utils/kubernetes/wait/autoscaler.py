# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for one autoscaler by its name, once it has something to see."""

from __future__ import annotations

from ...core.deadline import Deadline
from ...core.result import Progress
from ..client.api import KubernetesApi
from ..client.resources import HPA, ObjectRef
from ..diagnosis.autoscaler import NoAutoscaler
from .wait import until_ready


def until_autoscaler_acts(
    api: KubernetesApi, namespace: str | None, name: str, deadline: Deadline, progress: Progress
) -> None:
    """Wait until it acts on its metrics, as k8s_apply does. Raises NoAutoscaler, DeadlineExceeded."""
    ref = ObjectRef(HPA, namespace or api.default_namespace, name)
    found = api.get(ref)
    if found is None:
        raise NoAutoscaler(f"there is no {ref}; apply it first")
    until_ready(api, {ref: found}, deadline, progress, before={ref: found})

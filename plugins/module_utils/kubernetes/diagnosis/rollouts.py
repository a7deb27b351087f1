# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Deployment's strategy lets become of its old pods. Pure."""

from __future__ import annotations

import math
from typing import Any

_DEFAULT = "25%"
"""Of both limits, where the API server has not filled them in."""


def may_end_old_pods_first(deployment: dict[str, Any]) -> bool:
    """Whether a rollout may end an old pod before a new one is ready, as the Deployment's controller works it out: what
    may be away is rounded down, what may be there beyond the replicas is rounded up, and where both are 0, one may be
    away (ResolveFenceposts in k8s.io/kubernetes/pkg/controller/deployment/util).
    """
    spec = deployment.get("spec") or {}
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return True
    limits = strategy.get("rollingUpdate") or {}
    replicas = spec.get("replicas", 1)
    away = _pods(limits.get("maxUnavailable"), replicas, up=False)
    return bool(away) or not _pods(limits.get("maxSurge"), replicas, up=True)


def _pods(limit: Any, replicas: int, *, up: bool) -> int:
    text = str(_DEFAULT if limit is None else limit)
    if not text.endswith("%"):
        return int(text)
    share = replicas * int(text[:-1]) / 100
    return math.ceil(share) if up else math.floor(share)

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: what can be made to go wrong, by name. The code that plays a part asks here whether it must fail."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from itertools import count

from llmops_gke_sandbox.bounded_pattern import compile_bounded

KNOWN_FAULTS: dict[str, str] = {
    "http": (
        "a request fails: status, reason, message, retry_after (seconds), before its service sees it or, with "
        "acted=true, after it acted; or drop=before|after (the connection closes before or after the service acted); "
        "delay (wall seconds) makes any of these wait, after the service acted where it does. "
        "Context: service, method, path"
    ),
    "quota": (
        "nodes are refused for want of quota: metric; where=operation fails the operation, "
        "where=pool (default) leaves the pool RUNNING_WITH_ERROR. Context: project, location, cluster, pool"
    ),
    "stockout": (
        "a zone has no such machine left, or available=N of them for a request: the pool ends RUNNING_WITH_ERROR with "
        "GCE_STOCKOUT; where=operation fails the operation too and leaves the pool in ERROR; where=cluster does so and "
        "leaves a cluster in ERROR, too, that was to be born with the pool: it can only be deleted. "
        "Context: project, location, zone, cluster, pool"
    ),
    "cluster_busy": "a write meets another operation: FAILED_PRECONDITION. Context: project, location, cluster, verb",
    "operation_error": (
        "an operation ends DONE but failed: field=error|statusMessage|nodepoolConditions, code, message. "
        "Context: project, location, type, cluster, pool"
    ),
    "slow_operation": (
        "an operation takes longer: factor, or seconds of simulated time. "
        "Context: project, location, type, cluster, pool"
    ),
    "permission_denied": (
        "a Google call is refused with 403: permission. Context: service, permission, project, method, path"
    ),
    "service_disabled": "an API of the project is not enabled. Context: api (compute.googleapis.com)",
    "quota_limit": "a quota has another limit: limit. Context: metric",
    "not_offered": "a zone does not have a machine type or a GPU. Context: zone, type",
    "token_expired": "a good access token is refused with 401, as if it had run out. Context: service, method, path",
    "addons_late": (
        "GKE does not bring what it runs in a cluster (the managed DCGM exporter) to the cluster's settings yet: each "
        "look, every 10 seconds, is left out. Context: project, location, cluster"
    ),
    "admission": (
        "a cluster lets no such object be created, as a webhook or a ResourceQuota would: message. "
        "Context: resource (plural), namespace, object"
    ),
    "image_not_found": "a registry does not have the image. Context: namespace, pod, container, image",
    "crash": "a container ends soon after its start: exit_code, after (seconds). Context: namespace, pod, container",
    "gpu_out_of_memory": "the model server finds too little GPU memory. Context: namespace, pod, container",
    "slow_load": "weights load slowly: factor, or seconds. Context: namespace, pod, container",
    "unschedulable": "no node takes the pod: message. Context: namespace, pod",
    "evicted": "the node evicts the pod: message. Context: namespace, pod",
    "no_address": "a load balancer never gets its address: message. Context: namespace, service",
    "model_gated": "the Hub asks for terms that were not accepted: 403. Context: model",
    "bad_token": "the Hub does not know the token: 401. Context: model",
    "spot_reclaim": (
        "Google takes a Spot machine back: after 30 seconds' notice, in which its pods end, the node is gone. "
        "Context: project, location, cluster, pool, zone, node"
    ),
    "overloaded": (
        "the model server refuses a request as if too many were under way: TGI with 429, vLLM with 503. "
        "Context: namespace, pod"
    ),
}

_SETTINGS: dict[str, tuple[str, ...]] = {
    "http": ("status", "reason", "message", "retry_after", "acted", "drop", "delay"),
    "quota": ("metric", "where"),
    "stockout": ("available", "where"),
    "cluster_busy": ("operation",),
    "operation_error": ("field", "code", "message", "condition"),
    "slow_operation": ("factor", "seconds"),
    "permission_denied": ("permission",),
    "quota_limit": ("limit",),
    "admission": ("message",),
    "crash": ("exit_code", "after", "message", "reason"),
    "slow_load": ("factor", "seconds"),
    "unschedulable": ("message",),
    "evicted": ("message",),
    "no_address": ("message",),
}
"""The settings that a fault has of its own; one that is not here has none."""


@dataclass
class _Fault:
    id: str
    name: str
    times: int | None
    match: dict[str, re.Pattern[str]]
    params: dict
    skip: int = 0
    ends: float = math.inf

    def fits(self, name: str, context: dict[str, str]) -> bool:
        return (
            self.name == name
            and time.monotonic() < self.ends
            and all(key in context and pattern.fullmatch(context[key]) for key, pattern in self.match.items())
        )

    def shown(self) -> dict:
        match = {key: pattern.pattern for key, pattern in self.match.items()}
        return {"id": self.id, "name": self.name, "times": self.times, "match": match, "params": dict(self.params)}


class Faults:
    """The faults that are switched on now, oldest first."""

    def __init__(self) -> None:
        self._faults: list[_Fault] = []
        self._ids = count(1)

    def add(
        self,
        name: str,
        *,
        times: int | None = None,
        skip: int = 0,
        lasts: float | None = None,
        match: dict[str, str] | None = None,
        **params,
    ) -> str:
        """Switch a fault on.

        :param name: one of KNOWN_FAULTS.
        :param times: how often it strikes; None until it is removed.
        :param skip: how often it lets pass what it fits before it strikes.
        :param lasts: for how many wall seconds it is on; None until it is removed.
        :param match: regular expressions that must match the whole of the context's value of that name.
        :param params: the fault's own settings, see KNOWN_FAULTS.
        :returns: the fault's id.
        :raises ValueError: for an unknown name or setting, times below 1, lasts that is not above 0, or a match that
            compile_bounded refuses.
        """
        if name not in KNOWN_FAULTS:
            raise ValueError(f"unknown fault {name!r}; known: {', '.join(sorted(KNOWN_FAULTS))}")
        settings = _SETTINGS.get(name, ())
        if unknown := sorted(params.keys() - set(settings)):
            has = f"it has {', '.join(settings)}" if settings else "it has none of its own"
            raise ValueError(f"fault {name} has no setting {', '.join(unknown)}; {has}")
        if times is not None and times < 1:
            raise ValueError(f"times must be 1 or more, not {times}")
        if lasts is not None and not lasts > 0:
            raise ValueError(f"lasts must be above 0, not {lasts}")
        if not isinstance(skip, int) or skip < 0:
            raise ValueError(f"skip must be 0 or more, not {skip!r}")
        if not isinstance(match or {}, dict):
            raise ValueError("match must be an object of regular expressions")
        patterns = {}
        for key, expression in (match or {}).items():
            try:
                patterns[key] = compile_bounded(expression)
            except ValueError as error:
                raise ValueError(f"match {key}: {error}") from None
        ends = math.inf if lasts is None else time.monotonic() + lasts
        fault = _Fault(str(next(self._ids)), name, times, patterns, params, skip, ends)
        self._faults.append(fault)
        return fault.id

    def take(self, name: str, **context: str) -> dict | None:
        """Return the parameters of the first fault that strikes here, and count it down; None if none does."""
        fault = self._first(name, context)
        for passed in self._faults:
            if passed.skip and passed.fits(name, context):
                passed.skip -= 1
        if fault is None:
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
        return dict(fault.params)

    def peek(self, name: str, **context: str) -> dict | None:
        """Return what take() would, without counting."""
        fault = self._first(name, context)
        return None if fault is None else dict(fault.params)

    def list(self) -> list[dict]:
        """Return the faults that are on: id, name, times (left), match, params."""
        return [fault.shown() for fault in self._faults if time.monotonic() < fault.ends]

    def remove(self, id: str) -> bool:
        """Switch one fault off; False if there is none of this id."""
        kept = [fault for fault in self._faults if fault.id != id]
        removed = len(kept) < len(self._faults)
        self._faults = kept
        return removed

    def clear(self) -> None:
        """Switch all faults off."""
        self._faults = []

    def _first(self, name: str, context: dict[str, str]) -> _Fault | None:
        return next((fault for fault in self._faults if not fault.skip and fault.fits(name, context)), None)

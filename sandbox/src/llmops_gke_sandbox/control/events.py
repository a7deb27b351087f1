# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as ``kubectl describe`` shows them: one object for equal events, counted."""

from __future__ import annotations

import time
from collections import OrderedDict

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.control.client import Client
from llmops_gke_sandbox.control.objects import micro_timestamp, timestamp
from llmops_gke_sandbox.kubernetes.errors import ApiError

_REMEMBERED = 512


class EventRecorder:
    """Records events of one component.

    :param component: source of the events, such as "kubelet".
    :param host: the node the component runs on, where it runs on one.
    """

    def __init__(self, client: Client, clock: Clock, component: str, host: str = "") -> None:
        self._client, self._clock, self._component, self._host = client, clock, component, host
        self._recorded: OrderedDict[tuple, tuple[str, int]] = OrderedDict()

    async def normal(self, obj: dict, reason: str, message: str, **details) -> None:
        """Record that something went as it should, see record()."""
        await self.record(obj, "Normal", reason, message, **details)

    async def warning(self, obj: dict, reason: str, message: str, **details) -> None:
        """Record that something went wrong, see record()."""
        await self.record(obj, "Warning", reason, message, **details)

    async def record(
        self, obj: dict, kind: str, reason: str, message: str, *, field_path: str = "", action: str = ""
    ) -> None:
        """Record an event about ``obj``; an equal one that is there is counted up instead.

        :param field_path: the part concerned, such as "spec.containers{tgi}".
        :param action: given by components that write the newer form of events (the scheduler): eventTime and series
            stand there for source, timestamps and count.
        An event that the API refuses is lost, as in life: a namespace that is going takes none.
        """
        uid = obj["metadata"]["uid"]
        same = (uid, kind, reason, message, field_path)
        namespace = obj["metadata"].get("namespace") or "default"
        name, count = self._recorded.pop(same, ("", 0))
        try:
            if count:
                await self._client.patch("events", name, self._repeated(count + 1, action), namespace)
            else:
                name = f"{obj['metadata']['name']}.{time.time_ns():x}"
                event = self._first(obj, kind, reason, message, field_path, action)
                event["metadata"] = {"name": name, "namespace": namespace}
                await self._client.create("events", event, namespace)
        except ApiError:
            return
        self._recorded[same] = (name, count + 1)
        while len(self._recorded) > _REMEMBERED:
            self._recorded.popitem(last=False)

    def _first(self, obj: dict, kind: str, reason: str, message: str, field_path: str, action: str) -> dict:
        meta = obj["metadata"]
        involved = {
            "kind": obj["kind"],
            "namespace": meta.get("namespace"),
            "name": meta["name"],
            "uid": meta["uid"],
            "apiVersion": obj["apiVersion"],
            "resourceVersion": meta.get("resourceVersion"),
            "fieldPath": field_path,
        }
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "involvedObject": {key: value for key, value in involved.items() if value},
            "type": kind,
            "reason": reason,
            "message": message,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }
        now = self._clock.now()
        if action:
            moment = micro_timestamp(now)
            # The name of the machine of the control plane, which on GKE ends like this.
            instance = f"{self._component}-vm"
            return {**event, "source": {}, "eventTime": moment, "action": action, "reportingInstance": instance}
        source = {"component": self._component} | ({"host": self._host} if self._host else {})
        moment = timestamp(now)
        return {**event, "source": source, "firstTimestamp": moment, "lastTimestamp": moment, "count": 1}

    def _repeated(self, count: int, action: str) -> dict:
        now = self._clock.now()
        if action:
            return {"series": {"count": count, "lastObservedTime": micro_timestamp(now)}}
        return {"count": count, "lastTimestamp": timestamp(now)}

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a HorizontalPodAutoscaler asks of the metrics APIs, and the words in which it tells that they do not answer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from urllib.parse import quote

import aiohttp

from llmops_gke_sandbox.control.informers import Informers
from llmops_gke_sandbox.kubernetes.quantity import parse

_PATIENCE = aiohttp.ClientTimeout(total=5)
_REASONS = {
    "Pods": ("FailedGetPodsMetric", "pods"),
    "Object": ("FailedGetObjectMetric", "object"),
    "External": ("FailedGetExternalMetric", "external"),
}


class NoMetric(Exception):
    """A metric cannot be had.

    :ivar reason: of condition and event. what: the kind of metric, in the controller's words. cause: the server's.
    """

    def __init__(self, reason: str, what: str, cause: str) -> None:
        super().__init__(cause)
        self.reason, self.what, self.cause = reason, what, cause


class Metrics:
    """The metrics APIs, by way of the APIServices that are registered.

    :param locate: (namespace, Service, port) -> "127.…:PORT", None where nothing answers.
    """

    def __init__(self, informers: Informers, locate: Callable[[str, str, int], str | None]) -> None:
        self._services = informers.store("apiservices.apiregistration.k8s.io")
        self._locate = locate
        for resource in ("services", "endpointslices.discovery.k8s.io"):
            informers.store(resource)

    async def of_pods(self, metric: dict, namespace: str) -> dict[str, Decimal]:
        """Return pod -> value of a metric of type Pods. :raises NoMetric: if there is none."""
        name = metric["pods"]["metric"]["name"]
        path = f"namespaces/{namespace}/pods/*/{quote(name, safe='')}"
        body = await self._get("custom", ("v1beta2", "v1beta1"), path, {}, metric, namespace)
        return {item["describedObject"]["name"]: parse(item["value"]) for item in body["items"]}

    async def external(self, metric: dict, namespace: str) -> Decimal:
        """Return the sum of a metric of type External. :raises NoMetric: if there is none."""
        found = metric["external"]["metric"]
        labels = (found.get("selector") or {}).get("matchLabels") or {}
        query = {"labelSelector": ",".join(f"{key}={value}" for key, value in sorted(labels.items()))}
        path = f"namespaces/{namespace}/{quote(found['name'], safe='')}"
        body = await self._get("external", ("v1beta1",), path, query, metric, namespace)
        if not body["items"]:
            raise no_metric(metric, namespace, "no metrics returned from external metrics API")
        return sum((parse(item["value"]) for item in body["items"]), Decimal())

    async def _get(
        self, api: str, versions: tuple[str, ...], path: str, query: dict, metric: dict, namespace: str
    ) -> dict:
        group = f"{api}.metrics.k8s.io"
        for version in versions:
            registered = self._services.get(f"{version}.{group}")
            if registered is not None:
                break
        else:
            raise no_metric(metric, namespace)
        service = registered["spec"]["service"]
        address = self._locate(service["namespace"], service["name"], service.get("port", 443))
        unable = f"unable to fetch metrics from {api} metrics API: "
        if address is None:
            raise no_metric(metric, namespace, f"{unable}the server is currently unable to handle the request")
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE) as session,
                session.get(f"http://{address}/apis/{group}/{version}/{path}", params=query) as answer,
            ):
                body = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise no_metric(metric, namespace, f"{unable}{error}") from None
        if answer.status != 200:
            raise no_metric(metric, namespace, f"{unable}{body.get('message', answer.status)}")
        return body


def no_metric(metric: dict, namespace: str, why: str | None = None) -> NoMetric:
    """Return the error of a metric that cannot be had; without ``why``, because no API of its kind is registered."""
    if metric["type"] not in _REASONS:
        name = (metric.get("resource") or metric.get("containerResource"))["name"]
        kind = "Resource" if metric["type"] == "Resource" else "ContainerResource"
        missing = "unable to fetch metrics from resource metrics API: the server could not find the requested resource"
        cause = f"unable to get metric {name}: {missing} (get pods.metrics.k8s.io)"
        return NoMetric(
            f"FailedGet{kind}Metric", f"{name} resource" if kind == "Resource" else "container resource", cause
        )
    reason, what = _REASONS[metric["type"]]
    api = "external" if what == "external" else "custom"
    registered = f"no {api} metrics API ({api}.metrics.k8s.io) registered"
    why = why or f"unable to fetch metrics from {api} metrics API: {registered}"
    if what != "external":
        return NoMetric(reason, what, f"unable to get metric {metric[what]['metric']['name']}: {why}")
    found = metric["external"]["metric"]
    selector = (found.get("selector") or {}).get("matchLabels") or {}
    shown = ",".join(f"{key}: {value}" for key, value in sorted(selector.items()))
    return NoMetric(reason, what, f"unable to get external metric {namespace}/{found['name']}/{{{shown}}}: {why}")

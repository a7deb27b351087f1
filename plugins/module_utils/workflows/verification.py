# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a served model is asked, where, and what is a failure before or after it: the rules of llm_verify. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import LlmopsError
from ..core.option_names import option
from ..http.connection import is_loopback

PRIVATE_CLASSES = re.compile(r"gke-l7-(rilb|cross-regional-internal.*)(-mc)?")
"""GatewayClasses whose addresses are in the VPC network."""

_PAGE = re.compile(r"(\.html?)?$")
_PORTS = {"http": 80, "https": 443}


class NotServing(LlmopsError):
    """The model cannot answer: it sleeps, is not there, or is still on its way."""

    kind = "not_serving"


class AnotherModel(LlmopsError):
    """What answers is not the model that was meant."""

    kind = "another_model"


def _listener(front: Mapping[str, Any] | None) -> Mapping[str, Any]:
    listeners = ((front or {}).get("spec") or {}).get("listeners") or [{}]
    return listeners[0]


def scheme_of(front: Mapping[str, Any] | None) -> str:
    """The scheme of a Service, or of a Gateway's first listener."""
    return "https" if _listener(front).get("protocol") == "HTTPS" else "http"


def port_of(front: Mapping[str, Any] | None) -> int:
    """The port of a Service, or of a Gateway's first listener."""
    ports = ((front or {}).get("spec") or {}).get("ports") or [_listener(front)]
    return int(ports[0].get("port") or _PORTS["http"])


def host_of(route: Mapping[str, Any] | None) -> str:
    """The first whole host name that a Gateway's HTTPRoute answers to; empty where it has none."""
    names = ((route or {}).get("spec") or {}).get("hostnames") or []
    return next((name for name in names if not name.startswith("*")), "")


def url_of(front: Mapping[str, Any] | None, host: str = "") -> str:
    """Where a Service's load balancer, or a Gateway, takes requests; empty where it has no address. host: the name that
    its certificate is for, by which it is asked instead."""
    status = (front or {}).get("status") or {}
    ingress = (status.get("loadBalancer") or {}).get("ingress") or []
    addresses = [each.get("ip") or each.get("hostname") for each in ingress]
    addresses += [each.get("value") for each in status.get("addresses") or []]
    address = next(filter(None, addresses), "")
    address = host if address and host else address
    scheme, port = scheme_of(front), port_of(front)
    return f"{scheme}://{address}{'' if port == _PORTS[scheme] else f':{port}'}" if address else ""


def labels_of(front: Mapping[str, Any] | None) -> dict[str, str]:
    """The labels of a Service or a Gateway."""
    return dict(((front or {}).get("metadata") or {}).get("labels") or {})


def needs_forward(url: str, has_key: str | bool | None) -> bool:
    """Whether a key would travel over plain http to another machine, or has no address to go to."""
    return bool(has_key) and not url.lower().startswith("https://") and not (url and is_loopback(url))


def is_private(front: Mapping[str, Any] | None, url: str) -> bool:
    """Whether this is a Gateway whose address is in the VPC network, so that only machines in it can go there."""
    name = str(((front or {}).get("spec") or {}).get("gatewayClassName") or "")
    return PRIVATE_CLASSES.fullmatch(name) is not None and not (url and is_loopback(url))


def forward_to(options: Mapping[str, Any], front: Mapping[str, Any] | None, url: str) -> dict[str, Any] | None:
    """How the model is reached, as other modules' option port_forward; None for its URL. options: of llm_verify."""
    wanted = options["port_forward"]
    if wanted is None:
        wanted = not options["url"] and (needs_forward(url, options["api_key"]) or is_private(front, url))
    if not wanted:
        return None
    port = options["service_port"] or port_of(None if options["gateway"] else front)
    return {"namespace": options["namespace"], "service": options["service"], "pod": None, "port": port}


def as_exposed(
    deployment: dict[str, Any] | None, front: Mapping[str, Any] | None, gateway: str | None
) -> dict[str, Any] | None:
    """What a report says of a deployment: of a Gateway, by what it is spoken to as well."""
    if not (deployment and deployment.get("exposure") and gateway):
        return deployment
    return {**deployment, "exposure": f"{deployment['exposure']}, by {scheme_of(front)}"}


def data_beside(page: str) -> str:
    """Where the data of a report go whose page is there."""
    return _PAGE.sub(".json", page, count=1)


@dataclass(frozen=True)
class Found:
    """What is known before the model is asked.

    start: as llm_start_info returns it, or None where the model is elsewhere. url: where to ask, or empty. replicas:
    that are meant to run. to_wake, to_deploy: in words, what wakes a model that sleeps, and what deploys it.
    """

    start: Mapping[str, Any] | None
    url: str
    replicas: int
    check: bool
    to_wake: str = ""
    to_deploy: str = ""

    @property
    def asleep(self) -> bool:
        """Whether there are no replicas, so that nobody answers."""
        return bool(self.start and self.start["asleep"])

    @property
    def sleeps_rightly(self) -> bool:
        """Whether that is meant; a preview comes before what wakes it."""
        return self.asleep and (self.replicas == 0 or self.check)

    @property
    def why_asleep(self) -> str:
        """That it sleeps, and what wakes it."""
        return self._said(self.to_wake)

    @property
    def is_asked(self) -> bool:
        """Whether there is, or must be, somebody to answer."""
        return not self.asleep and bool(self.url or not self.check)

    def require_ready(self) -> None:
        """Raise NotServing where no replica is ready. With an address, what answers there is asked where the Service is
        absent or selects no pods, for it is something else then."""
        if self.check or self.start is None or self.sleeps_rightly or self.start["ready"] > 0:
            return
        if self.asleep:
            raise NotServing(self.why_asleep)
        if self.start["exists"] or self.start["selector"] or not self.url:
            raise NotServing(self._said("" if self.start["exists"] else self.to_deploy))

    def _said(self, way_out: str) -> str:
        said = self.start["text"] if self.start else ""
        return f"{said}. {way_out}" if way_out else said


def require_model(url: str, serves: str | None, model: str | None, served_name: str | None = None) -> None:
    """Raise AnotherModel where an address serves another model than the one that is wanted.

    It would be measured, and taken for this one. served_name: under which the model is served, if not its own.
    """
    wanted = served_name or model
    if serves is None or wanted is None or serves == wanted:
        return
    named = option("model" if wanted == model else "served_name")
    raise AnotherModel(
        f"{url} serves {serves}, but {named} is {wanted}; deploy it, or correct {option('model')} or {option('url')}",
        serves=serves,
    )

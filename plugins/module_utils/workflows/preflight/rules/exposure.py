# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can reach the model: what the choices go with, and what to warn of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from ....core.rules import Rule, form, least
from ...verification import PRIVATE_CLASSES
from ..deployment import Deployment
from ..findings import WARNING, Finding
from ..gateways import REGIONAL_CLASSES
from .evaluation import Values

EXPOSURE = "exposure"
"""The check by whose name the warning is turned off."""

_BALANCED = ("external", "internal")
_PATH = re.compile(r"/[-A-Za-z0-9._~/]*")
_NAME = r"([a-z]([-a-z0-9]{0,61}[a-z0-9])?)?"
_NAME_SAID = "the name of a resource in the project, or nothing"


def _are_ranges(ranges: Any) -> bool:
    try:
        return all(ip_network(one) for one in ranges)
    except (TypeError, ValueError):
        return False


def _has_one_certificate(values: Values) -> bool:
    return not (values["model_server_gateway_tls_secret"] and values["model_server_gateway_certificate_map"])


RULES = (
    Rule(
        "llmops_source_ranges",
        ("llmops_source_ranges", "llmops_exposure"),
        lambda values: not values["llmops_source_ranges"] or values["llmops_exposure"] in _BALANCED,
        lambda values: (
            f"nothing with llmops_exposure {values['llmops_exposure']}: a Gateway takes ranges by a Cloud Armor policy "
            "(model_server_gateway_security_policy), and inside the cluster model_server_network_policy decides"
        ),
    ),
    Rule(
        "llmops_source_ranges",
        ("llmops_source_ranges",),
        lambda values: _are_ranges(values["llmops_source_ranges"]),
        "CIDR ranges, such as [203.0.113.0/24]",
    ),
    Rule(
        "model_server_gateway_certificate_map",
        ("model_server_gateway_certificate_map", "model_server_gateway_tls_secret"),
        _has_one_certificate,
        "nothing beside model_server_gateway_tls_secret: the Gateway has its certificate from one of both",
    ),
    Rule(
        "model_server_gateway_paths",
        ("model_server_gateway_paths",),
        lambda values: (
            bool(values["model_server_gateway_paths"])
            and all(_PATH.fullmatch(str(path)) for path in values["model_server_gateway_paths"])
        ),
        "paths that begin with a slash, one at least",
    ),
    Rule(
        "model_server_gateway_inference_pool",
        ("model_server_gateway_inference_pool", "llmops_exposure", "model_server_gateway_class"),
        lambda values: (
            not values["model_server_gateway_inference_pool"]
            or values["llmops_exposure"] != "gateway"
            or REGIONAL_CLASSES.fullmatch(str(values["model_server_gateway_class"])) is not None
        ),
        lambda values: (
            f"no model_server_gateway_class {values['model_server_gateway_class']}: GKE's Inference Gateway takes "
            "gke-l7-regional-external-managed or gke-l7-rilb"
        ),
    ),
    form("model_server_gateway_class", r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", "the name of a GatewayClass"),
    form("model_server_address", _NAME, _NAME_SAID),
    form("model_server_gateway_security_policy", _NAME, _NAME_SAID),
    form("model_server_gateway_certificate_map", _NAME, _NAME_SAID),
    least("llmops_answer_seconds", 1),
)


def check_exposure(here: Deployment) -> Iterator[Finding]:
    """A warning where anybody on the internet can use the model, or read what is said with it."""
    if not here.model or not _is_public(here):
        return
    key = here.secrets.get("llmops_api_key", False)
    ways = "set llmops_api_key, narrow llmops_source_ranges, or choose another llmops_exposure"
    if not key and not _is_encrypted(here):
        message = "the model is open to the internet without key and TLS: anybody who finds its address can use it"
        yield Finding(EXPOSURE, message, ways, severity=WARNING, variable="llmops_exposure")
    elif not key:
        message = "the model is open to the internet without a key: anybody who finds its address can use it"
        yield Finding(EXPOSURE, message, ways, severity=WARNING, variable="llmops_exposure")
    elif not _is_encrypted(here):
        message = "the API key crosses the internet without TLS, as do prompts and answers"
        fix = "use llmops_exposure gateway with a certificate, or reach the model otherwise"
        yield Finding(EXPOSURE, message, fix, severity=WARNING, variable="llmops_exposure")


def _is_public(here: Deployment) -> bool:
    options = here.options
    if options.get("llmops_exposure") == "gateway":
        private = PRIVATE_CLASSES.fullmatch(str(options.get("model_server_gateway_class")))
        return not private and not options.get("model_server_gateway_security_policy")
    return options.get("llmops_exposure") == "external" and not options.get("llmops_source_ranges")


def _is_encrypted(here: Deployment) -> bool:
    certificates = ("model_server_gateway_tls_secret", "model_server_gateway_certificate_map")
    return here.options.get("llmops_exposure") == "gateway" and any(here.options.get(name) for name in certificates)

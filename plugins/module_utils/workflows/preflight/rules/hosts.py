# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts of one run would take from each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..deployment import Deployment
from ..findings import RULES, Finding

# An object of each in a namespace, and what is told where two hosts would write the same one.
_OBJECTS = {"llmops_name": "Deployment", "llmops_service_name": "Service"}
_NO_ADAPTER = "none"


def check_hosts(here: Deployment, others: Sequence[Deployment]) -> Iterator[Finding]:
    """Another host that deploys to the same objects, or that wants another metrics adapter on the same cluster."""
    for other in others:
        if here.model and other.model and here.place == other.place:
            yield from _same_objects(here, other)
            yield from _other_adapter(here, other)


def _same_objects(here: Deployment, other: Deployment) -> Iterator[Finding]:
    namespace = here.options.get("llmops_namespace")
    if namespace != other.options.get("llmops_namespace"):
        return
    for variable, kind in _OBJECTS.items():
        name = here.options.get(variable)
        if name == other.options.get(variable):
            message = (
                f"{variable}: hosts {here.host} and {other.host} would both have the {kind} {namespace}/{name} of "
                f"cluster {here.place[-1]}"
            )
            fix = f"give one of them another {variable}, llmops_namespace or llmops_cluster"
            yield Finding(RULES, message, fix, variable=variable)
            return


def _other_adapter(here: Deployment, other: Deployment) -> Iterator[Finding]:
    adapters = [deployment.model.get("metrics_adapter") or _NO_ADAPTER for deployment in (here, other)]
    if _NO_ADAPTER not in adapters and adapters[0] != adapters[1]:
        variable = here.model_names.of("metrics_adapter")
        message = (
            f"{variable}: host {here.host} wants {adapters[0]}, host {other.host} wants {adapters[1]}, and the cluster "
            f"{here.place[-1]} has one metrics adapter"
        )
        yield Finding(RULES, message, f"set {variable} to the same for both", variable=variable)

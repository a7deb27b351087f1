# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the chosen GPU and model server can reach the targets, and what would, by Google's own measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import LlmopsError
from ...google.accelerators import GPUS
from ...google.apis import GoogleApis, why_unread
from ...google.machine_types import read_machine_type
from ...google.prices import NoPrice, machine_price
from ...google.quickstart.client import API, QUICKSTART, benchmarks, profiles
from ...google.quickstart.profiles import Figures, Profile, Targets, read_targets
from ...serving import registry
from .deployment import Deployment
from .findings import WARNING, Finding
from .plan import Plan

TARGETS = "targets"
"""The check's name."""

VARIABLE = "llmops_targets"
_WANTED = (VARIABLE, "llmops_model", "llmops_engine", "llmops_accelerator_type", "llmops_gpus_per_replica")


@dataclass(frozen=True)
class Choice:
    """A profile with the figures that count; replicas for the wanted rate, and their US dollars an hour if known."""

    profile: Profile
    figures: Figures
    replicas: int
    hour: float | None

    def shown(self) -> dict[str, Any]:
        """JSON-ready, with the figures alone that count."""
        told = self.profile.shown()
        rest = {"figures": told["figures"][self.profile.figures.index(self.figures)], "replicas": self.replicas}
        return {**told, **rest, "hour": None if self.hour is None else round(self.hour, 2)}

    def __str__(self) -> str:
        rate = self.figures.queries_per_second
        parts = [
            str(self.figures),
            f"{rate:.3g} requests/s a replica" if rate else "",
            f"{self.replicas} replica{'' if self.replicas == 1 else 's'}"
            + ("" if self.hour is None else f" for {self.hour:.2f} USD an hour"),
        ]
        return f"{self.profile.place}: {', '.join(part for part in parts if part)}"


def has_targets(here: Deployment) -> bool:
    """Whether there is anything to look for."""
    return not here.refused.intersection(_WANTED) and bool(read_targets(here.options.get(VARIABLE), VARIABLE))


def advise(
    apis: GoogleApis, here: Deployment, plan: Plan, prices: Mapping[str, float]
) -> tuple[dict[str, Any], list[Finding]]:
    """``{targets, chosen, reaches, proposal, unknown, text}`` and a warning where the chosen ones cannot reach them.

    chosen, proposal: profiles with the figures that count, None where there is none. reaches: None where it is not
    known, for the reason ``unknown``. prices: of the user.
    """
    targets, pricing = read_targets(here.options[VARIABLE], VARIABLE), _pricing(here)
    model = str(here.options["llmops_model"])
    advice: dict[str, Any] = {"targets": str(targets), "chosen": None, "reaches": None, "proposal": None}
    try:
        fit = profiles(apis, model, None, None, targets, pricing)
        chosen = _chosen(fit, here, plan, targets, prices)
        tried = None if chosen else _measured(apis, here, plan, pricing)
    except LlmopsError as error:
        unknown = why_unread(error, QUICKSTART, API, plan.project)
        message = f"whether {targets} can be reached is not known: {unknown}"
        return {**advice, "unknown": unknown, "text": message}, [Finding(TARGETS, message, "", WARNING, VARIABLE)]
    if chosen:
        told = {"chosen": chosen.shown(), "reaches": True, "unknown": None}
        return {**advice, **told, "text": f"{targets} can be reached, as Google measured it on {chosen}"}, []
    proposal = _cheapest(fit, targets, prices)
    way = f"what does is {proposal}" if proposal else f"Google measured nothing that reaches {targets} with {model}"
    place = f"{here.options['llmops_engine']} on {_gpus(here)} x {here.options['llmops_accelerator_type']}"
    if tried is None:
        unknown = f"Google did not measure {model} with {place}"
        message = f"whether {targets} can be reached is not known: {unknown}"
        told = {"unknown": unknown}
    else:
        message, told = f"{place} cannot reach {targets}: at its best Google measured {tried}", {"unknown": None}
        told = {**told, "reaches": False}
    finding = Finding(TARGETS, message, way, WARNING, VARIABLE)
    shown = proposal.shown() if proposal else None
    return {**advice, **told, "proposal": shown, "text": f"{message}; {way}"}, [finding]


def _pricing(here: Deployment) -> str:
    return "spot" if here.options.get("llmops_spot") else "on-demand"


def _gpus(here: Deployment) -> int:
    return int(here.options["llmops_gpus_per_replica"])


def _is_chosen(profile: Profile, here: Deployment) -> bool:
    return (profile.model_server, profile.accelerator_type, profile.accelerator_count) == (
        here.options["llmops_engine"],
        here.options["llmops_accelerator_type"],
        _gpus(here),
    )


def _on_our_machine(profile: Profile, plan: Plan) -> bool:
    return profile.instance_type in {pool.machine_type for pool in plan.pools}


def _chosen(
    fit: list[Profile], here: Deployment, plan: Plan, targets: Targets, prices: Mapping[str, float]
) -> Choice | None:
    """Of what reaches the targets that which is to be deployed, on the plan's own machine type if that was measured."""
    own = [choice for one in fit if _is_chosen(one, here) and (choice := _choice(one, targets, prices))]
    return max(own, key=lambda choice: _on_our_machine(choice.profile, plan), default=None)


def _measured(apis: GoogleApis, here: Deployment, plan: Plan, pricing: str) -> str | None:
    """What is to be deployed with its figures at the lowest load, in words; None where Google did not measure it."""
    try:
        found = benchmarks(apis, here.options["llmops_model"], here.options["llmops_engine"], None, None, pricing)
    except LlmopsError as error:
        if error.fields.get("status") == 404:
            return None
        raise
    own = [one for one in found if _is_chosen(one, here) and one.figures]
    best = max(own, key=lambda one: _on_our_machine(one, plan), default=None)
    return f"{best.calmest()} ({best.instance_type})" if best else None


def _cheapest(fit: list[Profile], targets: Targets, prices: Mapping[str, float]) -> Choice | None:
    """What this collection can deploy and costs least for the wanted rate: by the hour, else by the token."""
    choices = [
        choice
        for one in fit
        if one.model_server in registry.ENGINES and one.accelerator_type in GPUS
        if (choice := _choice(one, targets, prices))
    ]
    return min(choices, key=_cost, default=None)


def _cost(choice: Choice) -> tuple[float, float]:
    by_token = choice.figures.cost_per_million_output_tokens
    return math.inf if choice.hour is None else choice.hour, math.inf if by_token is None else by_token


def _choice(profile: Profile, targets: Targets, prices: Mapping[str, float]) -> Choice | None:
    """A profile that reaches the targets, by the API's word and by its own figures."""
    figures = profile.best_for(targets)
    if figures is None:
        return None
    rate = figures.queries_per_second
    replicas = math.ceil(targets.rate / rate) if targets.rate and rate else 1
    spot = figures.pricing_model == "spot"
    shape = read_machine_type(profile.instance_type, None)
    try:
        hour: float | None = replicas * machine_price(
            profile.instance_type, shape, profile.accelerator_type, profile.accelerator_count, spot=spot, given=prices
        )
    except NoPrice:
        hour = None
    return Choice(profile, figures, replicas, hour)

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""prometheus-adapter's rules: from its configuration to the names it serves and the queries it asks. Pure.

Source: kubernetes-sigs/prometheus-adapter, docs/config.md and pkg/naming. What is not played is refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

_PLAYED = {"seriesQuery", "metricsQuery", "name", "resources"}
_UNPLAYED_PARTS = ("externalRules", "resourceRules")


@dataclass(frozen=True)
class Rule:
    """A rule of the custom metrics API, for metrics of pods.

    :param series_query: the selector that finds its series.
    :param matches: regular expression of the series' names; with ``name`` as it expands them (\\1, \\g<0>).
    :param namespace: the label that holds the namespace; pod: that which holds the pod.
    :param template: the query, with <<.Series>>, <<.LabelMatchers>> and <<.GroupBy>>.
    """

    series_query: str
    matches: str
    name: str
    namespace: str
    pod: str
    template: str

    def serves(self, series: dict[str, str]) -> str | None:
        """Return the name under which a series is served; None where it is not."""
        found = re.search(self.matches, series["__name__"])
        return found.expand(self.name) if found and {self.namespace, self.pod} <= series.keys() else None

    def query(self, series: str, namespace: str, pod: str) -> str:
        """Return what is asked for the metric of one pod of a namespace, or of all its pods (*)."""
        which = f'{self.pod}=~".+"' if pod == "*" else f'{self.pod}="{pod}"'
        filled = {"Series": series, "LabelMatchers": f'{self.namespace}="{namespace}",{which}', "GroupBy": self.pod}
        return re.sub(r"<<\s*\.(\w+)\s*>>", lambda found: filled[found[1]], self.template)


def rules(text: str) -> list[Rule]:
    """Return the rules of a configuration.

    :raises ValueError: if it is none, or has what is not played.
    """
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"unable to load metrics discovery configuration: {error}") from None
    if not isinstance(config, dict) or not config.get("rules"):
        raise ValueError("the sandbox plays an adapter of custom metrics alone: its configuration needs rules")
    for part in _UNPLAYED_PARTS:
        if config.get(part):
            raise ValueError(f"the sandbox does not play {part} of prometheus-adapter")
    return [_rule(one) for one in config["rules"]]


def _rule(given: dict) -> Rule:
    resources = given.get("resources") or {}
    unplayed = [*(given.keys() - _PLAYED), *(f"resources.{key}" for key in resources.keys() - {"overrides"})]
    if unplayed:
        raise ValueError(f"the sandbox does not play {', '.join(sorted(unplayed))} of prometheus-adapter's rules")
    labels = {one["resource"]: label for label, one in (resources.get("overrides") or {}).items()}
    if not {"namespace", "pod"} <= labels.keys():
        raise ValueError("the sandbox plays rules whose overrides name the labels of namespace and pod")
    template = given["metricsQuery"]
    unknown = set(re.findall(r"<<\s*(.*?)\s*>>", template)) - {".Series", ".LabelMatchers", ".GroupBy"}
    if unknown:
        raise ValueError(f"the sandbox does not play <<{sorted(unknown)[0]}>> in prometheus-adapter's metricsQuery")
    name = given.get("name") or {}
    matches = name.get("matches") or ".*"
    groups = re.compile(matches).groups
    if groups > 1 and not name.get("as"):
        raise ValueError(f'must specify an "as" value for name matcher "{matches}"')
    expanded = re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", name.get("as") or f"${groups}")
    return Rule(given["seriesQuery"], matches, expanded, labels["namespace"], labels["pod"], template)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_inference_quickstart_info: Google's measurements, and its manifests beside what serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...google.apis import GoogleApis, why_unread
from ...google.names import check_project
from ...google.options import PROJECT_READER
from ...google.quickstart import client
from ...google.quickstart.profiles import TARGETS, Profile, read_targets
from ...serving import registry
from ...workflows.manifest_comparison import differences

PRICING = ("on-demand", "spot", "1-year-cud", "3-years-cud")

NEEDED = {
    "models": (),
    "model_servers": ("model",),
    "model_server_versions": ("model", "model_server"),
    "profiles": ("model",),
    "benchmarks": ("model", "model_server"),
    "manifests": ("model", "model_server", "accelerator_type"),
}
"""What can be gathered, and the options that it needs."""


def run(options: dict[str, Any], _check: bool, progress: Progress) -> Result:
    """Read what is asked for; the same in check mode, because nothing is changed.

    That the API is off or refuses is an answer (``unknown``): what it would tell stands in nobody's way.
    """
    project = check_project(options["project"])
    options = {**options, "targets": read_targets(options["targets"], "targets")}
    for what in options["gather"]:
        for name in NEEDED[what]:
            if not options[name]:
                raise InvalidOption(name, options[name], f"a value, because gather has {what}")
    if options["pods"] and options["model_server"] not in registry.ENGINES:
        raise InvalidOption("pods", "given", f"pods of one of these model servers: {', '.join(registry.ENGINES)}")
    values: dict[str, Any] = {"unknown": None}
    apis = GoogleApis(options, Deadline(options["timeout"]))
    try:
        for what in options["gather"]:
            values |= GATHERERS[what](apis, options)
    except LlmopsError as error:
        values["unknown"] = why_unread(error, client.QUICKSTART, client.API, project)
        progress(f"not known: {values['unknown']}")
    finally:
        apis.close()
    return Result(values=values, http_requests=apis.sent)


def _of_model(options: Mapping[str, Any]) -> tuple[str, str, str | None]:
    return options["model"], options["model_server"], options["model_server_version"]


def _profiles(apis: GoogleApis, options: Mapping[str, Any]) -> dict[str, Any]:
    model, server, version = _of_model(options)
    found = client.profiles(apis, model, server, version, options["targets"], options["pricing_model"])
    return {"profiles": [one.shown() for one in found if _is_wanted(one, options)]}


def _benchmarks(apis: GoogleApis, options: Mapping[str, Any]) -> dict[str, Any]:
    found = client.benchmarks(apis, *_of_model(options), options["instance_type"], options["pricing_model"])
    wanted = [one for one in found if _is_wanted(one, options)]
    return {"benchmarks": [one.shown() for one in wanted], "best": _best(wanted)}


def _best(found: list[Profile]) -> dict[str, Any] | None:
    """The first one's figures at its lowest rate of requests, and ``of``, what they are of; None if there is none."""
    for one in found:
        figures = one.calmest()
        if figures:
            return {**one.shown()["figures"][one.figures.index(figures)], "of": one.place}
    return None


def _is_wanted(profile: Profile, options: Mapping[str, Any]) -> bool:
    wanted = (
        (options["accelerator_type"], profile.accelerator_type),
        (options["instance_type"], profile.instance_type),
        (options["gpus"], profile.accelerator_count),
    )
    return all(want in (None, "", have) for want, have in wanted)


def _manifests(apis: GoogleApis, options: Mapping[str, Any]) -> dict[str, Any]:
    found = client.manifest(
        apis, *_of_model(options), options["accelerator_type"], options["namespace"], options["targets"]
    )
    manifests = found.get("kubernetesManifests", [])
    pod = next(iter(options["pods"] or []), None)
    return {
        "manifests": manifests,
        "manifest_comments": found.get("comments", []),
        "differences": differences(registry.engine(options["model_server"]), pod, manifests) if pod else None,
    }


GATHERERS: Mapping[str, Callable[[GoogleApis, Mapping[str, Any]], dict[str, Any]]] = {
    "models": lambda apis, options: {"models": client.models(apis)},
    "model_servers": lambda apis, options: {"model_servers": client.model_servers(apis, options["model"])},
    "model_server_versions": lambda apis, options: {
        "model_server_versions": client.model_server_versions(apis, options["model"], options["model_server"])
    },
    "profiles": _profiles,
    "benchmarks": _benchmarks,
    "manifests": _manifests,
}

ARGUMENT_SPEC: dict[str, Any] = {
    **PROJECT_READER,
    "gather": {"type": "list", "elements": "str", "choices": list(NEEDED), "default": ["profiles"]},
    "model": {"type": "str"},
    "model_server": {"type": "str"},
    "model_server_version": {"type": "str"},
    "accelerator_type": {"type": "str"},
    "instance_type": {"type": "str"},
    "gpus": {"type": "int"},
    "pricing_model": {"type": "str", "choices": list(PRICING), "default": PRICING[0]},
    "targets": {"type": "dict", "options": TARGETS},
    "namespace": {"type": "str"},
    "pods": {"type": "list", "elements": "dict"},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_preflight: rules, the project and the model's Hub are asked in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ansible.module_utils.basic import env_fallback

from ...core import harmless, play_memory
from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError
from ...core.option_names import OptionNames, option
from ...core.result import Progress, Result, silent
from ...core.runner import ModuleSpec, defaults
from ...google.options import GOOGLE_AUTH, google_auth_variables
from ...models.access import HOME, AccessDenied
from ...workflows.preflight.checks import MODEL, NAMES
from ...workflows.preflight.definitions import check_definitions
from ...workflows.preflight.deployment import Deployment, UnreadablePool, read_deployments
from ...workflows.preflight.findings import ERROR, RULES, WARNING, Finding
from ...workflows.preflight.plan import read_pools
from ...workflows.preflight.project import SHARED_FOR, Looked, look_at_project
from ...workflows.preflight.rules.exposure import EXPOSURE, check_exposure
from ...workflows.preflight.rules.misspelt import check_environment
from ...workflows.preflight.rules.request_length import check_length, check_requests
from ...workflows.preflight.rules.rollout import ROLLOUT, check_rollout
from ...workflows.preflight.rules.table import VARIABLES, check_rules, places_hold, pools_told
from . import hf_model_info

_OF_THE_HUB = {"model": "llmops_model", "token": "llmops_hf_token", "endpoint": "llmops_hf_endpoint"}
_TO_BLAME = {"not_found": "llmops_model"}
"""Reason why the Hub does not give the model -> variable; the token for all others."""

_UNASKED = "the weights come from elsewhere than the Hub, so whether the model fits the GPU's memory is not known"


class PlanRefused(LlmopsError):
    """Something stands in the way of the plan; a line each."""

    kind = "plan_refused"

    def _harmless(self, text: str) -> str:
        return harmless.joined(harmless.lines(text))


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Hold the plan against the rules, the project and the Hub. options: those of llm_preflight.

    Raises PlanRefused with all that stands in the way, unless ``fail`` is off; InvalidOption where a plan is none.
    """
    here, others = read_deployments(options["plan"], options["plans"] or [])
    names = set(NAMES) - set(options["skip"])
    findings = check_rules(here, others, unknown=VARIABLES in names)
    # A variable that breaks a rule is told by the rule alone.
    findings += [] if findings else check_definitions(here)
    # What to warn of is told of a plan that can be followed.
    findings += list(check_rollout(here)) if ROLLOUT in names and not findings else []
    findings += list(check_exposure(here)) if EXPOSURE in names else []
    findings += list(check_environment(here, VARIABLES)) if VARIABLES in names else []
    findings += list(check_requests(here, MODEL)) if MODEL in names else []
    with ThreadPoolExecutor(2) as threads:
        project = _begin(threads, places_hold(here), look_at_project, here, others, names, options)
        model = _begin(threads, MODEL in names and here.asks_hub and _has_model(here), _look_at_model, here, options)
        variables = OptionNames({**_OF_THE_HUB, **google_auth_variables(options)})
        looked, refused = _ended(project, RULES, here, variables)
        hub, denied = _ended(model, MODEL, here, variables)
    looked, hub = looked or Looked(), hub or Result(values={})
    findings += [*refused, *looked.findings, *denied]
    findings += [Finding(MODEL, text, severity=WARNING) for text in hub.warnings]
    findings += _model_findings(here, hub.values)
    return _result(options, here, names, list({one.text: one for one in findings}.values()), looked, hub)


def _begin(threads: ThreadPoolExecutor, wanted: bool, look: Callable[..., Any], *arguments: Any) -> Future[Any] | None:
    return threads.submit(look, *arguments) if wanted else None


def _ended(
    future: Future[Any] | None, check: str, here: Deployment, variables: OptionNames
) -> tuple[Any, list[Finding]]:
    """What came of a look: its result, or the finding that it failed with. What a refused value makes of the plan is
    told with that value."""
    try:
        return future.result() if future else None, []
    except LlmopsError as error:
        if isinstance(error, UnreadablePool) and pools_told(here):
            return None, []
        message, variable = error.told(variables), _blamed(error, variables)
        named = message if variable is None or variable in message else f"{message} ({variable})"
        return None, [Finding(check, named, variable=variable)]
    except (KeyError, TypeError, ValueError) as error:
        # What a role plans is data that a user has a hand in.
        fault = Finding(check, f"the plan cannot be evaluated ({error!r})", "correct its values")
        return None, [] if here.refused else [fault]


def _blamed(error: LlmopsError, variables: OptionNames) -> str | None:
    if isinstance(error, InvalidOption):
        return variables.of(error.fields["option"])
    if isinstance(error, AccessDenied):
        return _TO_BLAME.get(error.fields.get("reason", ""), "llmops_hf_token")
    return error.fields.get("variable")


def _has_model(here: Deployment) -> bool:
    wanted = ("llmops_model", "llmops_engine", "llmops_accelerator_type")
    return bool(here.model) and not here.refused.intersection(wanted)


def _look_at_model(here: Deployment, options: Mapping[str, Any]) -> Result:
    """What the Hub says of the model, and whether it fits the GPUs of a pod."""
    model, gpu = here.model, here.options["llmops_accelerator_type"]
    machines = [pool.machine_type for pool in read_pools(here) if pool.gpu == gpu]
    asked = {
        **defaults(hf_model_info.SPEC),
        "model": here.options["llmops_model"],
        "token": options["token"],
        "endpoint": options["endpoint"],
        "engine": here.options["llmops_engine"],
        "accelerator_type": gpu,
        "machine_type": machines[0] if machines else None,
        # A number that cannot be is a rule's to tell; the rest of what the Hub says is told beside it.
        "gpus": max(_gpus(here), 1),
        "quantize": model.get("quantize") or "",
        "context": here.context or hf_model_info.CONTEXT,
        "gpu_memory_utilization": float(model["utilization"]) if model.get("utilization") else None,
        "timeout": options["timeout"],
    }
    return _asked_once(asked)


def _gpus(here: Deployment) -> int:
    """Of a replica, as planned."""
    return int(here.model.get("shards") or here.options["llmops_gpus_per_replica"])


def _model_findings(here: Deployment, model: Mapping[str, Any]) -> Iterator[Finding]:
    """What stands in the way of serving the model. model: what the Hub says of it; nothing where it was not asked."""
    if model.get("fit") and not model["fit"]["fits"] and _gpus(here) > 0:
        paths = ["shards", "quantize", "context", *(["utilization"] if here.model.get("utilization") else [])]
        ways = ["llmops_accelerator_type", *map(here.model_names.of, paths)]
        yield Finding(MODEL, model["fit_reason"], f"these are {', '.join(ways)}", variable=ways[0])
    if model.get("config"):
        yield from check_length(here, model["config"], MODEL)


def _asked_once(asked: dict[str, Any]) -> Result:
    """What the Hub says; hosts of a run that serve the same model on the same GPUs ask it once."""
    memory, sent = play_memory.shared, [0]
    if memory is None:
        return hf_model_info.run(asked, True, silent)

    def ask() -> list[Any]:
        found = hf_model_info.run(asked, True, silent)
        sent[0] = found.http_requests
        return [found.values, found.warnings]

    identity = play_memory.identity_of("model", sorted(asked.items()))
    values, warnings = memory.once(identity, ask, SHARED_FOR, Deadline(asked["timeout"]))
    return Result(values=values, warnings=warnings, http_requests=sent[0])


def _result(
    options: Mapping[str, Any], here: Deployment, names: set[str], findings: list[Finding], looked: Looked, hub: Result
) -> Result:
    values: dict[str, Any] = {
        "findings": [finding.to_dict() for finding in findings],
        "price": looked.price,
        "model": hub.values,
        "advice": looked.advice,
        "checked": [name for name in NAMES if name in names],
    }
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        message = "\n".join([*(finding.text for finding in errors), *_how_to_skip(errors)])
        if options["fail"]:
            # What they say is in the message, and need not be read twice.
            brief = [{"check": finding.check, "variable": finding.variable} for finding in errors]
            raise PlanRefused(message, findings=brief)
        values["msg"] = OptionNames().render(message)
    return Result(
        values=values,
        warnings=[finding.text for finding in findings if finding.severity == WARNING],
        notes=_notes(here, looked),
        http_requests=looked.requests + hub.http_requests,
    )


def _how_to_skip(errors: list[Finding]) -> list[str]:
    """The last resort against a check that errs; a rule cannot be turned off, and a variable need not be misspelt."""
    checks = list(dict.fromkeys(one.check for one in errors if one.check in NAMES and one.check != VARIABLES))
    turned_off = f"{option('skip')}: [{', '.join(checks)}] turns {'it' if len(checks) == 1 else 'them'} off"
    return [f"If a check is wrong about your project, {turned_off}."] if checks else []


def _notes(here: Deployment, looked: Looked) -> list[str]:
    """The price, and that the targets can be reached; that they cannot is a warning. And what nobody was asked."""
    unasked = "" if here.asks_hub else _UNASKED
    reached = looked.advice and looked.advice["reaches"] and f"targets: {looked.advice['text']}"
    return [note for note in (looked.price and _price_said(looked.price), reached, unasked) if note]


def _price_said(price: Mapping[str, Any]) -> str:
    def cost(when: str) -> str:
        return f"{price[when]['hour']} {price['currency']} an hour ({price[when]['month']} a month)"

    unknown = "" if price["complete"] else ", without what has no price"
    return (
        f"about {cost('start')} with the first nodes, {cost('least')} at the least and {cost('most')} at the most"
        f"{unknown}: list prices of {price['as_of']}, without discounts, network and logs"
    )


ARGUMENT_SPEC: dict[str, Any] = {
    **GOOGLE_AUTH,
    "plan": {"type": "dict", "required": True},
    "plans": {"type": "list", "elements": "raw", "default": []},
    "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["HF_TOKEN"])},
    "endpoint": {"type": "str", "default": HOME, "fallback": (env_fallback, ["HF_ENDPOINT"])},
    "prices": {"type": "dict", "default": {}},
    "skip": {"type": "list", "elements": "str", "choices": list(NAMES), "default": []},
    "fail": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 120},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC, unshown=frozenset({"plan", "plans"}), asks_any_server=True)

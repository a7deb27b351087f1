# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_scaling: load until the autoscaler asks for one more replica, and see what comes of it."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline, backoff
from ...core.errors import InvalidOption, LlmopsError
from ...core.option_names import option, plain
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.diagnosis.autoscaler import Autoscaler, NoAutoscaler, Scale
from ...kubernetes.wait.states import Failed
from ...serving import registry
from ...serving.client import check_url
from ...serving.engine import Engine
from ...serving.load import Load
from ...serving.options import ENGINE, MAX_TOKENS, SAMPLING, SERVER, SERVER_RULES, read_request
from ...workflows import cluster_access
from ...workflows.cluster_access import secrets
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES
from ...workflows.port_forward import PORT_FORWARD, through_port_forward

_UNSAMPLED: dict[str, Any] = {**dict.fromkeys(SAMPLING), "temperature": 0.0}


class NotScaled(LlmopsError):
    """The autoscaler did not ask for more, or what it asked for came to nothing that is known."""

    kind = "not_scaled"


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """See plugins/modules/llm_scaling.py for options and result. In check mode nothing is sent to the model.

    A replica that does not come for a reason that is known is a warning: the autoscaler acted, and the reason is told.
    """
    if options["clients"] < 1:
        raise InvalidOption("clients", options["clients"], "a whole number above 0")
    engine = registry.engine(options["engine"])
    # Without sampling and with a fixed length each request is as heavy as the other.
    request = read_request({**_UNSAMPLED, **options}, engine, streaming=False)
    url, deadline = check_url(options["url"]), Deadline(options["timeout"])
    # The clients of the load are threads: what is wrong with the address or the key is told here.
    engine.connect(url, options["api_key"], deadline).close()
    with cluster_access.cluster_access(options, deadline) as access:
        values: dict[str, Any] = {"asked": False, "arrived": False, "replicas": 0, "why": "", "answered": 0}
        try:
            api = access.required()
            scaler = Autoscaler(
                api, options["namespace"] or api.default_namespace, options["autoscaler"], engine.crash_reasons
            )
            first = scaler.look()
        except (cluster_access.ClusterAbsent, NoAutoscaler) as absent:
            if not check:
                raise
            return Result(values=values, warnings=[absent.message], http_requests=access.requests)
        values["replicas"] = first.ready
        if first.asked >= first.most:
            most = f"the autoscaler is at its own maximum of {first.most}"
            values["why"] = f"{most}; raise {option('maxReplicas')} to see it grow"
        elif not check:
            load = Load(engine, url, options["api_key"], options["clients"], request)
            with load:
                progress(f"{options['clients']} clients keep {url} busy")
                values |= _outcome(engine, scaler, first, load, deadline, progress)
            values["answered"] = load.answered
        return Result(
            values=plain(values),
            warnings=[f"no further replica came: {values['why']}"] if values["why"] else [],
            duration=deadline.elapsed(),
            http_requests=access.requests,
        )


def _outcome(
    engine: Engine, scaler: Autoscaler, first: Scale, load: Load, deadline: Deadline, progress: Progress
) -> dict[str, Any]:
    """What came of the load: the values ``asked``, ``arrived``, ``replicas`` and ``why``."""
    pauses, told, now = backoff(first=0.5), "", first
    while True:
        try:
            now = scaler.look()
        except LlmopsError as error:
            if deadline.ended(error):
                return _late(engine, scaler.name, first, now, load, deadline)
            raise
        if now.asked > first.asked and now.ready > first.asked:
            return {"asked": True, "arrived": True, "replicas": now.ready}
        if now.asked > first.asked:
            line = now.pending.why if now.pending else "its pod is not there yet"
            if isinstance(now.pending, Failed):
                return {"asked": True, "replicas": now.ready, "why": f"{line}; {now.pending.advice}"}
            line = f"asked for {now.asked} replicas; {line}"
        else:
            line = now.signals
        if load.refused:
            raise load.refused
        if line != told:
            progress(line)
            told = line
        pause = next(pauses)
        if pause >= deadline.remaining():
            return _late(engine, scaler.name, first, now, load, deadline)
        deadline.pause(pause, "one more replica", line)


def _late(engine: Engine, name: str, first: Scale, now: Scale, load: Load, deadline: Deadline) -> dict[str, Any]:
    if now.asked > first.asked and now.pending:
        return {"asked": True, "replicas": now.ready, "why": f"not within {deadline.seconds:g} s: {now.pending.why}"}
    answered = f"{load.answered} requests were answered"
    if load.trouble:
        answered += f", the last that failed: {load.trouble.message}"
    if now.asked > first.asked:
        raise NotScaled(f"autoscaler {name} asked for {now.asked} replicas, but no pod came in {deadline.seconds:g} s")
    names = [f"{signal.metric} ({signal.meaning})" for signal in engine.scaling_signals]
    signals = f"it look at a metric of {engine.title}: {' or '.join(names)}" if names else "it look at another metric"
    raise NotScaled(
        f"autoscaler {name} did not ask for more than {first.asked} replicas within {deadline.seconds:g} s of load: "
        f"{now.signals}; {answered}; send more at a time ({option('clients')}), ask for longer answers, lower the "
        f"target, or let {signals}",
        signals=now.signals,
        answered=load.answered,
    )


SPEC = ModuleSpec(
    run=through_port_forward(run),
    argument_spec={
        **KUBERNETES_ACCESS,
        **PORT_FORWARD,
        **ENGINE,
        **SERVER,
        "autoscaler": {"type": "str", "required": True},
        "namespace": {"type": "str"},
        "clients": {"type": "int", "default": 64},
        "prompt": {"type": "str", "default": "Tell a long story."},
        "max_tokens": {**MAX_TOKENS["max_tokens"], "default": 256},
        "timeout": {"type": "int", "default": 1800},
    },
    rules={
        **KUBERNETES_ACCESS_RULES,
        "mutually_exclusive": [*KUBERNETES_ACCESS_RULES["mutually_exclusive"], *SERVER_RULES["mutually_exclusive"]],
        "required_one_of": [*KUBERNETES_ACCESS_RULES["required_one_of"], *SERVER_RULES["required_one_of"]],
    },
    secrets=secrets,
)

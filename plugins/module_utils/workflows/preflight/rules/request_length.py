# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether requests may be longer than the model was made for, or verify's than its server takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....serving import registry
from ..deployment import Deployment
from ..findings import ERROR, WARNING, Finding


def check_length(here: Deployment, config: Mapping[str, Any], check: str) -> Iterator[Finding]:
    """What the model's server says to the requests that its settings allow. config: the model's config.json."""
    name = here.options["llmops_model"]
    engine = registry.engine(here.options["llmops_engine"])
    for found in engine.too_long(config, here.context, here.environment, here.arguments):
        variable = here.model_names.of(found.setting)
        message = (
            f"{variable}: {found.asked} tokens are more than the {found.most.tokens} that {name} was made for "
            f"({found.most.source} in its config.json); {found.outcome}"
        )
        severity = ERROR if found.refused else WARNING
        yield Finding(check, message, f"set {found.most.tokens} or less", severity, variable)


def check_requests(here: Deployment, check: str) -> Iterator[Finding]:
    """What the model's server says to verify's requests, which are sent when all has been created.

    How many tokens a prompt has, its tokenizer alone knows; as good as always at least as many as words.
    """
    named = here.options.get("llmops_engine")
    if "verify" not in here.roles or named not in registry.ENGINES:
        return
    engine = registry.engine(named)
    limit = engine.longest_request(here.context, here.arguments)
    if limit is None:
        return
    variable, most = here.model_names.of(limit[0]), limit[1]
    words = _words(here.options)
    for asking, tokens in _answers(here.options, engine.answer_tokens):
        if tokens >= most:
            message = (
                f"{asking}: {tokens} tokens of an answer leave its prompt none of the {most} that {variable} allows, "
                "so the server would refuse verify's request"
            )
        elif tokens + words > most:
            message = (
                f"{asking}: {tokens} tokens of an answer and a prompt of {words} words are more than the {most} tokens "
                f"that {variable} allows, so the server is likely to refuse verify's request"
            )
        else:
            continue
        severity = ERROR if tokens >= most else WARNING
        yield Finding(check, message, f"set less, or more for {variable}", severity, asking.partition(".")[0])


def _answers(options: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each setting that says how long an answer may get, and its tokens."""
    parameters = options.get("verify_parameters")
    given = parameters if isinstance(parameters, Mapping) else {}
    asked = [(f"verify_parameters.{name}", given.get(name)) for name in names]
    if options.get("verify_latency_samples"):
        asked.append(("verify_latency_tokens", options.get("verify_latency_tokens")))
    yield from ((name, int(tokens)) for name, tokens in asked if str(tokens).isdecimal())


def _words(options: Mapping[str, Any]) -> int:
    """Those of the chat, or of the prompt where there is none."""
    contents = [one.get("content") for one in options.get("verify_messages") or () if isinstance(one, Mapping)]
    if not contents:
        return len(str(options.get("verify_prompt") or "").split())
    parts = [part for content in contents for part in (content if isinstance(content, list) else [content])]
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    return sum(len(text.split()) for text in texts if isinstance(text, str))

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models and who may have them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import urlsplit

import yaml

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults

_BYTES_PER_PARAMETER = 2
_HOME = "https://huggingface.co"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Model:
    """One model: whether terms must be accepted, its parameters (16 bits each), config.json, the tokenizer's kind.

    chat_template: Jinja, "" for a model that has none. stored: numbers in its files by their type, as the Hub counts
    them: of a quantised model several of its parameters are packed into one.
    """

    name: str
    gated: bool
    parameters: int
    config: dict
    tokenizer: dict
    stored: dict[str, int]
    chat_template: str = ""


class Hub:
    """The models, and the gates before them.

    :ivar url: where it answers; empty while nobody has said.
    """

    def __init__(self, config: Config, faults: Faults) -> None:
        table = yaml.safe_load((files(__package__) / "models.yml").read_text(encoding="utf-8")) | config.models
        self._models = {
            name: Model(
                name,
                bool(known.get("gated")),
                int(known["parameters"]),
                known.get("config", {}),
                known.get("tokenizer", {}),
                known.get("stored") or {"BF16": int(known["parameters"])},
                known.get("chat_template", ""),
            )
            for name, known in table.items()
        }
        self._accepted = config.accepted_models
        self.url = ""
        self._faults = faults

    def model(self, name: str) -> Model | None:
        """Return a model, or None if the Hub has none of this name."""
        return self._models.get(name)

    def names(self) -> list[str]:
        """Return the ids of all models."""
        return list(self._models)

    def is_at(self, endpoint: str) -> bool:
        """Return whether a client that is told this endpoint comes here: every mirror there is, is this Hub."""
        asked, here = urlsplit(endpoint), urlsplit(self.url)
        if not self.url or endpoint.rstrip("/") == _HOME:
            return True
        return asked.hostname in _LOOPBACK and (asked.scheme, asked.port) == (here.scheme, here.port)

    def known_token(self, token: str | None, model: str = "") -> bool:
        """Return whether a token is a user's: those that begin with hf_ are."""
        if token is None or self._faults.take("bad_token", model=model) is not None:
            return False
        return token.startswith("hf_")

    def access(self, model: str, token: str | None) -> str:
        """Return whether a token opens a model's files.

        :returns: "ok"; "unauthorized" for a token that is no user's; "gated" where terms are not accepted,
            or no token is given for a model that has terms; "not_found".
        """
        if token is not None and not self.known_token(token, model):
            return "unauthorized"
        known = self._models.get(model)
        if known is None:
            return "not_found"
        if self._faults.take("model_gated", model=model) is not None:
            return "gated"
        accepted = self._accepted is None or model in self._accepted
        return "gated" if known.gated and (token is None or not accepted) else "ok"

    def size_bytes(self, model: str) -> int:
        """Return the size of a model's weights.

        :raises KeyError: for a model that the Hub does not have.
        """
        return self._models[model].parameters * _BYTES_PER_PARAMETER

    def config(self, model: str) -> dict:
        """Return a model's config.json.

        :raises KeyError: for a model that the Hub does not have.
        """
        return dict(self._models[model].config)

    def has_chat_template(self, model: str) -> bool:
        """Return whether a model's tokenizer has a chat template.

        :raises KeyError: for a model that the Hub does not have.
        """
        return bool(self._models[model].chat_template)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model server (an engine) is to everything outside its own folder.

An engine is one subclass of Engine, and one of client.ServerClient for its protocol, in a folder of its own here, and
one row in registry.py. Whoever uses it knows these types only. They hold no word of any one protocol: a server that
streams in OpenAI's form and counts tokens in ``usage`` fits as well as one with headers and routes of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from ..core.deadline import Deadline
from ..core.rules import Rule
from ..kubernetes.diagnosis.crash_reasons import CrashReason
from ..models.memory import MemoryRules
from ..models.positions import Positions

if TYPE_CHECKING:
    from .client import ServerClient

STOP, LENGTH = "stop", "length"
"""Why generation ended: the model or a stop sequence ended it, or the limit of tokens did."""


@dataclass(frozen=True)
class GenerationRequest:
    """A prompt or a chat, and how to answer it. None: the server's default.

    prompt: text in the model's own template. messages: a chat, ``{role, content}`` each. Exactly one of both is given.
    temperature: 0 takes the likeliest token each time. parameters: more of them, by the engine's own names.
    """

    prompt: str | None = None
    messages: Sequence[Mapping[str, Any]] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: Sequence[str] | None = None
    seed: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


SIMULATED = "x-simulated"
"""The header by which a sandbox's server says that it is one."""


@dataclass(frozen=True)
class Answer:
    """A whole answer.

    tokens, prompt_tokens: by the server's count, None where it does not tell. finish_reason: STOP or LENGTH, None where
    the server does not tell; an answer that the server broke off is an error and no Answer. seconds: from sending the
    request to its last byte. server_seconds, server_tokens: what the server says of the same request beside the answer,
    in its headers for example; None where it says nothing. headers: the reply's own ``x-`` headers. details: what
    else the server says of the answer, in its own words.
    """

    text: str
    seconds: float
    tokens: int | None = None
    prompt_tokens: int | None = None
    finish_reason: str | None = None
    server_seconds: float | None = None
    server_tokens: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class StreamEvent:
    """An event that brought tokens. at: when its first byte arrived. tokens: how many, None where that is not told."""

    at: float
    tokens: int | None = None


@dataclass(frozen=True)
class Stream:
    """A streamed answer. sent: when it was asked for, in the clock of the events. events: those that brought tokens,
    in order; one whose text is empty is among them, one that only opens or closes the stream is not."""

    sent: float
    events: Sequence[StreamEvent]
    answer: Answer


@dataclass(frozen=True)
class Identity:
    """What a server says of itself. Tokens that a request may have: of its prompt, and with its answer; None where
    that is not told. details: all of it in the server's own words."""

    model: str
    version: str | None = None
    max_input_tokens: int | None = None
    max_total_tokens: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricNames:
    """Names in /metrics. Counters, each summed over its labels: requests received, requests answered, and of these the
    generated tokens and the seconds in all. waiting: the gauge of requests that wait."""

    received: str
    answered: str
    tokens: str
    seconds: str
    waiting: str


@dataclass(frozen=True)
class ScalingSignal:
    """A gauge by which an autoscaler may add replicas. meaning: what it counts, in a few words."""

    metric: str
    meaning: str


@dataclass(frozen=True)
class LaunchPhase:
    """A part of a server's start. end: when it was over, None where the log does not tell (yet)."""

    name: str
    end: datetime | None


@dataclass(frozen=True)
class ContainerSettings:
    """How a container was told to serve. shown: settings without any secret, as the report prints them.

    quantization: the engine's own name of the method, empty for none.
    """

    quantization: str
    shown: Mapping[str, str]


@dataclass(frozen=True)
class TooLong:
    """A setting that lets requests be longer than the model was made for.

    setting: the part of the plan of the engine's role that it is in: ``context``, ``arguments``, ``environment.NAME``.
    asked: its tokens. most: the model's. outcome: what comes of it. refused: whether the server does not start.
    """

    setting: str
    asked: int
    most: Positions
    outcome: str
    refused: bool = False


class Engine(ABC):
    """One model server.

    name: in options and the registry. title: in messages. metrics, scaling_signals: see the types; None
    and none where they are not known. phases: what each
    phase of its start is, by name, in the order in which launch_phases tells them. crash_reasons: what its log shows
    where no restart helps. memory: what it takes of a GPU. parameters: Ansible's argument spec of its own parameters.
    deployment_rules: what the variables of its role must keep. variables: which sets what, by the server's names.
    environment: names of environment variables that it reads, as far as they are known; there may be more.
    answer_tokens: what the greatest number of an answer's tokens is called among a request's parameters.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    metrics: ClassVar[MetricNames | None]
    scaling_signals: ClassVar[Sequence[ScalingSignal]]
    phases: ClassVar[Mapping[str, str]]
    crash_reasons: ClassVar[Sequence[CrashReason]]
    memory: ClassVar[MemoryRules]
    parameters: ClassVar[Mapping[str, Mapping[str, Any]]]
    deployment_rules: ClassVar[Sequence[Rule]] = ()
    variables: ClassVar[Mapping[str, str]] = {}
    environment: ClassVar[Set[str]] = frozenset()
    answer_tokens: ClassVar[Sequence[str]] = ("max_tokens",)

    @abstractmethod
    def check(self, request: GenerationRequest, *, streaming: bool) -> None:
        """Raise InvalidOption for what the server would refuse, as far as that is known without asking it."""

    def generating_routes(self, model: str) -> Mapping[str, Mapping[str, Any]]:
        """Every route that generates, with the body of a request for one token: an API key must guard all of them.

        model: the name that the server has for it.
        """
        return {}

    def too_long(
        self, config: Mapping[str, Any], context: int, environment: Mapping[str, Any], arguments: Sequence[str]
    ) -> Iterable[TooLong]:
        """The settings that let requests be longer than the model was made for.

        config: the model's config.json. context: tokens of the longest request, 0 where nobody says. environment,
        arguments: those that are set beside the role's own.
        """
        return ()

    def longest_request(self, context: int, arguments: Sequence[str]) -> tuple[str, int] | None:
        """The setting (as in TooLong) that limits a request's tokens, and how many it allows, prompt and answer
        together; None where none of them does. The rest as for too_long."""
        return ("context", context) if context else None

    @abstractmethod
    def connect(self, url: str, api_key: str | None, deadline: Deadline) -> ServerClient:
        """A client of the server at an address; nothing is sent yet. Raises InvalidOption for an address of another
        form."""

    @abstractmethod
    def launch_phases(self, log: Iterable[str], started: datetime | None) -> Sequence[LaunchPhase]:
        """The phases of the last start that a log tells of, all of them, in order.

        started: when the container's present run began, for a log whose lines leave out year or zone.
        """

    @abstractmethod
    def settings(self, environment: Mapping[str, str], arguments: Sequence[str]) -> ContainerSettings:
        """What a container's environment (what stands in it in the open) and arguments say."""

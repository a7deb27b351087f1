# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any server with OpenAI's routes as one of the engines: what such servers have in common, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ...core.deadline import Deadline
from ...models.memory import MemoryRules
from ..engine import ContainerSettings, Engine, GenerationRequest, LaunchPhase
from ..hub_crashes import HUB_CRASHES
from .client import OpenAiClient
from .parameters import GENERAL, argument_spec, check_request

START = "start"


class OpenAiEngine(Engine):
    """See Engine. Of its metrics, its log and its settings nothing is known."""

    name = "openai"
    title = "an OpenAI-compatible server"
    metrics = None
    scaling_signals = ()
    phases = {START: "until the server answered"}
    crash_reasons = HUB_CRASHES
    memory = MemoryRules(
        server="the server",
        usable=0.9,
        formats={},
        slow=frozenset(),
        quantization="quantization",
        gpus="GPUs",
        context="the longest request",
    )
    parameters = argument_spec(GENERAL)

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def check(self, request: GenerationRequest, *, streaming: bool) -> None:
        check_request(request, GENERAL, self.title, streaming=streaming)

    def connect(self, url: str, api_key: str | None, deadline: Deadline) -> OpenAiClient:
        return OpenAiClient(url, api_key, deadline, self._known)

    def launch_phases(self, log: Iterable[str], started: datetime | None) -> Sequence[LaunchPhase]:
        return [LaunchPhase(START, None)]

    def settings(self, environment: Mapping[str, str], arguments: Sequence[str]) -> ContainerSettings:
        return ContainerSettings("", {})

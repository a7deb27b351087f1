# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of vLLM's OpenAI-compatible server (vLLM 0.32)."""

from __future__ import annotations

from dataclasses import replace

from ...core.errors import HttpError
from ..engine import Identity
from ..openai.client import OpenAiClient

SERVICE = "vLLM"

_VERSION = {"version!": str}
_NO_TEMPLATE = "default chat template is no longer allowed"


class VllmClient(OpenAiClient):
    """See OpenAiClient. Each event of a stream says how many tokens there are so far."""

    service = SERVICE
    owner = "vllm"
    stream_options = {"include_usage": True, "continuous_usage_stats": True}

    def identity(self) -> Identity:
        """What ``/v1/models`` and ``/version`` say."""
        served = super().identity()
        version = self._get("/version", f"ask {self.url} for its version", _VERSION).body["version"]
        return replace(served, version=version)

    def _way_out(self, error: HttpError) -> str:
        if _NO_TEMPLATE not in error.message:
            return ""
        return (
            "; the model has no chat template: send a prompt in place of messages, or start the server with "
            "--chat-template"
        )

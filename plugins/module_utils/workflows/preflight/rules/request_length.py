# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether requests may be longer than the model was made for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

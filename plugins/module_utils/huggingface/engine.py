# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of hf_model_info: options in, Result out."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.huggingface.access import (
    check_access,
    check_model,
    open_hub,
    read_config,
)
from ansible_collections.llmops.gke.plugins.module_utils.result import Progress, Result


def run_model_info(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Read what the Hub says of a model; the same in check mode, because nothing is changed."""
    model, token = check_model(options["model"]), options["token"]
    hub = open_hub(options["endpoint"], token, Deadline(options["timeout"]))
    try:
        access = check_access(hub, model, token)
        config = read_config(hub, model, token)
    finally:
        hub.close()
    values = {
        "model": model,
        "gated": access.gated,
        "access": "granted",
        "revision": access.revision,
        "config": config,
    }
    return Result(values=values, http_requests=hub.sent)

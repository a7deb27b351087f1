# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether vLLM lets requests be longer than the model was made for (vLLM 0.32: _get_and_verify_max_len)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...models.positions import Positions, read_positions
from ..engine import TooLong
from .arguments import LENGTH, by_name, tokens_of
from .environment import ALLOWS_LONG

_REWRITES = ("--hf-overrides", "--rope-scaling", "--hf-config-path")
"""Arguments that let the model have another configuration than its config.json."""

_NO_WINDOW = "--disable-sliding-window"


def longest_request(context: int, arguments: Sequence[str]) -> tuple[str, int] | None:
    """See Engine.longest_request."""
    given = by_name(arguments)
    setting, tokens = ("arguments", tokens_of(given[LENGTH])) if LENGTH in given else ("context", context)
    return (setting, tokens) if tokens else None


def too_long(
    config: Mapping[str, Any], context: int, environment: Mapping[str, Any], arguments: Sequence[str]
) -> Iterator[TooLong]:
    """See Engine.too_long."""
    given = by_name(arguments)
    limit, most = longest_request(context, arguments), read_positions(config)
    if most is None or limit is None:
        return
    setting, asked = limit
    # Qwen's models name a window that they do not use.
    window = config.get("sliding_window") if config.get("use_sliding_window", True) else None
    if _NO_WINDOW in given and isinstance(window, int) and 0 < window < most.tokens:
        most = Positions(window, f"sliding_window, which counts with {_NO_WINDOW},")
    if asked <= most.tokens:
        return
    rewrites = next((name.partition(".")[0] for name in given if name.startswith(_REWRITES)), None)
    refused = False
    if str(environment.get(ALLOWS_LONG)).strip().lower() in ("1", "true"):
        outcome = f"{ALLOWS_LONG} lets vLLM start, but answers get unreliable beyond that length"
    elif rewrites:
        outcome = f"unless {rewrites} changes that, vLLM does not start with them"
    else:
        outcome, refused = "vLLM does not start with them", True
    yield TooLong(setting, asked, most, outcome, refused)

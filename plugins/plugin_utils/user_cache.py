# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where what saves time is kept from one run to the next; losing it costs no more than that time."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path:
    """The collection's folder in the user's cache, by the XDG base directory specification. It may not be there yet."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path(os.path.expanduser("~")) / ".cache"
    return base / "llmops.gke"

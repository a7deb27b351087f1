# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the command awx of awxkit: awx_client.py ARGUMENT...

awxkit 24.6.1 asks setuptools for its own version, by a module that setuptools 82 and newer do not have.
"""

from __future__ import annotations

import sys
from importlib import metadata
from types import ModuleType

if __name__ == "__main__":
    sys.modules["pkg_resources"] = old = ModuleType("pkg_resources")
    old.get_distribution = metadata.distribution
    from awxkit.cli import run

    run()

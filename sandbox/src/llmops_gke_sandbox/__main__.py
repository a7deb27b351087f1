# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m llmops_gke_sandbox``: the same as the console script."""

import sys

from llmops_gke_sandbox.cli import main

sys.exit(main())

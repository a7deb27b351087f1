# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report's drawings ask of its style sheet."""

from __future__ import annotations

import re

from ansible_collections.llmops.gke.plugins.module_utils.serving.report.charts import timeline
from ansible_collections.llmops.gke.plugins.module_utils.serving.report.latency_sections import STAGES
from ansible_collections.llmops.gke.plugins.module_utils.serving.report.style import STYLE


def test_every_stage_of_a_cold_start_has_a_colour():
    shown = timeline([("pod", [(stage, 1.0) for stage in STAGES])])
    colours = re.findall(r'class="swatch (\w+)"', shown)
    assert len(colours) == len(STAGES)
    for colour in colours:
        assert f".swatch.{colour}{{" in STYLE
        assert f".{colour}{{fill:" in STYLE

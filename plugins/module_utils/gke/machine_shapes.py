# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What machine types with built-in GPUs can take (Compute Engine: accelerator-optimized machines, G2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """gpus: how many it has, always. local_ssds: the most it can take."""

    gpus: int
    local_ssds: int


G2_ACCELERATORS = ("nvidia-l4", "nvidia-l4-vws")
"""The types of GPU that these machine types have, and no others."""

SHAPES: dict[str, Shape] = {
    "g2-standard-4": Shape(gpus=1, local_ssds=1),
    "g2-standard-8": Shape(gpus=1, local_ssds=1),
    "g2-standard-12": Shape(gpus=1, local_ssds=1),
    "g2-standard-16": Shape(gpus=1, local_ssds=1),
    "g2-standard-24": Shape(gpus=2, local_ssds=2),
    "g2-standard-32": Shape(gpus=1, local_ssds=1),
    "g2-standard-48": Shape(gpus=4, local_ssds=4),
    "g2-standard-96": Shape(gpus=8, local_ssds=8),
}

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end of a crashed container's log means: of any container here, of one application as its caller says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.harmless import one_line

_LINE = 300
"""Characters shown of each; a traceback's last line may hold a whole configuration."""


@dataclass(frozen=True)
class CrashReason:
    """A crash that is known: log lines that ``pattern`` finds mean ``reason``, and ``advice`` says what to do."""

    pattern: re.Pattern[str]
    reason: str
    advice: str


GENERIC: tuple[CrashReason, ...] = (
    CrashReason(
        re.compile(r"CUDA out of memory|OutOfMemoryError"),
        "the GPU's memory is not enough",
        "let the application reserve less of it, or take a larger GPU",
    ),
    CrashReason(
        re.compile(r"CUDA driver version is insufficient|Found no NVIDIA driver|libcuda\.so(?:\.1)?: cannot open"),
        "the node has no GPU driver, or one that is too old",
        "give the node pool a driver of at least the version that the image's CUDA needs",
    ),
    CrashReason(
        re.compile(r"no CUDA-capable device is detected|No CUDA GPUs are available"),
        "the container sees no GPU",
        "give it a limit of nvidia.com/gpu",
    ),
    CrashReason(
        re.compile(r"No space left on device"),
        "the disk is full",
        "mount a larger volume where it writes",
    ),
    CrashReason(
        re.compile(r"exec format error"),
        "the image is for another CPU architecture",
        "take an image, or nodes, of the same architecture",
    ),
)


def on_one_line(lines: Sequence[str]) -> str:
    """The lines of a log as one, each shortened."""
    return " | ".join(one_line(line.strip(), _LINE) for line in lines if line.strip())


def meaning_of(log: str, extra: Sequence[CrashReason] = ()) -> CrashReason | None:
    """What a log's end means, or None where it is of no known kind. extra: the application's, which come first."""
    return next((known for known in (*extra, *GENERIC) if known.pattern.search(log)), None)

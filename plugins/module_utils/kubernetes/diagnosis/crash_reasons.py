# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end of a crashed container's log means: of any container here, of one application as its caller says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.harmless import one_line

_SHOWN = 5
"""Lines of the end of a log that are shown."""

_PROGRESS = re.compile(
    r"""(\([^)]*\)\s*)?                     # (APIServer pid=1)
    (\{"timestamp":"[^"]*",\s*"level":")?   # of a log in JSON
    [^A-Za-z]*([\d-]+T[\d:.]+Z[^A-Za-z]*)?  # moments, and colours, which end in a letter
    (INFO|DEBUG)\b""",
    re.VERBOSE,
)
"""How a line begins that says what is going on."""

_WORD = re.compile(r"[^\W_]")

_COLOUR = re.compile(r"\x1b\[[\d;]*m")

_LINE, _CAUSE = 300, 600
"""Characters shown of each, and of one that tells the cause; a traceback's last line may hold a whole configuration."""


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


def ending(lines: Sequence[str]) -> str:
    """The last lines of a log as one, each shortened; of these, what only says what is going on is left out."""
    last = [line.strip() for line in lines[-_SHOWN:] if line.strip()]
    return " | ".join(one_line(line, _LINE) for line in [one for one in last if not _is_progress(one)] or last)


def _is_progress(line: str) -> bool:
    """Whether a line is none of an error: what a program reports, or draws."""
    return _PROGRESS.match(_COLOUR.sub("", line)) is not None or (not line.isascii() and not _WORD.search(line))


def meaning_of(log: str, extra: Sequence[CrashReason] = ()) -> CrashReason | None:
    """What a log's end means, or None where it is of no known kind. extra: the application's, which come first."""
    return next((known for known in (*extra, *GENERIC) if known.pattern.search(log)), None)


def cause_of(lines: Sequence[str], extra: Sequence[CrashReason]) -> tuple[CrashReason, str] | None:
    """The cause that an application tells before the end of its log, the last one there is, and its line; else None.

    Only what the application is known to end with counts: much that a log tells earlier has healed since.
    """
    for line in reversed(lines[:-_SHOWN]):
        known = next((reason for reason in extra if reason.pattern.search(line)), None)
        if known:
            return known, one_line(line.strip(), _CAUSE)
    return None

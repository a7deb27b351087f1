# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each model server may say before it crashes, by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..kubernetes.diagnosis.crash_reasons import CrashReason
from ..serving.tgi.crash_reasons import CRASH_REASONS as TGI

CRASH_REASONS: Mapping[str | None, Sequence[CrashReason]] = {"tgi": TGI}

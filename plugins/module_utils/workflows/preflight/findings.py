# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong, in one line, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Finding:
    """check: the check's name, by which it can be turned off. severity: ERROR where the plan cannot work."""

    check: str
    message: str
    fix: str
    severity: str = ERROR

    def to_dict(self) -> dict[str, str]:
        """JSON-ready; ``text`` is the whole of it as one line."""
        return {
            "check": self.check,
            "severity": self.severity,
            "message": self.message,
            "fix": self.fix,
            "text": f"{self.check}: {self.message}; {self.fix}",
        }


def listed(names: list[str]) -> str:
    """Names as a sentence holds them: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong, in one line, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ERROR, WARNING = "error", "warning"

RULES = "rules"
"""The check that cannot be turned off: values and combinations that cannot work."""


@dataclass(frozen=True)
class Finding:
    """check: the check's name, by which it can be turned off. severity: ERROR where the plan cannot work.

    variable: of the inventory, where one is to blame.
    """

    check: str
    message: str
    fix: str = ""
    severity: str = ERROR
    variable: str | None = None

    @property
    def text(self) -> str:
        """All of it in one line; what a rule says begins with its variable, anything else with its check."""
        said = "; ".join(filter(None, [self.message, self.fix]))
        return said if self.check == RULES else f"{self.check}: {said}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the text."""
        return {
            "check": self.check,
            "severity": self.severity,
            "variable": self.variable,
            "message": self.message,
            "fix": self.fix,
        }


def listed(names: list[str]) -> str:
    """Names as a sentence holds them: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def of_hosts(hosts: list[str]) -> str:
    """Whose something is, where a run has several hosts: `` of hosts a and b``."""
    return f" of {'hosts' if len(hosts) > 1 else 'host'} {listed(hosts)}" if hosts else ""

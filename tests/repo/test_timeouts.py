# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/timeouts.md has the budget of every role with its default, and every role says which variable is its budget."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from working_copy import ROOT

PAGE = (ROOT / "docs" / "timeouts.md").read_text(encoding="utf-8")
REQUEST = {"benchmark_request_timeout"}
"""Of one request, and no task's."""
PART = {"verify_load_timeout"}
"""Of a part of what a role does, whose messages name it by themselves."""


def defaults() -> dict[str, Any]:
    """Variable -> default, of every role's budget."""
    found = {}
    for path in sorted(ROOT.glob("roles/*/defaults/main.yml")):
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        found |= {name: value for name, value in values.items() if name.endswith("_timeout") and name not in REQUEST}
    return found


@pytest.mark.parametrize("name", defaults())
def test_every_budget_is_in_the_table_with_its_default(name):
    row = re.search(rf"^\| `{name}` \| (\d+)", PAGE, re.MULTILINE)
    assert row, "docs/timeouts.md"
    assert row[1] == re.search(r"\d+", str(defaults()[name]))[0]


def test_the_table_has_no_others():
    assert set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)) == set(defaults())


@pytest.mark.parametrize("name", defaults().keys() - PART)
def test_a_timeout_can_name_its_budget(name):
    role = name.removesuffix("_timeout")
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "roles" / role).glob("*/*.yml")]
    assert any(re.search(rf"^\s*timeout: {name}$", text, re.MULTILINE) for text in texts)

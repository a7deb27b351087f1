# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide to costs says of prices is what the collection counts with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.module_utils.google import prices
from ansible_collections.llmops.gke.plugins.module_utils.google.hardware import PRICES_AS_OF
from ansible_collections.llmops.gke.plugins.module_utils.google.machine_types import LOCAL_SSD_GB, read_machine_type
from tests.repo.documents import rows

GUIDE = Path("docs/costs.md")
TABLE = [cells for _line, cells in rows(GUIDE)]
DISK_GB = 100


def price(name: str, *, spot: bool) -> float:
    if name == "local SSD":
        return LOCAL_SSD_GB * prices.rate("local-ssd", {}, spot=spot)
    if name in prices.RATES:
        return DISK_GB * prices.rate(name, {}) if name.startswith("pd-") else prices.rate(name, {}, spot=spot)
    shape = read_machine_type(name, None)
    return prices.machine_price(name, shape, None, 0, spot=spot, given={})


PRICED = [cells for cells in TABLE if len(cells) == 3 and re.fullmatch(r"\d\.\d{3}", cells[1])]


@pytest.mark.parametrize("cells", PRICED, ids=lambda cells: cells[0][:30])
def test_a_price_is_that_of_the_table(cells):
    name = "local SSD" if "local SSD" in cells[0] else re.findall(r"`([^`]+)`", cells[0])[0]
    assert cells[1] == f"{price(name, spot=False):.3f}"
    assert cells[2] in ("", f"{price(name, spot=True):.3f}")


def test_the_budget_is_the_sum_of_hours():
    assert len(PRICED) > 6
    budget = [cells for cells in TABLE if len(cells) == 4 and " and " in cells[1]]
    assert len(budget) == 2
    # Preflight rounds an hour to cents.
    for _what, hours, dollars, month in budget:
        counted = [
            int(one) * float(each) for one, each in zip(hours.split(" and "), dollars.split(" and "), strict=True)
        ]
        assert abs(sum(counted) - int(month)) <= 0.01 * prices.HOURS_A_MONTH
    assert PRICES_AS_OF in (ROOT / GUIDE).read_text()


def test_every_document_has_the_same_figures_of_the_example():
    told = re.search(
        r"about (\d\.\d\d) USD an hour .*?, (\d\.\d\d) USD .*?\s(\d\.\d\d) USD", (ROOT / GUIDE).read_text(), re.DOTALL
    )
    assert told is not None
    start, least, most = told.groups()
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert f"about {start} US dollars an hour with its first nodes;" in readme
    assert f"at least {least} and at most {most}." in readme
    assert {cells[1] for _line, cells in rows(Path("docs/first-deploy.md")) if "nodes" in cells[0]} == {
        start,
        least,
        most,
    }

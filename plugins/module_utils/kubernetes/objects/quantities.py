# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities as Kubernetes writes them: equal when they mean the same amount."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal
from typing import Any

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY = re.compile(r"([+-]?[0-9.]+)(m|u|n|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,3})?")
_DECIMAL = {suffix: Decimal(1000) ** power for power, suffix in enumerate(("", "k", "M", "G", "T", "P", "E"))}
_SMALL = {suffix: Decimal(1000) ** -power for power, suffix in enumerate(("m", "u", "n"), start=1)}
_BINARY = {suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
_NANO = Decimal("1e-9")
_FACTOR = {**_DECIMAL, **_SMALL, **_BINARY}
_TOO_MUCH = 2**63
"""What Kubernetes makes of such an amount, it decides."""


def amount(value: Any) -> Decimal | None:
    """The plain number that a quantity means, or None for what is not one, or is more than Kubernetes can keep."""
    found = _QUANTITY.fullmatch(str(value))
    if not found or found[1].count(".") > 1 or not any(digit.isdigit() for digit in found[1]):
        return None
    suffix = found[2] or ""
    factor = _FACTOR[suffix] if suffix in _FACTOR else Decimal(f"1{suffix}")
    number = Decimal(found[1]) * factor
    return number if abs(number) < _TOO_MUCH else None


def same_amount(one: Any, other: Any) -> bool:
    """Whether two quantities mean the same: 1 and "1", "1024Mi" and "1Gi"; a part of a nano is a whole one."""
    first, second = amount(one), amount(other)
    return first is not None and second is not None and _kept(first) == _kept(second)


def _kept(value: Decimal) -> Decimal:
    return value.quantize(_NANO, ROUND_UP)

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities (``500m``, ``1Gi``, ``2``) in the one form that the API server stores.

Source: k8s.io/apimachinery, pkg/api/resource: canonical form keeps the suffix's family, has no fraction and as few
trailing zeros as its suffixes allow.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

PATTERN = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_FORM = re.compile(PATTERN)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


class QuantityError(ValueError):
    """A value is no quantity."""

    def __init__(self) -> None:
        super().__init__(f"quantities must match the regular expression '{PATTERN}'")


def parse(value: str | int | float) -> Decimal:
    """Return a quantity as a number.

    :raises QuantityError: if the value is no quantity.
    """
    return _split(str(value))[0]


def canonical(value: str | int | float) -> str:
    """Return a quantity's stored form.

    :raises QuantityError: if the value is no quantity.
    """
    number, family = _split(str(value))
    if family == "binary" and number == number.to_integral_value() and abs(number) >= 1024:
        return _binary(int(number))
    if family == "exponent":
        return _scaled(number, lambda power: f"e{power}" if power else "")
    return _scaled(number, {power: suffix for suffix, power in _DECIMAL.items()}.__getitem__)


def _split(text: str) -> tuple[Decimal, str]:
    found = _FORM.match(text)
    if not found:
        raise QuantityError
    digits, suffix = found.groups()
    try:
        if suffix in _BINARY:
            return Decimal(digits) * 1024 ** _BINARY[suffix], "binary"
        if suffix in _DECIMAL:
            return Decimal(digits).scaleb(_DECIMAL[suffix]), "decimal"
        return Decimal(digits + suffix), "exponent"
    except InvalidOperation:
        raise QuantityError from None


def _binary(number: int) -> str:
    suffix = ""
    for candidate in _BINARY:
        if number % 1024:
            break
        number, suffix = number // 1024, candidate
    return f"{number}{suffix}"


def _scaled(number: Decimal, suffix_of) -> str:
    """Return the number with the largest power of 1000 that leaves no fraction; finer than a nano is rounded up."""
    if number == 0:
        return "0"
    nanos = int(number.scaleb(9).to_integral_value(rounding="ROUND_UP"))
    power = -9
    while nanos % 1000 == 0 and power < 18:
        nanos, power = nanos // 1000, power + 3
    return f"{nanos}{suffix_of(power)}"

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions from outside, refused where matching one could take for ever."""

from __future__ import annotations

import re
from re import _constants as kinds
from re import _parser as parser

LONGEST = 200
"""Characters of an expression."""

MOST_REPEATS = 4
"""Parts without an upper limit, such as ``.*``: each one more multiplies the time by the text's length."""

_REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)
_LIMITED = 10
"""A repeat that ends after so many times counts as none where nothing in it repeats."""


def compile_bounded(expression: str) -> re.Pattern[str]:
    """Compile an expression that matches any text of a request in little time.

    :raises ValueError: for one that is no regular expression, is too long, repeats what repeats or has alternatives
        (``(a+)+``, ``(a|b)*``), repeats too often, or refers back to a group.
    """
    if not isinstance(expression, str):
        raise ValueError(f"a regular expression as text is wanted, not {expression!r}")
    if len(expression) > LONGEST:
        raise ValueError(f"the regular expression has {len(expression)} characters; {LONGEST} are allowed")
    try:
        pattern = re.compile(expression)
        repeats = _count(parser.parse(expression), False)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{expression!r} is not a regular expression: {error}") from None
    if repeats > MOST_REPEATS:
        raise ValueError(f"{expression!r} repeats without limit {repeats} times; {MOST_REPEATS} are allowed")
    return pattern


def _count(parsed: parser.SubPattern, repeated: bool) -> int:
    """The repeats without limit; raises ValueError for what can take exponential time."""
    found = 0
    for kind, argument in parsed:
        if kind in _REPEATS:
            _least, most, inner = argument
            if most > 1 and repeated:
                raise ValueError("a repeat within a repeat can take for ever to match")
            found += int(most > _LIMITED) + _count(inner, repeated or most > 1)
        elif kind is kinds.BRANCH:
            if repeated:
                raise ValueError("alternatives within a repeat can take for ever to match")
            found += max(_count(branch, repeated) for branch in argument[1])
        elif kind in (kinds.GROUPREF, kinds.GROUPREF_EXISTS):
            raise ValueError("a reference back to a group is not allowed")
        elif isinstance(argument, tuple):
            found += sum(_count(part, repeated) for part in argument if isinstance(part, parser.SubPattern))
        elif isinstance(argument, parser.SubPattern):
            found += _count(argument, repeated)
    return found

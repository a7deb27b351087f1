# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of a module as hypothesis makes them: good ones by the argument spec, with a few odd values among them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

ODD_NUMBERS = st.sampled_from([0, -1, 1, 2, 10**9, 2**63, 10**400, 0.5, -0.0, 1e308, float("inf"), float("nan")])
ODD_TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "\n", "a\nb", "\x00", "\x1b[2J", "ключ", "\u20ac", "\ud83d", "../..", "-", ".", "/", "%", "a" * 5000]
        + ["true", "null", "0", "1", "25%", "1e3", "{}", "[]", "{{ x }}", "[", "12h", "-1s", "2026-13-45T99:00:00Z"]
        + ["/dev/null", "/nowhere/file", "/", "https://user:pa55word@h", "http://", "https://[", "ftp://h", "h:99999"]
    ),
    st.text(max_size=12),
)
ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), ODD_NUMBERS, ODD_TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["name", "key", "", "a.b"]), inner, max_size=2)
    ),
    max_leaves=4,
)
"""Whatever YAML, JSON or an extra variable can hold."""

_GOOD: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int": st.integers(1, 5),
    "float": st.floats(0, 1),
    "dict": st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]), max_size=2),
    "raw": ODD,
    "path": st.sampled_from(["/nowhere/file", "~/.nothing-here"]),
    "jsonarg": st.just("{}"),
}
_TEXT = st.sampled_from(
    ["my-thing", "us-central1-a", "1.33", "90s", "10.0.0.0/14", "g2-standard-8", "2026-01-03T02:00:00Z"]
)


@st.composite
def arguments(
    draw: st.DrawFn, spec: Mapping[str, Any], base: Mapping[str, Any], fixed: frozenset[str]
) -> dict[str, Any]:
    """A task's arguments: ``base``, some options of the spec, and up to three odd values at any depth.

    fixed: options that stay as they are in base, such as where requests go.
    """
    given = copy.deepcopy(dict(base))
    free = sorted(spec.keys() - fixed)
    for name in draw(st.lists(st.sampled_from(free), max_size=4, unique=True)):
        given[name] = draw(_good(spec[name]))
    for _time in range(draw(st.integers(1, 3))):
        _spoil(draw, given, draw(st.sampled_from(free)))
    return given


def _spoil(draw: st.DrawFn, given: dict[str, Any], name: str) -> None:
    """Put an odd value in the place of an option, or of something within it."""
    parent, key = given, name
    while isinstance(inner := parent[key] if not isinstance(parent, dict) else parent.get(key), (dict, list)) and inner:
        if not draw(st.integers(0, 3)):
            break
        parent = inner
        key = draw(st.sampled_from(sorted(inner, key=str) if isinstance(inner, dict) else list(range(len(inner)))))
    parent[key] = draw(ODD)


def _good(option: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if option.get("choices") and option["type"] != "list":
        return st.sampled_from(list(option["choices"]))
    if option["type"] == "list":
        return st.lists(_good({**option, "type": option.get("elements", "str")}), max_size=2)
    if option.get("options"):
        return _group(option["options"])
    return _GOOD.get(option["type"], _TEXT)


def _group(options: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    required = {name: _good(option) for name, option in options.items() if option.get("required")}
    return st.builds(
        lambda needed, names, data: {**needed, **{name: data[name] for name in names}},
        st.fixed_dictionaries(required),
        st.lists(st.sampled_from(sorted(options)), max_size=3, unique=True),
        st.fixed_dictionaries({name: _good(option) for name, option in options.items()}),
    )

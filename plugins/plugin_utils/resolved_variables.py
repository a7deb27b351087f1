# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables as plain values, each resolved once however many others are made of it.

Ansible compiles and renders a variable's template anew wherever the variable is used, in sight of all variables: one
that ten others name, ten times. Here those that a variable names are resolved before it, and they are all that its
template is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleError, AnsibleValueOmittedError
from ansible.template import is_trusted_as_template

from .compiled_templates import keep_compiled_templates
from .jinja_plugins import load_jinja_plugins

load_jinja_plugins()

_NAME = re.compile(r"\b[A-Za-z_]\w*\b")
_TEMPLATE = re.compile(r"\{[{%]")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*\}\}")
_SEES_ALL = frozenset({"lookup", "query", "q", "vars", "hostvars", "include", "import", "ansible_managed"})
"""Words of templates that may make use of variables that they do not name."""

_OF_ANSIBLE = frozenset({"groups", "hostvars", "omit", "vars"})
"""What Ansible makes of all variables and hosts when it is looked into, and to resolve them as a whole would be all of
that; and what is no value."""

_NOTHING = object()

_at_work: list[ResolvedVariables | None] = []
"""Those of the arguments that are being resolved, if any are."""


@contextmanager
def of_one_task() -> Iterator[None]:
    """While it lasts, whoever resolves variables of the same host shares what was resolved.

    No longer: the next item of a loop has the same variables, and other values.
    """
    _at_work.append(None)
    try:
        yield
    finally:
        _at_work.pop()


def shared(templar: Any, scoped: Callable[[], Any], variables: Mapping[str, Any]) -> ResolvedVariables:
    """The variables that the task at work resolves, or others where none is."""
    known = _at_work[-1] if _at_work else None
    if known is not None and known.variables is variables:
        return known
    found = ResolvedVariables(templar, scoped(), variables)
    if _at_work and known is None:
        _at_work[-1] = found
    return found


class ResolvedVariables:
    """A host's variables, resolved when they are asked for.

    templar: what has ``template(value)`` and sees all variables. scoped: the same, for whatever variables it is given
    by its attribute ``available_variables``. variables: those of the host; they stay as they are.
    """

    def __init__(self, templar: Any, scoped: Any, variables: Mapping[str, Any]) -> None:
        self._templar, self._scoped = templar, scoped
        keep_compiled_templates(templar)
        keep_compiled_templates(scoped)
        self.variables = variables
        self._values: dict[str, Any] = {}
        self._failed: set[str] = set()
        self._begun: set[str] = set()

    def value(self, name: str) -> Any:
        """A variable's value; None for one that there is not. Raises AnsibleError where it cannot be resolved."""
        self._resolve([name])
        return self._values[name] if name in self._values else self._templar.template(self.variables.get(name))

    def rendered(self, given: Any) -> Any:
        """A value whose templates are rendered. Raises AnsibleError, AnsibleValueOmittedError as a templar does."""
        if isinstance(given, Mapping):
            return dict(self._kept((name, item) for name, item in given.items()))
        if isinstance(given, (list, tuple)):
            return [item for _index, item in self._kept(enumerate(given))]
        if not _is_template(given):
            return given
        named = _VARIABLE.fullmatch(given)
        if named and named[1] in self.variables and named[1] not in _OF_ANSIBLE:
            if not named[2]:
                return self.value(named[1])
            self._resolve([named[1]])
            found = _below(self._values.get(named[1]), named[2].split(".")[1:])
            if found is not _NOTHING:
                return found
        words = set(_NAME.findall(given))
        self._resolve(words)
        if words & (_SEES_ALL | self._failed):
            return self._templar.template(given)
        self._scoped.available_variables = self._scope(words)
        return self._scoped.template(given)

    def values_in(self, text: str) -> dict[str, Any]:
        """All variables, as values those that a text names, and those that they are made of."""
        self._resolve(_NAME.findall(text))
        return {**self.variables, **self._values}

    def _kept(self, items: Iterable[tuple[Any, Any]]) -> Iterable[tuple[Any, Any]]:
        for name, item in items:
            try:
                yield name, self.rendered(item)
            except AnsibleValueOmittedError:
                continue

    def _scope(self, words: Iterable[str]) -> dict[str, Any]:
        known = {word: self.variables[word] for word in words if word in self.variables}
        return {**known, **{word: self._values[word] for word in known if word in self._values}}

    def _resolve(self, words: Iterable[str]) -> None:
        for name in words:
            if name in self._begun or name in _OF_ANSIBLE or name not in self.variables:
                continue
            self._begun.add(name)
            try:
                self._values[name] = self.rendered(self.variables[name])
            except (AnsibleError, AnsibleValueOmittedError):
                # Whoever needs it is told why it is none; a template may name it and not.
                self._failed.add(name)


def _below(value: Any, keys: Iterable[str]) -> Any:
    """What a value has under one key after the other; _NOTHING where Jinja may see something else in it."""
    for key in keys:
        if not isinstance(value, Mapping) or key not in value or hasattr(value, key):
            return _NOTHING
        value = value[key]
    return value


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and bool(_TEMPLATE.search(value)) and is_trusted_as_template(value)

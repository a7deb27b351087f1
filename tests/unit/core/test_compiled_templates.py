# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A template is compiled by one process of a run alone, and is in all others what it would have been anyway."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.llmops.gke.plugins.module_utils.core.play_memory import PlayMemory
from ansible_collections.llmops.gke.plugins.plugin_utils import compiled_templates
from ansible_collections.llmops.gke.plugins.plugin_utils.compiled_templates import keep_compiled_templates

ROOT = Path(__file__).resolve().parents[3]
VARIABLES = {
    "name": "mistral",
    "service": trust_as_template("{{ name }}-service"),
    "lines": "a\nb",
    "ports": [80, trust_as_template("{{ 8000 + 123 }}")],
}
TEMPLATES = [
    "{{ name }}",
    "{{ service }}",
    "{{ ports }}",
    "{{ ports | map('int') | sum }}",
    "{{ {'port': ports[1], 'of': service} | combine({'more': none}) }}",
    "{% for port in ports %}{{ port }}\n{% endfor %}\n",
    "{% set mine = name %}{{ mine ~ mine }}",
    "{% if name is search('^mis') %}yes{% else %}no{% endif %}",
    "{{ '{{ name }}' }}",
    "{{ lines | regex_replace('\\n', '\\\\') }}",
    "{{ lookup('ansible.builtin.vars', 'service') }}",
    "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ name ]] {{ name }}",
]
BROKEN = ["{{ nowhere }}", "{{ name", "{{ name | nowhere }}", "{{ name is nowhere }}", "{{ 1 / 0 }}", "{% endif %}"]


class Compiled:
    """What Jinja compiled of a text."""

    def __init__(self) -> None:
        self.texts: list[str] = []


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> PlayMemory:
    own = PlayMemory(slots=64, size=32768)
    monkeypatch.setattr(compiled_templates, "MEMORY", own)
    return own


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Compiled:
    found, parse = Compiled(), jinja2.Environment._parse

    def heard(self: jinja2.Environment, source: str, *arguments: Any) -> Any:
        found.texts.append(str(source))
        return parse(self, source, *arguments)

    monkeypatch.setattr(jinja2.Environment, "_parse", heard)
    return found


def plain() -> Templar:
    return Templar(loader=DataLoader(), variables=VARIABLES)


def keeping() -> Templar:
    templar = plain()
    keep_compiled_templates(templar)
    return templar


def rendered(templar: Templar, text: str, **options: Any) -> Any:
    try:
        return templar.template(trust_as_template(text), **options)
    except AnsibleError as error:
        return str(error)


@pytest.mark.parametrize("escape_backslashes", [True, False])
@pytest.mark.parametrize("text", [*TEMPLATES, *BROKEN])
def test_it_renders_as_without(text: str, escape_backslashes: bool):
    wanted = rendered(plain(), text, escape_backslashes=escape_backslashes)
    for _turn in ("compiled", "recalled"):
        found = rendered(keeping(), text, escape_backslashes=escape_backslashes)
        assert (found, type(found)) == (wanted, type(wanted))


def test_what_one_process_compiled_no_other_compiles(compiled: Compiled):
    child = os.fork()
    if not child:
        ended = 1
        try:
            rendered(keeping(), "{{ service }}")
            ended = 0
        finally:
            os._exit(ended)
    assert os.waitpid(child, 0)[1] == 0
    assert rendered(keeping(), "{{ service }}") == "mistral-service"
    assert compiled.texts == []


def test_the_largest_template_of_the_roles_is_kept(compiled: Compiled):
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "roles").glob("*/templates/*.j2")]
    text = max(texts, key=len)
    for _turn in range(2):
        rendered(keeping(), text, escape_backslashes=False)
    assert compiled.texts.count(text) == 1


def test_copies_keep_as_well(compiled: Compiled):
    templar = keeping()
    for copied in (templar.copy_with_new_env(), templar._engine.extend()):
        keep_compiled_templates(copied)
        keep_compiled_templates(copied)
        assert copied.template(trust_as_template("{{ name }}")) == "mistral"
    assert compiled.texts == ["{{ name }}"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"escape_backslashes": False}),
        ({}, {"overrides": {"trim_blocks": False}}),
        ({}, {"overrides": {"variable_start_string": "[["}}),
        ({"overrides": {"newline_sequence": "\r\n"}}, {"overrides": {"keep_trailing_newline": True}}),
    ],
)
def test_other_settings_are_another_template(one: dict[str, Any], other: dict[str, Any], compiled: Compiled):
    text = "{% if true %}\n{{ '\\n' }}{% endif %}\n"
    for options in (one, other, one, other):
        assert rendered(keeping(), text, **options) == rendered(plain(), text, **options)
    # By whoever keeps nothing four times, else once for each kind.
    assert compiled.texts.count(text) == 4 + 2


def test_an_included_file_is_compiled_as_it_then_is(tmp_path: Path, compiled: Compiled):
    for content in ("first", "second", "second"):
        (tmp_path / "part.j2").write_text(content)
        templar = plain().copy_with_new_env(searchpath=[str(tmp_path)])
        keep_compiled_templates(templar)
        assert rendered(templar, "{% include 'part.j2' %}") == content
    # It has a name, and its errors tell it.
    assert compiled.texts.count("second") == 2


def test_outside_of_ansible_backslashes_are_as_they_are():
    text = "{{ 'a\\nb' }}"
    assert rendered(keeping(), text) == rendered(plain(), text)
    for _turn in range(2):
        assert keeping()._engine.environment.compile(text) == plain()._engine.environment.compile(text)


def test_a_condition_is_as_without():
    for _turn in range(2):
        assert keeping().evaluate_conditional(trust_as_template("name == 'mistral' and ports | length > 1"))
        assert not keeping().evaluate_conditional(trust_as_template("name == '\\n'"))


def _without_context(monkeypatch: pytest.MonkeyPatch) -> Templar:
    monkeypatch.setattr(compiled_templates, "CompileContext", None)
    return plain()


def _of_another_make(_monkeypatch: pytest.MonkeyPatch) -> Templar:
    class Other:
        def template(self, text: str) -> str:
            return plain().template(text)

    return Other()


@pytest.mark.parametrize("other", [_without_context, _of_another_make])
def test_where_ansible_is_made_otherwise_nothing_is_kept(
    other: Callable[[pytest.MonkeyPatch], Any], monkeypatch: pytest.MonkeyPatch, compiled: Compiled
):
    for _turn in range(2):
        templar = other(monkeypatch)
        keep_compiled_templates(templar)
        assert rendered(templar, "{{ name }}") == "mistral"
    assert compiled.texts == ["{{ name }}"] * 2

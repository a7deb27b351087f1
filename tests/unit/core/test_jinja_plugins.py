# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jinja's own filters and tests are used without a look through Ansible's files, and are the same as with one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins import loader as plugins
from ansible.template import Templar, trust_as_template

from ansible_collections.llmops.gke.plugins.plugin_utils import jinja_plugins
from ansible_collections.llmops.gke.plugins.plugin_utils.jinja_plugins import load_jinja_plugins

LOADERS = (plugins.filter_loader, plugins.test_loader)
OF_JINJA = [
    ("{{ [1, 2] | length }}", 2),
    ("{{ nothing | default('some') }}", "some"),
    ("{{ '3' | int == 3 and 3 is eq(3) and nothing is not defined }}", True),
]
OF_ANSIBLE = [
    ("{{ 'yes' | bool and 'a' is search('a') }}", True),
    ("{{ 'a' | ansible.builtin.b64encode }}", "YQ=="),
]


@pytest.fixture(autouse=True)
def own_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    for loader in LOADERS:
        monkeypatch.setattr(loader, "_cached_non_collection_wrappers", {})


def rendered(text: str) -> Any:
    return Templar(loader=DataLoader(), variables={}).template(trust_as_template(text))


@pytest.mark.parametrize(("text", "wanted"), OF_JINJA)
def test_none_of_jinjas_is_looked_for_in_files(monkeypatch: pytest.MonkeyPatch, text: str, wanted: Any):
    load_jinja_plugins()
    looked = []
    monkeypatch.setattr(plugins.AnsibleCollectionRef, "try_parse_fqcr", lambda name, _kind: looked.append(name))
    assert rendered(text) == wanted
    assert looked == []


@pytest.mark.parametrize(("text", "wanted"), [*OF_JINJA, *OF_ANSIBLE])
def test_a_release_that_keeps_them_elsewhere_looks_for_them_as_ever(
    monkeypatch: pytest.MonkeyPatch, text: str, wanted: Any
):
    monkeypatch.setattr(jinja_plugins, "NotFound", None)
    load_jinja_plugins()
    assert rendered(text) == wanted


@pytest.mark.parametrize(("text", "wanted"), OF_ANSIBLE)
def test_ansibles_are_used_as_ever(text: str, wanted: Any):
    load_jinja_plugins()
    assert rendered(text) == wanted


def test_one_that_nobody_has_is_named():
    load_jinja_plugins()
    with pytest.raises(AnsibleError, match="nowhere"):
        rendered("{{ 1 | nowhere }}")


def test_a_plugin_in_the_place_of_jinjas_stays():
    plugins.filter_loader.get("ansible.builtin.default")
    known = plugins.filter_loader._cached_non_collection_wrappers
    known["length"] = known["b64encode"]
    load_jinja_plugins()
    assert rendered("{{ 'a' | length }}") == "YQ=="

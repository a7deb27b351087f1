# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module returns is documented, and nothing else: the parts that all results are made of.

What only some modules have is held against their documentation where their examples run, in
tests/playbooks/test_examples.py.
"""

from __future__ import annotations

import importlib

import pytest
import yaml

from tests.repo.test_plugins import ENGINES, loaded

ALL = {"duration": "success", "http_requests": "success", "error": "failure"}


@pytest.mark.parametrize("name", ENGINES)
def test_what_all_results_have_is_documented(name):
    documented = yaml.safe_load(loaded("modules", name).RETURN)
    assert {part: documented[part]["returned"] for part in ALL if part in documented} == ALL


@pytest.mark.parametrize("name", ENGINES)
def test_a_plan_and_operations_are_returned_where_they_are_documented(name):
    module = importlib.import_module(f"ansible_collections.llmops.gke.plugins.modules.{name}")
    documented = yaml.safe_load(module.RETURN)
    assert module.SPEC.told == {"plan", "operations"} & documented.keys()

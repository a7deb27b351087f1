# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever way Google writes what was sent, a second run changes nothing; and what is different stays different.

No sandbox: the answers are made from what was sent, by the types of GKE's discovery document.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster, gke_node_pool
from ansible_collections.llmops.gke.plugins.module_utils.gke import compare
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster.table import CLUSTER_FIELDS
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import CreateOnly, Field, dig, put
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.node_pool.table import NODE_POOL_FIELDS
from tests.contract.gke.field_cases import CLUSTER_CASES
from tests.contract.gke.google_answers import SCHEMAS, WAYS, answered
from tests.contract.gke.pool_field_cases import POOL_CASES
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, POOL, POOL_PATH, PROJECT, options

TABLES = {"Cluster": CLUSTER_FIELDS, "NodePool": NODE_POOL_FIELDS}
CASES = {"Cluster": CLUSTER_CASES, "NodePool": POOL_CASES}
SINGLE = (*WAYS, "completed")
SEEDS = range(12)
OWN_PROJECT = "sandbox-project"
"""The project that values name in which a project must be."""
ROWS = [pytest.param(schema, field, id=f"{schema}-{field.path}") for schema in TABLES for field in TABLES[schema]]


def given(schema: str, field: Field) -> Iterator[dict[str, Any]]:
    """The options of a field's two values, each with what must be given beside it."""
    case = CASES[schema][field.path]
    for value, beside in ((case.old, case.beside), (case.new, {**case.beside, **case.later})):
        if value is not None:
            named: dict[str, Any] = {}
            for path, other in {**beside, field.path: value}.items():
                put(named, {row.path: row.option for row in TABLES[schema]}[path], other)
            yield named


def resource(schema: str, named: dict[str, Any]) -> dict[str, Any]:
    """The resource as it is when GKE has made of it what the create request says."""
    body = compare.create_body(TABLES[schema], named)
    for row in TABLES[schema]:
        if row.create_path and compare.wanted(row, named) is not None:
            put(body, row.path, compare.wanted(row, named))
    return body


def answers(schema: str, named: dict[str, Any], *ways: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each way alone, then several at once by chance; the same ones each time."""
    sent = resource(schema, named)
    for way in ways:
        yield way, answered(schema, sent, TABLES[schema], {way}, random.Random(way))
    for seed in SEEDS:
        chance = random.Random(seed)
        some = set(chance.sample(ways, chance.randint(2, len(ways))))
        yield f"seed {seed}", answered(schema, sent, TABLES[schema], some, chance)


@pytest.mark.parametrize(("schema", "field"), ROWS)
def test_an_answer_that_is_written_otherwise_is_no_difference(schema: str, field: Field):
    for named in given(schema, field):
        for way, answer in answers(schema, named, *SINGLE):
            found = [change for _field, change in compare.differences(TABLES[schema], named, answer)]
            assert found == [], f"{way}: {dig(answer, field.path)!r}"


@pytest.mark.parametrize(("schema", "field"), ROWS)
def test_another_value_stays_a_difference_in_whatever_way_it_is_written(schema: str, field: Field):
    before, *after = given(schema, field)
    if isinstance(field.change, CreateOnly) or not after:
        return
    # What others fill in may switch a field's automatic management on, which leaves it to GKE.
    for way, answer in answers(schema, before, *(way for way in SINGLE if way != "filled")):
        found = [row.path for row, _change in compare.differences(TABLES[schema], after[0], answer)]
        assert field.path in found, f"{way}: {dig(answer, field.path)!r}"


@pytest.mark.parametrize(("schema", "field"), ROWS)
def test_the_module_finds_nothing_to_do(schema: str, field: Field):
    module, path, place = {
        "Cluster": (gke_cluster, CLUSTER_PATH, {"name": CLUSTER}),
        "NodePool": (gke_node_pool, POOL_PATH, {"name": POOL, "cluster": CLUSTER}),
    }[schema]
    path = path.replace(PROJECT, OWN_PROJECT)
    for named in given(schema, field):
        answer = answered(schema, resource(schema, named), TABLES[schema], SINGLE, random.Random(field.path))
        # How it is, and which pools it has, is not what this is about.
        settled = {**answer, "status": "RUNNING", "conditions": [], "nodePools": []}
        with FakeServer({("GET", path): settled}) as server:
            task = options(module.ARGUMENT_SPEC, server.url, **place, **named, project=OWN_PROJECT)
            result = module.run(task, False, silent)
        assert (result.changed, result.plan, result.warnings) == (False, [], [])
        assert server.calls() == [f"GET {path}"]


def test_how_many_cases_there_are_and_that_each_way_rewrites_some():
    tried: Counter[str] = Counter()
    for schema, fields in TABLES.items():
        for field in fields:
            for named in given(schema, field):
                sent = resource(schema, named)
                tried.update(way for way, answer in answers(schema, named, *SINGLE) if answer != sent)
    assert set(SINGLE) <= set(tried)
    assert sum(tried.values()) > 4000


@pytest.mark.parametrize(("schema", "field"), ROWS)
def test_the_first_value_of_an_enum_is_what_the_field_means_where_it_is_left_out(schema: str, field: Field):
    items = [(f"{field.path}.{item.path}", item) for item in field.items]
    for path, value in [(field.path, field), *items]:
        first = _enum(schema, path)[:1]
        if value.choices and first and first[0] in value.choices and value.kind == "str":
            assert value.absent == first[0]


def _enum(schema: str, path: str) -> list[str]:
    found: dict[str, Any] = {"$ref": schema}
    for part in path.split("."):
        while "$ref" not in found:
            found = found.get("items") or found["additionalProperties"]
        found = SCHEMAS[found["$ref"]]["properties"].get(part, {})
    return found.get("enum", [])

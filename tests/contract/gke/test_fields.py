# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each field of a cluster and of a node pool against the sandbox: created, left alone, changed or refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import ImmutableField
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import plain
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster.table import CLUSTER_FIELDS
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import Field, Immutable, Verb, dig, put
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.node_pool.table import NODE_POOL_FIELDS
from tests.contract.gke import playground as playgrounds
from tests.contract.gke.field_cases import CLUSTER_CASES, Case
from tests.contract.gke.playground import Playground
from tests.contract.gke.pool_field_cases import POOL_CASES

LOCATION = "us-central1"
POOLS = [{"name": "first", "initial_node_count": 0, "config": {"machine_type": "e2-medium"}}]
CASES = {"cluster": CLUSTER_CASES, "node_pool": POOL_CASES}
TABLES = {"cluster": CLUSTER_FIELDS, "node_pool": NODE_POOL_FIELDS}
WRITTEN_OTHERWISE = {"ENCRYPTED": "ALL_OBJECTS_ENCRYPTION_ENABLED"}
"""What GKE gives for what was sent."""
ROWS = [pytest.param(module, field, id=f"{module}-{field.path}") for module in TABLES for field in TABLES[module]]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(playgrounds, "POLL_SECONDS", 0.004)
        with playgrounds.playground(tmp_path_factory.mktemp("cloud"), speed=60000.0, record_bodies=True) as made:
            made.run("cluster", location=LOCATION, name="home", locations=["us-central1-a"], node_pools=POOLS)
            yield made


class Subject:
    """One resource that a test has for itself, and the requests about it."""

    def __init__(self, cloud: Playground, module: str, field: Field) -> None:
        self.cloud, self.module, self.field = cloud, module, field
        number = TABLES[module].index(field)
        self.name = f"{module[0]}-{number}"
        self.path = f"clusters/home/nodePools/{self.name}" if module == "node_pool" else f"clusters/{self.name}"

    def run(self, value: Any, beside: dict[str, Any], check: bool = False) -> tuple[Any, list[str]]:
        """Run the module with the field's value; returns the result, and the requests with polls as one."""
        given: dict[str, Any] = {"location": LOCATION, "name": self.name}
        if self.module == "cluster":
            given |= {"node_pools": POOLS}
        else:
            given |= {"cluster": "home"}
        options = {field.path: field.option for field in TABLES[self.module]}
        for path, other in beside.items():
            put(given, options[path], other)
        if value is not None:
            put(given, self.field.option, value)
        before = len(self.cloud.calls(LOCATION))
        result = self.cloud.run(self.module, check=check, **given)
        return result, self.told(before)

    def told(self, since: int) -> list[str]:
        """The requests since then, those that follow one operation as one."""
        calls = [re.sub(r"operation-\S+", "OPERATION", call) for call in self.cloud.calls(LOCATION)[since:]]
        return [
            call for call, last in zip(calls, ["", *calls], strict=False) if call != last or "OPERATION" not in call
        ]


@pytest.mark.parametrize("module", TABLES)
def test_every_field_of_the_table_has_its_case(module: str):
    assert set(CASES[module]) == {field.path for field in TABLES[module]}


@pytest.mark.parametrize(("module", "field"), ROWS)
def test_field(cloud: Playground, module: str, field: Field):
    case, subject = CASES[module][field.path], Subject(cloud, module, field)
    look = f"GET {subject.path}"
    created, _calls = subject.run(case.old, case.beside)
    assert created.changed and [step.action for step in created.plan] == ["create"]
    again, calls = subject.run(case.old, case.beside)
    assert not again.changed and calls == [look]
    check = {Verb: changes, Immutable: is_refused}.get(type(field.change), is_left_alone)
    check(subject, case, look)


def changes(subject: Subject, case: Case, look: str) -> None:
    """The new value takes one request of the field's own verb, which check mode foretells."""
    verb, beside = subject.field.change, {**case.beside, **case.later}
    foretold, calls = subject.run(case.new, beside, check=True)
    assert calls == [look]
    result, calls = subject.run(case.new, beside)
    assert calls == [look, f"{verb.method} {subject.path}{verb.suffix}", "GET operations/OPERATION", look]
    assert subject.field.option in [change.field for step in result.plan for change in step.changes]
    assert [step.to_dict() for step in result.plan] == [step.to_dict() for step in foretold.plan]
    assert (result.before, result.after) == (foretold.before, foretold.after)
    assert result.changed and result.warnings == []
    sent = subject.cloud.sandbox._bodies.entries[-1]["body"]
    place = verb.place(subject.field.path)
    assert dig(sent, place) is not None
    assert set(sent.get("update", sent)) - dict(verb.along).keys() == {place.removeprefix("update.").split(".")[0]}
    if isinstance(case.new, bool | int | float | str) and subject.field.kind not in ("version", "time"):
        live = dig(result.values[subject.module], subject.field.path)
        assert str(live) == str(WRITTEN_OTHERWISE.get(case.new, case.new)) or not (live or case.new)
    again, calls = subject.run(case.new, beside)
    assert not again.changed and calls == [look]


def is_refused(subject: Subject, case: Case, look: str) -> None:
    """The new value is refused by name, with a way out, and nothing is written."""
    before = len(subject.cloud.calls(LOCATION))
    with pytest.raises(ImmutableField, match=re.escape(subject.field.option)) as raised:
        subject.run(case.new, {**case.beside, **case.later})
    assert raised.value.fields["field"] == subject.field.option
    assert raised.value.fields["remedy"] == plain(subject.field.change.remedy)
    assert subject.told(before) == [look]


def is_left_alone(subject: Subject, case: Case, look: str) -> None:
    """The new value means nothing to a resource that exists."""
    result, calls = subject.run(case.new, case.beside)
    assert not result.changed and calls == [look]

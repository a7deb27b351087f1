# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The field tables against GKE's own description of its API, and what is made of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import field_docs
import googleapiclient
import pytest
import yaml

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.argument_spec import spec_of
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster.table import CLUSTER_FIELDS
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster.table import GROUPS as CLUSTER_GROUPS
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.documentation import documented
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import Field, Value, Verb, snake_case
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.node_pool.table import GROUPS as POOL_GROUPS
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.node_pool.table import NODE_POOL_FIELDS

DISCOVERY = json.loads(
    (Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "container.v1.json").read_text()
)
METHODS = DISCOVERY["resources"]["projects"]["resources"]["locations"]["resources"]["clusters"]
ROWS = [("Cluster", row) for row in CLUSTER_FIELDS] + [("NodePool", row) for row in NODE_POOL_FIELDS]
METHODS_OF = {"Cluster": METHODS["methods"], "NodePool": METHODS["resources"]["nodePools"]["methods"]}


def schema_at(name: str, path: str) -> dict[str, Any]:
    """The schema of a path in a schema of the discovery document; fails where it is not there."""
    found: dict[str, Any] = {"$ref": name}
    for part in path.split("."):
        if "items" in found:
            found = found["items"]
        found = found.get("additionalProperties", found)
        if "$ref" in found:
            found = DISCOVERY["schemas"][found["$ref"]]
        assert part in found["properties"], f"{name} has no {path}"
        found = found["properties"][part]
    return found


def json_kind(schema: dict[str, Any]) -> str:
    """What JSON carries for a schema, in words that the kinds below map to."""
    if schema.get("format") == "int64":
        return "int64"
    if schema.get("type") == "array":
        return "list of " + ("string" if schema["items"].get("type") == "string" else "objects")
    if "additionalProperties" in schema:
        return f"map of {schema['additionalProperties'].get('type', 'objects')}"
    return schema.get("type", "object")


JSON_KINDS = {
    "bool": "boolean",
    "int": "integer",
    "int64": "int64",
    "float": "number",
    "map": "map of string",
    "set": "list of string",
    "keyed": "list of objects",
    "named": "map of objects",
}
FORMATS = {"duration": "google-duration", "time": "google-datetime"}


def values(field: Field) -> list[tuple[str, Value]]:
    """A field and the values of its entries, each by its path; a name that is the map's key has none."""
    items = [item for item in field.items if field.kind != "named" or item.path != "name"]
    return [(field.path, field), *((f"{field.path}.{item.path}", item) for item in items)]


@pytest.mark.parametrize(("schema", "field"), ROWS, ids=lambda value: getattr(value, "path", value))
def test_row_is_a_field_of_the_api(schema: str, field: Field):
    for path, value in values(field):
        found = schema_at(schema, path)
        assert json_kind(found) == JSON_KINDS.get(value.kind, "string")
        assert found.get("format") == FORMATS.get(value.kind, found.get("format"))
        assert bool(found.get("readOnly")) == bool(isinstance(value, Field) and value.create_path)
        choices = found.get("enum") or found.get("items", {}).get("enum")
        if choices is not None:
            assert value.choices and set(value.choices) <= set(choices)
    if field.create_path:
        assert json_kind(schema_at(schema, field.create_path)) == JSON_KINDS.get(field.kind, "string")
    assert set(field.keys) <= {item.path for item in field.items}


@pytest.mark.parametrize(
    ("schema", "field"),
    [(schema, row) for schema, row in ROWS if isinstance(row.change, Verb)],
    ids=lambda value: getattr(value, "path", value),
)
def test_verb_is_a_method_of_the_api_and_takes_the_field(schema: str, field: Field):
    verb = field.change
    name = verb.suffix.removeprefix(":") or "update"
    method = METHODS_OF[schema][name]
    assert method["httpMethod"] == verb.method
    request = method["request"]["$ref"]
    assert field.path.startswith(verb.root)
    for path, value in values(field):
        found = schema_at(request, verb.place(path))
        assert json_kind(found) == ("int64" if path in verb.text else JSON_KINDS.get(value.kind, "string"))
    for place, path in verb.along:
        assert schema_at(request, place)["type"] == schema_at(schema, path)["type"]


@pytest.mark.parametrize("fields", [CLUSTER_FIELDS, NODE_POOL_FIELDS], ids=["cluster", "node pool"])
def test_each_path_is_there_once_and_unless_names_a_switch(fields: tuple[Field, ...]):
    paths = [field.path for field in fields]
    assert len(paths) == len(set(paths))
    switches = {field.path for field in fields if field.kind == "bool"}
    assert {field.unless for field in fields if field.unless} <= switches


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("gcsFuseCsiDriverConfig", "gcs_fuse_csi_driver_config"),
        ("diskSizeGb", "disk_size_gb"),
        ("clusterIpv4CidrBlock", "cluster_ipv4_cidr_block"),
        ("network", "network"),
    ],
)
def test_option_names_are_the_api_s_in_snake_case(name: str, option: str):
    assert snake_case(name) == option


def documented_spec(documentation: dict[str, Any]) -> dict[str, Any]:
    """The argument spec that a documentation describes."""
    spec = {}
    for name, option in documentation.items():
        assert option["description"]
        spec[name] = {key: option[key] for key in ("type", "elements", "choices", "required") if key in option}
        if option["type"] == "str" or (option["type"] == "dict" and "suboptions" in option):
            spec[name]["no_log"] = False
        if "suboptions" in option:
            spec[name]["options"] = documented_spec(option["suboptions"])
    return spec


@pytest.mark.parametrize(
    ("fields", "groups"),
    [(CLUSTER_FIELDS, CLUSTER_GROUPS), (NODE_POOL_FIELDS, POOL_GROUPS)],
    ids=["cluster", "node pool"],
)
def test_documentation_and_argument_spec_agree_and_every_group_is_described(fields, groups):
    assert documented_spec(documented(fields, groups)) == spec_of(fields)
    ways = {
        ".".join(path.split(".")[:depth])
        for field in fields
        for path, _value in values(field)
        for depth in range(1, path.count(".") + 1)
    }
    assert set(groups) == ways - {field.path for field in fields if field.items}


def test_the_page_about_the_fields_is_written_from_the_tables():
    assert field_docs.PAGE.read_text() == field_docs.page(), "run scripts/field_docs.py"


A_NEW_FIELD = """
import sys
from pathlib import Path

sys.path[:0] = [str(Path.cwd() / "collections"), str(Path.cwd() / "scripts")]
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster import telemetry
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import Field, Verb
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.node_pool import node_config

for table in (telemetry, node_config):
    change = Verb("newGroup", "update.desiredNewGroup")
    table.FIELDS += (Field("newGroup.newField", "bool", "A field in a group of its own.", change=change),)
    table.GROUPS["newGroup"] = "A group that no other field is in."

import field_docs
from ansible_collections.llmops.gke.plugins.doc_fragments import gke_cluster_fields, gke_node_pool_fields
from ansible_collections.llmops.gke.plugins.modules import gke_cluster, gke_node_pool

fragments = (gke_cluster_fields.ModuleDocFragment, gke_node_pool_fields.ModuleDocFragment)
for module, fragment in zip((gke_cluster, gke_node_pool), fragments, strict=True):
    assert module.SPEC.argument_spec["new_group"]["options"] == {"new_field": {"type": "bool"}}
    assert "new_group" in module.SPEC.definition
    assert '"new_group": {"description": ["A group that no other field is in."]' in fragment.DOCUMENTATION
assert "new_group" in gke_cluster.SPEC.argument_spec["node_pools"]["options"]
assert '"new_group"' in fragments[1].NODE_POOLS
assert field_docs.page().count("| `new_group.new_field` | bool |") == 2
"""


def test_a_field_of_a_new_group_is_one_row_of_a_table_and_nothing_else():
    """Options, their documentation, ``definition`` and the page follow from the row, which a fresh Python sees."""
    done = subprocess.run(
        [sys.executable, "-c", A_NEW_FIELD], cwd=field_docs.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("role", "task", "fields", "variable"),
    [
        ("gke_cluster", "llmops.gke.gke_cluster", CLUSTER_FIELDS, "gke_cluster_fields"),
        ("gke_cluster", "llmops.gke.gke_node_pool", NODE_POOL_FIELDS, "gke_cluster_pool_fields"),
        ("gpu_nodepool", "llmops.gke.gke_node_pool", NODE_POOL_FIELDS, "gpu_nodepool_fields"),
    ],
    ids=["cluster", "own pool", "GPU pool"],
)
def test_the_roles_hand_every_field_on(role: str, task: str, fields: tuple[Field, ...], variable: str):
    folder = field_docs.ROOT / "roles" / role
    (arguments,) = [one[task] for one in yaml.safe_load((folder / "tasks" / "main.yml").read_text()) if task in one]
    options = {field.option.partition(".")[0] for field in fields}
    assert options <= set(arguments)
    accepted = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    spec = spec_of(fields)
    known = {name: option["type"] for name, option in accepted[variable]["options"].items()}
    assert known == {name: spec[name]["type"] for name in options}

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles ask GKE for equals what the real gcloud asks for, but for what docs/gcloud.md gives a reason for."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from typing import Any

import pytest

from tests.contract.gke.gcloud_tool import Gcloud, bodies
from tests.contract.gke.playground import Playground, playground
from tests.contract.gke.roles_play import ROOT, RolesPlay

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")

DOCUMENT = (ROOT / "docs" / "gcloud.md").read_text(encoding="utf-8")
SCOPES = ["devstorage.read_only", "logging.write", "monitoring", "service.management.readonly", "servicecontrol"]
# What a cell of the tables says in words.
WORDS = {
    "-": None,
    "six scopes": [f"https://www.googleapis.com/auth/{scope}" for scope in (*SCOPES, "trace.append")],
}


def commands(project: str) -> list[list[str]]:
    """The document's gcloud commands, without ``gcloud container``."""
    block = re.search(r"```console\n(.*?)```", DOCUMENT, re.DOTALL).group(1)
    lines = block.replace("\\\n", " ").replace("PROJECT", project).splitlines()
    return [shlex.split(line.removeprefix("$ gcloud container ")) for line in lines]


def documented(title: str) -> dict[str, tuple[Any, Any]]:
    """The rows of one of the document's tables: field -> (gcloud's value, ours); each must have a reason."""
    section = DOCUMENT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows: dict[str, tuple[Any, Any]] = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            field, theirs, ours, why = (cell.strip() for cell in line.strip("|").split("|"))
            assert why, field
            rows[field.strip("`")] = (_value(theirs), _value(ours))
    return rows


def _value(cell: str) -> Any:
    return WORDS[cell] if cell in WORDS else json.loads(cell.strip("`"))


def differences(theirs: Any, ours: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Field -> (gcloud's value, ours), where they are not the same; None for what was not sent."""
    if theirs == ours:
        return {}
    if isinstance(theirs or {}, dict) and isinstance(ours or {}, dict) and (theirs or ours):
        theirs, ours = theirs or {}, ours or {}
        found: dict[str, tuple[Any, Any]] = {}
        for key in sorted({*theirs, *ours}):
            found.update(differences(theirs.get(key), ours.get(key), f"{path}.{key}" if path else key))
        return found
    return {path: (theirs, ours)}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The bodies of the create requests, the cluster's and the GPU pool's: those of gcloud and those of the roles."""
    directory = tmp_path_factory.mktemp("equal")
    with playground(directory, record_bodies=True) as cloud:
        gcloud = Gcloud(cloud, directory)
        for command in commands(cloud.project):
            gcloud(*command, "--async")
            cloud.settle()
        theirs = created(cloud)
        cloud.run("cluster", location="us-central1", name="mistral-cluster-gke", state="absent")
        RolesPlay(cloud, directory).run()
        return {"theirs": theirs, "ours": created(cloud)[len(theirs) :]}


def created(cloud: Playground) -> list[dict[str, Any]]:
    return [one["body"] for one in bodies(cloud) if one["method"] == "POST"]


def pools(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The node pools of two create requests: the cluster's own, and the GPU pool."""
    cluster, pool = requests
    return [*cluster["cluster"]["nodePools"], pool["nodePool"]]


def test_the_roles_ask_for_the_same_things_in_the_same_order(sent):
    for requests in sent.values():
        assert [pool["name"] for pool in pools(requests)] == ["default-pool", "mistral-gpu-pool"]
    assert [one["parent"] for one in sent["ours"]] == [one["parent"] for one in sent["theirs"]]


def test_the_cluster_is_gclouds_but_for_the_documented_reasons(sent):
    theirs, ours = ({**body["cluster"], "nodePools": None} for body in (sent["theirs"][0], sent["ours"][0]))
    assert differences(theirs, ours) == documented("The cluster")


@pytest.mark.parametrize(("number", "title"), [(0, "Its own pool"), (1, "The GPU pool")])
def test_a_pool_is_gclouds_but_for_the_documented_reasons(sent, number: int, title: str):
    assert differences(pools(sent["theirs"])[number], pools(sent["ours"])[number]) == documented(title)


def test_nothing_deprecated_is_sent(sent):
    """By the discovery document, of every field of the roles' requests."""
    from llmops_gke_sandbox.google.discovery import container_v1

    def deprecated(schema: str, value: dict[str, Any], path: str) -> list[str]:
        found = []
        for name, item in value.items():
            row = container_v1()._schemas[schema]["properties"][name]
            if row.get("deprecated"):
                found.append(f"{path}.{name}")
            inner = row.get("$ref") or row.get("items", {}).get("$ref")
            for one in (item if isinstance(item, list) else [item]) if inner else []:
                found += deprecated(inner, one, f"{path}.{name}")
        return found

    cluster, pool = sent["ours"]
    assert deprecated("Cluster", cluster["cluster"], "cluster") == []
    assert deprecated("NodePool", pool["nodePool"], "nodePool") == []

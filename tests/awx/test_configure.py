# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx/configure.yml and awx/import.json make the same in AWX, and AWX takes it.

The playbook's arguments are held against the recorded argument specs of awx.awx. `make awx-modules` downloads awx.awx,
and lets its own modules act on the fake API here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import awx_import
import pytest
from working_copy import ROOT

from tests.awx.jobs import DATA

HERE = Path(__file__).parent
RECORDED = HERE / "recorded" / "modules.json"
MODULES = json.loads(RECORDED.read_text())["modules"]
REAL = os.environ.get("AWX_COLLECTIONS")
"""Where ansible_collections/awx/awx is, if anywhere."""

KEY = {"client_email": "deployer@shop.iam.gserviceaccount.com", "project_id": "shop", "private_key": "-----BEGIN...\n"}


def configure(collections: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run awx/configure.yml."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "awx/configure.yml"]
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
    plain = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "LLMOPS_API_KEY")}
    done = subprocess.run(
        command, cwd=ROOT, env=plain | settings | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def stand_ins(tmp_path) -> Path:
    """A collection awx.awx whose modules only check their arguments."""
    actions = tmp_path / "ansible_collections" / "awx" / "awx" / "plugins" / "action"
    actions.mkdir(parents=True)
    for name in MODULES:
        (actions / f"{name}.py").symlink_to(HERE / "stand_in.py")
    return tmp_path


def test_every_argument_is_one_of_awx_awx(stand_ins, tmp_path):
    (tmp_path / "key.json").write_text(json.dumps(KEY))
    secrets = {"HF_TOKEN": "hf_canary", "GCP_SERVICE_ACCOUNT_FILE": str(tmp_path / "key.json")}
    told = tmp_path / "told"
    done = configure(stand_ins, AWX_ARGUMENTS=str(told), AWX_RECORDED_MODULES=str(RECORDED), **secrets)
    assert "hf_canary" not in done.stdout + done.stderr
    calls = [json.loads(line) for line in told.read_text().splitlines()]
    assert {call["module"] for call in calls} == set(MODULES)
    credentials = {call["name"]: call for call in calls if call["module"] == "credential"}
    google = {"username": KEY["client_email"], "project": KEY["project_id"], "ssh_key_data": KEY["private_key"]}
    assert credentials["LLM Google Cloud"]["inputs"] == google
    assert credentials["LLM Hugging Face"]["inputs"] == {"token": "hf_canary"}
    # What is not given is left as it is.
    assert "inputs" not in credentials["LLM API key"]
    templates = {call["name"]: call for call in calls if call["module"] == "job_template"}
    for asset in awx_import.assets(DATA)["job_templates"]:
        call = templates.pop(asset["name"])
        same = set(asset) & set(call) - {"project", "inventory", "execution_environment"}
        assert {"playbook", "job_tags", "survey_enabled"} < same
        assert {name: call[name] for name in same} == {name: asset[name] for name in same}
        assert call.get("survey_spec") == asset["related"].get("survey_spec")
    assert templates == {}


def made(awx) -> dict[str, object]:
    """What stands in AWX, of that which people look at."""
    survey_of = {
        one["name"]: awx.surveys.get((endpoint, one["id"]))
        for endpoint in ("job_templates", "workflow_job_templates")
        for one in awx.objects[endpoint].values()
    }
    templates = {
        one["name"]: (
            one["playbook"],
            one["job_tags"],
            awx.names("job_templates", one, "credentials"),
            awx.names("job_templates", one, "notification_templates_error"),
        )
        for one in awx.objects["job_templates"].values()
    }
    unified = {one["id"]: one["name"] for one in awx._all("unified_job_templates")}
    nodes = {
        one["identifier"]: (
            unified[one["unified_job_template"]],
            one.get("job_type"),
            *(
                awx.names("workflow_job_template_nodes", one, f"{name}_nodes")
                for name in ("success", "failure", "always")
            ),
        )
        for one in awx.objects["workflow_job_template_nodes"].values()
    }
    schedules = {
        one["name"]: (unified[one["unified_job_template"]], one["enabled"]) for one in awx.objects["schedules"].values()
    }
    return {"surveys": survey_of, "templates": templates, "nodes": nodes, "schedules": schedules}


CREDENTIALS = ["LLM API key", "LLM Google Cloud", "LLM Hugging Face"]
EXPECTED_NODES = {
    "preflight": ("LLM preflight", None, ["deploy"], [], []),
    "deploy": ("LLM deploy", None, ["verify"], ["report"], []),
    "verify": ("LLM verify", None, [], [], ["report"]),
    "report": ("LLM status", None, [], [], []),
    "plan": ("LLM teardown", "check", ["approval"], [], []),
    "approval": ("Remove what the plan lists?", None, ["teardown"], [], []),
    "teardown": ("LLM teardown", None, [], [], []),
}


def import_all(awx) -> None:
    """`awx import < awx/import.json`."""
    with (ROOT / "awx" / "import.json").open() as assets:
        done = subprocess.run(
            [sys.executable, str(HERE / "awx_client.py"), "import"],
            stdin=assets,
            env=os.environ | {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": "token"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_awx_import_makes_all_of_it_and_again_the_same(fake_awx):
    import_all(fake_awx)
    first = made(fake_awx)
    assert first["nodes"] == EXPECTED_NODES
    assert set(first["templates"]) == {one["name"] for one in DATA["awx_job_templates"]}
    assert first["templates"]["LLM verify"] == ("playbooks/verify.yml", "", CREDENTIALS, ["LLM alarm"])
    asked = DATA["awx_surveys"]["deployment"]
    assert first["surveys"]["LLM deploy"] == first["surveys"]["LLM deploy and prove"] == asked
    # The approval is the one thing that the command makes anew each time.
    counts = {endpoint: len(known) for endpoint, known in fake_awx.objects.items() if "approval" not in endpoint}
    import_all(fake_awx)
    assert made(fake_awx) == first
    assert counts.items() <= {endpoint: len(known) for endpoint, known in fake_awx.objects.items()}.items()


@pytest.mark.skipif(not REAL, reason="make awx-modules runs it")
def test_the_modules_of_awx_awx_make_the_same_and_then_find_nothing_to_do(fake_awx):
    settings = {"CONTROLLER_HOST": fake_awx.url, "CONTROLLER_OAUTH_TOKEN": "token"}
    configure(Path(REAL), **settings)
    by_playbook = made(fake_awx)
    fake_awx.writes.clear()
    again = configure(Path(REAL), **settings)
    assert fake_awx.writes == []
    assert "changed=0" in again.stdout
    assert by_playbook["nodes"] == EXPECTED_NODES
    assert by_playbook["templates"]["LLM verify"] == ("playbooks/verify.yml", "", CREDENTIALS, ["LLM alarm"])

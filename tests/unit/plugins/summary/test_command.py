# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that a run advises: as it was started itself, and without a secret."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from ansible import context

from ansible_collections.llmops.gke.plugins.lookup.own_command import LookupModule
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.command import Command
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from ansible_collections.llmops.gke.plugins.plugin_utils.run_command import read_extra, run_command
from tests.unit.plugins.summary.summary_facts import host, verified

ROOT = Path(__file__).parents[4]


def test_a_command_is_that_of_the_run():
    command = Command(inventories=("a", "my inventory"), limit="m*", extra={"llmops_name": "model-d"})
    told = "ansible-playbook -i a -i 'my inventory' playbooks/status.yml --limit 'm*' -e llmops_name=model-d"
    assert command.text("status") == told
    assert Command(clone=False).text("status") == "ansible-playbook llmops.gke.status"


def test_values_that_are_no_plain_texts_are_given_as_json():
    extra = {"a": "x y", "b": 3, "c": {"d": ["it's"]}, "e": "1"}
    words = Command(extra=extra).words("status")
    assert words[2:] == ["-e e=1", ['-e \'{"a":"x y",', '"b":3,', '"c":{"d":["it\\u0027s"]}}\'']]
    again = shlex.split(Command(extra=extra).text("status"))[2:]
    assert again[0::2] == ["-e", "-e"]
    assert read_extra(again[1::2]) == (extra, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("llmops_api_key", "x"),
        ("llmops_hf_token", "x"),
        ("db_password", "x"),
        ("client_secret", "x"),
        ("llmops_google_auth", {"a": "x"}),
        ("tgi_mistral_env", [{"name": "API_KEY", "value": "x"}]),
        ("mirror", "https://me:word@example.com"),
        ("odd", "hf_abcdef"),
        ("header", "Bearer x"),
    ],
)
def test_what_may_be_secret_is_named_and_not_shown(name, value):
    command = Command(extra={name: value, "llmops_name": "d"}, untold=("@vars.yml",))
    told = f"-e llmops_name=d (and the same -e as now for @vars.yml, {name})"
    assert command.text("status") == f"ansible-playbook playbooks/status.yml {told}"


@pytest.mark.parametrize("name", ["gke_cluster_authorized_networks_enabled", "llmops_model", "author"])
def test_what_is_no_secret_is_shown(name):
    assert f"-e {name}=x" in Command(extra={name: "x"}).text("status")


def test_a_value_that_the_command_needs_otherwise_is_there_once():
    command = Command(extra={"llmops_replicas": "0", "gpu_nodepool_min_node_count": "0"})
    told = "playbooks/deploy.yml -e gpu_nodepool_min_node_count=0 -e llmops_replicas=1"
    assert command.text("deploy", llmops_replicas=1) == f"ansible-playbook {told}"


def test_what_was_meant_for_one_run_or_is_read_by_others_is_not_repeated():
    extra = dict.fromkeys(("gpu_nodepool_repair", "verify_path", "benchmark_x", "preflight_x", "llmops_name"), "1")
    found = {name: Command(extra=extra).text(name) for name in ("deploy", "verify", "benchmark", "status")}
    assert {name: text.partition(".yml ")[2] for name, text in found.items()} == {
        "deploy": "-e verify_path=1 -e preflight_x=1 -e llmops_name=1",
        "verify": "-e verify_path=1 -e llmops_name=1",
        "benchmark": "-e benchmark_x=1 -e llmops_name=1",
        "status": "-e llmops_name=1",
    }
    assert Command(extra={"llmops_confirm_teardown": "c"}).left_out == ""


@pytest.mark.parametrize(
    ("given", "extra", "untold"),
    [
        (["a=1 b='x y'", '{"c": 3}', "a=2"], {"a": "2", "b": "x y", "c": 3}, []),
        (["@vars.yml", "a=1"], {"a": "1"}, ["@vars.yml"]),
        (["{c: [1, 2]}"], {"c": [1, 2]}, []),
        (["[1, 2]", "{a"], {}, ["what can't be read here"] * 2),
        (["word"], {}, []),
    ],
)
def test_extra_variables_are_read_as_ansible_reads_them(given, extra, untold):
    assert read_extra(given) == (extra, untold)


@pytest.fixture
def started(monkeypatch, tmp_path):
    """An environment in a clone, from which ansible-playbook was started."""
    folder = tmp_path / "env" / "bin"
    folder.mkdir(parents=True)
    for name in ("activate", "ansible-playbook"):
        (folder / name).touch(mode=0o755)
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "deploy.yml").symlink_to(ROOT / "playbooks" / "deploy.yml")
    monkeypatch.chdir(tmp_path)
    # Of whoever started the program that started this.
    monkeypatch.setenv("PWD", "/elsewhere")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("MAKELEVEL", raising=False)
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": ("llmops_name=d",)})
    return tmp_path, {
        "ansible_playbook_python": str(folder / "python"),
        "ansible_inventory_sources": [f"{tmp_path}/mine"],
        "ansible_limit": "a",
    }


def test_the_run_is_read_where_it_was_started(started, monkeypatch):
    folder, variables = started
    told = "env/bin/ansible-playbook -i mine playbooks/status.yml --limit a -e llmops_name=d"
    assert run_command(variables).text("status") == told
    variables["ansible_inventory_sources"] = [str(folder / "inventories" / "sandbox")]
    assert run_command(variables).inventories == ()
    (folder / "playbooks" / "deploy.yml").unlink()
    (folder / "playbooks" / "deploy.yml").write_text("# Somebody's own, which may import the collection's.")
    assert run_command(variables).called("status") == "llmops.gke.status"
    monkeypatch.chdir("/")
    assert run_command(variables).called("status") == "llmops.gke.status"
    monkeypatch.setattr(context, "CLIARGS", {})
    assert run_command({}) == Command(clone=False)


def test_a_play_on_some_of_the_inventorys_hosts_has_its_commands_for_these_alone(started):
    variables = {**started[1], "ansible_limit": None, "groups": {"all": ["one", "two", "three"]}}
    some = {**variables, "ansible_play_hosts_all": ["two", "one"]}
    assert run_command(some).limit == "two,one"
    assert "--limit two,one" in LookupModule().run(["teardown"], some)[0]
    assert run_command({**some, "ansible_limit": "t*"}).limit == "t*"
    assert run_command({**variables, "ansible_play_hosts_all": ["three", "two", "one"]}).limit == ""
    # The implicit localhost is no host of the inventory, and no limit finds it.
    assert run_command({**variables, "ansible_play_hosts_all": ["localhost"]}).limit == ""


def test_a_program_that_the_shell_finds_is_told_by_its_name(started, monkeypatch):
    folder, variables = started
    monkeypatch.setenv("PATH", f"/nowhere:{folder}/env/bin")
    assert run_command(variables).program == "ansible-playbook"
    other = folder / "other"
    other.mkdir()
    (other / "ansible-playbook").touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{other}:{folder}/env/bin")
    assert run_command(variables).program == "env/bin/ansible-playbook"
    # No environment: a program of the system.
    assert run_command({**variables, "ansible_playbook_python": sys.executable + "/none"}).program == "ansible-playbook"


def test_what_make_finds_the_shell_may_not_find(started, monkeypatch):
    folder, variables = started
    monkeypatch.setenv("PATH", f"{folder}/env/bin")
    monkeypatch.setenv("MAKELEVEL", "1")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert run_command(variables).program == "env/bin/ansible-playbook"
    monkeypatch.setenv("VIRTUAL_ENV", f"{folder}/env")
    assert run_command(variables).program == "ansible-playbook"


def test_the_lookup_tells_one_command_for_each_playbook(started):
    found = LookupModule().run(["deploy", "status"], started[1], values={"llmops_replicas": 1})
    assert [Path(text.split()[3]).stem for text in found] == ["deploy", "status"]
    assert all(text.endswith("-e llmops_name=d -e llmops_replicas=1") for text in found)


def told(*hosts) -> str:
    return " ".join(" ".join(line.removesuffix("\\") for line in summarise(hosts, 80)[0]).split())


def test_a_summary_repeats_the_runs_variables_and_names_those_that_it_does_not_show():
    command = Command(extra={"llmops_name": "model-d", "llmops_api_key": "sesame"})
    failed = told(host(failed=True, verify_result={"failed": True, "msg": "too slow"}, command=command))
    assert "look at it ansible-playbook playbooks/status.yml -e llmops_name=model-d" in failed
    asleep = told(host(verify_result={"start": {"asleep": True}}, command=command))
    assert "playbooks/deploy.yml -e llmops_name=model-d -e llmops_replicas=1" in asleep
    many = told(*(host(f"h{number}", verify_result=verified(), command=command) for number in range(3)))
    assert "playbooks/status.yml -e llmops_name=model-d --limit HOST" in many
    for text in (failed, asleep, many):
        assert "sesame" not in text and "(and the same -e as now for llmops_api_key)" in text
    assert "the same -e" not in told(host(check=True, command=command))


@pytest.mark.parametrize("shown", [True, False])
def test_how_to_make_it_shorter_is_told_where_it_is_longer(shown):
    command = Command(program=".venv/bin/ansible-playbook" if shown else "ansible-playbook")
    text = told(host(verify_result=verified(), variables={"llmops_sandbox": {"speed": 50}}, command=command))
    assert ("shorter" in text) == shown


def test_a_table_s_command_has_what_all_hosts_have_in_common():
    hosts = [
        host(f"h{number}", verify_result=verified(), command=Command(extra={"llmops_name": number, "b": 1}))
        for number in range(3)
    ]
    assert "playbooks/status.yml -e '{\"b\":1}' --limit HOST" in told(*hosts)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook on an inventory as a user writes it: no variable of a sandbox, endpoints given as options.

From the clone by path, and from an installed tarball by full name in a directory that has nothing of the repository.
The tests of this file build on each other, in their order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.playbooks.playground import ROOT, Run, Sandbox

BIN = Path(sys.executable).parent
PORT = 8080


@dataclass
class User:
    """Somebody with an inventory of their own. prefix and suffix: what stands around a playbook's name."""

    home: Path
    inventory: Path
    prefix: str
    suffix: str
    collections: Path | None

    def play(self, playbook: str, *arguments: str, **variables: object) -> Run:
        """Run a playbook from this user's directory, without the repository's ansible.cfg unless it lies there."""
        command = [str(BIN / "ansible-playbook"), "-i", str(self.inventory), f"{self.prefix}{playbook}{self.suffix}"]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LLMOPS_"))
        }
        environment |= {"LC_ALL": "C.UTF-8", "HF_TOKEN": "hf_test", "ANSIBLE_NOCOLOR": "1"}
        # A service has none.
        environment.pop("PWD", None)
        environment["ANSIBLE_HOME"] = str(self.inventory.parent / "ansible-home")
        if self.collections is not None:
            environment["ANSIBLE_COLLECTIONS_PATH"] = str(self.collections)
        done = subprocess.run(
            [*command, *arguments, "--extra-vars", json.dumps(variables)],
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout)


def inventory(sandbox: Sandbox, folder: Path, cluster: str) -> Path:
    """The example's inventory with its required values set, and the endpoints of other servers than Google's."""
    folder.mkdir()
    values = sandbox.as_a_users_own() | {"llmops_cluster": cluster, "verify_latency_samples": 1}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {"serving": None}, "vars": values}}))
    return folder / "hosts.json"


def installed(folder: Path) -> Path:
    """The collection as ansible-galaxy installs it from its artifact; the folder of collections."""
    galaxy = [str(BIN / "ansible-galaxy"), "collection"]
    subprocess.run([*galaxy, "build", "--output-path", str(folder)], cwd=ROOT, check=True, capture_output=True)
    (artifact,) = folder.glob("*.tar.gz")
    subprocess.run(
        [*galaxy, "install", str(artifact), "--collections-path", str(folder / "collections"), "--offline"],
        cwd=folder,
        check=True,
        capture_output=True,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    return folder / "collections"


@pytest.fixture(scope="module", params=["from the clone", "installed"])
def user(request, sandbox: Sandbox, tmp_path_factory) -> Iterator[User]:
    home = tmp_path_factory.mktemp("user")
    if request.param == "from the clone":
        yield User(ROOT, inventory(sandbox, home / "inventory", "by-path"), "playbooks/", ".yml", None)
    else:
        collections = installed(tmp_path_factory.mktemp("installed"))
        yield User(home, inventory(sandbox, home / "inventory", "by-name"), "llmops.gke.", "", collections)


def test_the_report_of_nothing_is_a_report(user):
    run = user.play("status")
    assert run.code == 0, run.output
    assert "There is no cluster" in run.output


def test_what_is_not_there_is_removed_without_an_error(user):
    run = user.play("teardown", llmops_confirm_teardown=f"by-{'path' if user.suffix else 'name'}")
    assert (run.code, run.recap["changed"]) == (0, 0), run.output


def test_the_preview_of_everything(user):
    run = user.play("deploy", "--check", "--diff")
    assert run.code == 0, run.output
    assert run.recap["changed"] > 3


def test_the_deployment_and_what_its_summary_names(user):
    run = user.play("deploy")
    assert run.code == 0, run.output
    assert f"{user.prefix}status{user.suffix}" in run.output
    assert "  report        .cache/reports/" in run.output
    # One line of text a line, not one string with escapes.
    assert "\\n" not in run.output.rpartition("is served")[2]
    assert "simulated" not in run.output.rpartition("is served")[2]


def test_a_further_run_changes_and_skips_nothing(user):
    run = user.play("deploy")
    assert (run.code, run.recap["changed"], run.recap["skipped"]) == (0, 0, 0), run.output


@pytest.mark.parametrize("playbook", ["verify", "status"])
@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_what_only_reads_runs_in_both_modes(user, playbook, arguments):
    if user.collections and arguments:
        pytest.skip("what check mode does hangs on nothing that an installation changes")
    run = user.play(playbook, *arguments)
    assert (run.code, run.recap["changed"]) == (0, 0), run.output


def test_drift_fails_only_where_it_is_to_and_names_what_is_missing(user):
    strict = {"llmops_status_fail_on_drift": True}
    same = user.play("status", **strict)
    assert same.code == 0, same.output
    other = user.play("status", llmops_service_name="another", **strict)
    assert other.code != 0
    told = " ".join(other.output.split())
    assert "MISSING: Service default/another" in told
    assert "differ from the inventory: Service default/another (missing)" in told


def test_the_preview_of_a_load_test(user):
    run = user.play("benchmark", "--check")
    assert run.code == 0, run.output


def test_the_sandboxs_own_playbook_has_nothing_to_do(user):
    run = user.play("sandbox")
    assert (run.code, run.recap["changed"]) == (0, 0), run.output


def test_a_teardown_wants_a_confirmation(user):
    run = user.play("teardown")
    assert run.code != 0
    assert "llmops_confirm_teardown=" in run.output


def test_teardown_leaves_nothing(user):
    cluster = f"by-{'path' if user.suffix else 'name'}"
    preview = user.play("teardown", "--check", llmops_confirm_teardown=cluster)
    assert preview.code == 0, preview.output
    run = user.play("teardown", llmops_confirm_teardown=cluster)
    assert run.code == 0, run.output
    assert "There is no cluster" in user.play("status").output

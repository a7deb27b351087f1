# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX does with the templates' jobs, by ansible-runner on a sandbox.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.awx.awx_rules import rendered
from tests.awx.jobs import DATA, REVISION, Awx
from tests.playbooks.playground import Sandbox

# As the survey's form sends them: texts, but for whole numbers.
ANSWERS = {"survey_zones": "us-central1-a, us-central1-b", "llmops_replicas": 1, "llmops_spot": "true"}
HOST = "mistral-7b"


@pytest.fixture(scope="module")
def awx(tmp_path_factory):
    running = Sandbox(tmp_path_factory.mktemp("awx") / "sandbox")
    yield Awx(running, tmp_path_factory.mktemp("runner"))
    running.stop()


def begins(role: str):
    """Whether an event is the start of a task of a role that asks a server."""

    def seen(event: dict) -> bool:
        told = event.get("event_data", {})
        started = event["event"] == "playbook_on_task_start" and "Validating" not in told["task"]
        return started and (told.get("role") or "").rpartition(".")[2] == role

    return seen


@pytest.mark.parametrize("role", ["preflight", "gke_cluster", "gpu_nodepool", "model_server", "verify"])
def test_a_job_is_canceled_in_each_phase_and_tells_no_secret(awx, role):
    job = awx.run("LLM deploy", ANSWERS, cancel_at=begins(role), verbosity=3)
    assert job.status == "canceled", job.output
    assert "PLAY RECAP" not in job.output
    assert awx.credentials["token"] not in str(job.events)


def test_the_workflow_ends_what_the_canceled_jobs_began(awx):
    jobs = awx.run_workflow("LLM deploy and prove", ANSWERS)
    assert [job.status for job in jobs.values()] == ["successful"] * 4, [job.output for job in jobs.values()]
    assert list(jobs) == ["preflight", "deploy", "verify", "report"]
    assert jobs["preflight"].changed == 0
    created = [one for one in awx.sandbox.requests() if one["method"] == "POST"]
    asked = [(one["path"], one["status"]) for one in created if one["path"].endswith(("/clusters", "/nodePools"))]
    # One that was cut off, or came to a cluster that was still at work for a canceled job, made nothing.
    made = [path for path, status in asked if status == 200]
    assert len(made) == len(set(made)) == 2, asked
    # The next node verifies.
    deployed = jobs["deploy"].artifacts["llmops_summary"][HOST]
    assert (deployed["state"], deployed["changes"]["removed"]) == ("not verified", [])
    assert "llmops_verify" not in jobs["deploy"].artifacts
    assert jobs["verify"].artifacts["llmops_summary"][HOST]["address"].startswith("http://")
    assert jobs["verify"].artifacts["llmops_verify"][HOST]["verdict"] == "fit"
    report = jobs["verify"].artifacts["llmops_report"][HOST]
    assert (report["deployment"]["deployed_by"], report["deployment"]["commit"]) == ("admin", REVISION)
    assert report["latency"]["model"] == "mistralai/Mistral-7B-Instruct-v0.1"
    # What the survey asked for.
    assert "us-central1-a, Spot" in jobs["verify"].output
    assert ", Spot" in jobs["report"].output


def test_a_breached_threshold_fails_the_job_and_is_what_is_notified(awx):
    awx.inventory["variables"] |= {"verify_thresholds": {"tpot_seconds": 0.000001}}
    job = awx.run("LLM verify")
    assert job.status == "failed"
    body = rendered(DATA["awx_notification"]["messages"], job.artifacts)[0]
    assert body["verdict"][HOST]["verdict"] == "unfit", body
    assert job.artifacts["llmops_report"][HOST]["verdict"]["reasons"]


def test_two_slices_of_a_job_deploy_side_by_side_to_one_cluster(awx):
    slices = [{"team-a": {"llmops_name": "team-a"}}, {"team-b": {"llmops_name": "team-b"}}]
    awx.inventory["variables"] |= {"verify_thresholds": {}, "llmops_cluster": "shared"}
    with ThreadPoolExecutor(2) as pool:
        jobs = list(pool.map(lambda hosts: awx.run("LLM deploy", hosts=hosts), slices))
    for job, hosts in zip(jobs, slices, strict=True):
        assert job.status == "successful", job.output
        assert set(job.artifacts["llmops_verify"]) == set(hosts)


def test_the_plan_of_a_removal_removes_nothing_and_the_approved_one_all(awx):
    hosts = {"team-a": {"llmops_name": "team-a"}, "team-b": {"llmops_name": "team-b"}}
    jobs = awx.run_workflow("LLM remove", {"llmops_confirm_teardown": "shared"}, hosts)
    assert [(name, job.status) for name, job in jobs.items()] == [("plan", "successful"), ("teardown", "successful")]
    assert "would be removed" in jobs["plan"].output
    assert jobs["plan"].changed > 0
    assert "cluster       shared in us-central1 of sandbox-project: removed" in jobs["teardown"].output

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs run pods to their end: enough successes, too many failures, a deadline, a time to live."""

from __future__ import annotations

import pytest

from .conftest import PAUSE, Kubectl, pod_spec


def job(name: str, **spec) -> dict:
    policy = spec.pop("restartPolicy", "Never")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"template": {"spec": pod_spec(PAUSE, restartPolicy=policy)}, **spec},
    }


async def run(world, body: dict) -> dict:
    """Create a Job and return it once it is over."""
    await world.api.create("jobs.batch", body)
    return await over(world, body["metadata"]["name"])


async def over(world, name: str) -> dict:
    def found() -> dict | None:
        one = world.api.get_now("jobs.batch", name, "default")
        return one if outcome(one) else None

    return await world.until(found, f"job {name} over")


def outcome(body: dict) -> tuple[str, str] | None:
    conditions = body.get("status", {}).get("conditions") or []
    return next(((one["type"], one["reason"]) for one in conditions if one["type"] in ("Complete", "Failed")), None)


async def test_a_job_completes_when_its_pods_have_succeeded(world):
    world.faults.add("crash", exit_code=0)
    done = await run(world, job("load", completions=3, parallelism=2))
    assert outcome(done) == ("Complete", "CompletionsReached")
    status = done["status"]
    assert (status["succeeded"], status.get("active"), status["ready"]) == (3, None, 0)
    assert status["startTime"] <= status["completionTime"]
    assert [one["type"] for one in status["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert len(world.events("load", "SuccessfulCreate")) == 3 and world.events("load", "Completed")
    pods = world.api.list_now("pods", "default", "job-name=load")
    assert [one["status"]["phase"] for one in pods] == ["Succeeded"] * 3
    assert pods[0]["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"


async def test_a_job_fails_at_its_backoff_limit(world):
    world.faults.add("crash", exit_code=3)
    done = await run(world, job("load", backoffLimit=1))
    assert outcome(done) == ("Failed", "BackoffLimitExceeded")
    assert done["status"]["failed"] == 2 and "completionTime" not in done["status"]
    (event,) = world.events("load", "BackoffLimitExceeded")
    assert (event["type"], event["message"]) == ("Warning", "Job has reached the specified backoff limit")


async def test_restarts_in_place_count_against_the_limit(world):
    world.faults.add("crash", exit_code=3)
    done = await run(world, job("load", backoffLimit=1, restartPolicy="OnFailure"))
    assert outcome(done) == ("Failed", "BackoffLimitExceeded")
    await world.until(lambda: not world.api.list_now("pods", "default", "job-name=load"))


async def test_a_job_fails_at_its_deadline_and_its_pods_go(world):
    done = await run(world, job("load", activeDeadlineSeconds=60))
    assert outcome(done) == ("Failed", "DeadlineExceeded")
    await world.until(lambda: not world.api.list_now("pods", "default", "job-name=load"))


async def test_a_finished_job_goes_after_its_time_to_live(world):
    world.faults.add("crash", exit_code=0)
    await world.api.create("jobs.batch", job("load", ttlSecondsAfterFinished=30))
    await world.until(lambda: world.api.get_now("jobs.batch", "load", "default") is None)
    await world.until(lambda: not world.api.list_now("pods", "default", "job-name=load"))


async def test_a_pod_that_was_taken_away_is_replaced_and_counts_as_failed(world):
    await world.api.create("jobs.batch", job("load"))
    (first,) = await world.until(lambda: world.api.list_now("pods", "default", "job-name=load"))
    await world.api.delete("pods", first["metadata"]["name"], "default", grace_period=0)
    await world.until(lambda: world.api.get_now("jobs.batch", "load", "default")["status"].get("failed") == 1)
    world.faults.add("crash", exit_code=0)
    assert outcome(await over(world, "load")) == ("Complete", "CompletionsReached")


async def test_a_suspended_job_has_no_pods(world):
    await world.api.create("jobs.batch", job("load"))
    await world.until(lambda: world.api.list_now("pods", "default", "job-name=load"))
    await world.api.patch("jobs.batch", "load", {"spec": {"suspend": True}}, "default")
    await world.until(lambda: not world.api.list_now("pods", "default", "job-name=load"))
    assert not world.api.get_now("jobs.batch", "load", "default")["status"].get("failed")


async def test_what_is_not_simulated_of_jobs_says_so(world):
    await world.api.create("jobs.batch", job("load", completionMode="Indexed", completions=2))
    (event,) = await world.until(lambda: world.events("load", "NotSimulated"))
    assert event["message"] == "The sandbox has no completionMode of Jobs: nothing will come of this Job"


@pytest.mark.skipif(Kubectl.program is None, reason="kubectl is not installed")
async def test_kubectl_waits_for_a_job_and_reads_its_log(served):
    world, kubectl = served
    world.faults.add("crash", exit_code=0, message="all requests sent")
    await kubectl("apply", "-f", "-", given=job("load"))
    assert "condition met" in await kubectl("wait", "job/load", "--for=condition=Complete", "--timeout=10s")
    assert "1/1" in await kubectl("get", "jobs")
    assert "all requests sent" in await kubectl("logs", "job/load")
    assert "1 Succeeded" in await kubectl("describe", "job", "load")

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: pods that run to their end, as often as asked for. Indexed Jobs and pod failure policies are not simulated."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import (
    condition_is,
    controller_of,
    is_controlled_by,
    is_deleting,
    is_pod_active,
    is_pod_ready,
    key_of,
    timestamp,
    uid_of,
    with_condition,
)
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.workloads.pods import deletion_rank, pod_from_template

# kube-controller-manager: DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff.
_FIRST_SECONDS, _LAST_SECONDS = 10.0, 600.0
_COMPLETED = ("CompletionsReached", "Reached expected number of succeeded pods")
_TOO_OFTEN = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_TOO_LONG = ("DeadlineExceeded", "Job was active longer than specified deadline")
_ENDED = ("Succeeded", "Failed")
_UNKNOWN = ("completionMode", "podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes")


@dataclass
class _Tally:
    """What the controller knows of a Job beyond its status: pods that ended stay counted once they are gone.

    The moments are the loop's; the API's times are whole wall seconds.
    """

    begun: float
    succeeded: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    failures_in_a_row: int = 0
    last_failure: float = 0.0
    finished: float | None = None


class JobController(Controller):
    """Runs pods until enough have succeeded, or too many have failed, or the deadline is over."""

    component = "job-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._jobs = self.follow("jobs.batch")
        self._jobs.subscribe(self._forget_gone)
        self._pods = self.follow("pods", _job_of)
        self._pods.subscribe(self._count_gone)
        self._tallies: dict[str, _Tally] = {}

    async def reconcile(self, key: str) -> None:
        job = self._jobs.by_key(key)
        if job is None or is_deleting(job):
            return
        unknown = next((name for name in _UNKNOWN if job["spec"].get(name, "NonIndexed") != "NonIndexed"), None)
        if unknown:
            text = f"The sandbox has no {unknown} of Jobs: nothing will come of this Job"
            await self.events.warning(job, "NotSimulated", text)
            return
        tally = self._tallies.setdefault(uid_of(job), _Tally(asyncio.get_running_loop().time()))
        self._count(job, tally)
        verdict = _verdict_of(job) or self._verdict(key, job, tally)
        if verdict is None and not job["spec"].get("suspend"):
            await self._run(key, job, tally)
        else:
            await self._delete(job, self._active(job))
        await self._report(job, tally, verdict)
        if verdict is not None:
            await self._expire(key, job, tally)

    def _verdict(self, key: str, job: dict, tally: _Tally) -> tuple[str, str] | None:
        """Return (reason, message) of a Job that is over."""
        spec, active = job["spec"], self._active(job)
        completions = spec.get("completions")
        if completions is not None and len(tally.succeeded) >= completions:
            return _COMPLETED
        if completions is None and tally.succeeded and not active:
            return _COMPLETED
        limit = spec.get("backoffLimit", 6)
        restarts = sum(_restarts(pod) for pod in active) if _restarts_in_place(job) else 0
        if len(tally.failed) > limit or (restarts and restarts >= max(limit, 1)):
            return _TOO_OFTEN
        if (deadline := spec.get("activeDeadlineSeconds")) is not None:
            left = deadline - (asyncio.get_running_loop().time() - tally.begun) * self.clock.speed
            if left <= 0:
                return _TOO_LONG
            self.enqueue_after(key, left)
        return None

    async def _run(self, key: str, job: dict, tally: _Tally) -> None:
        """Create the pods that lack, after a pause where the last ones failed; delete those too many."""
        spec, active = job["spec"], self._active(job)
        wanted = spec.get("parallelism", 1)
        if spec.get("completions") is not None:
            wanted = min(wanted, spec["completions"] - len(tally.succeeded))
        elif tally.succeeded:
            wanted = len(active)
        await self._delete(job, sorted(active, key=deletion_rank)[: max(0, len(active) - wanted)])
        missing = wanted - len(active)
        if spec.get("podReplacementPolicy") == "Failed":
            missing -= sum(is_deleting(pod) for pod in self._owned(job))
        if missing <= 0:
            return
        if tally.failures_in_a_row:
            pause = min(_FIRST_SECONDS * 2 ** (tally.failures_in_a_row - 1), _LAST_SECONDS)
            left = pause - (asyncio.get_running_loop().time() - tally.last_failure) * self.clock.speed
            if left > 0:
                self.enqueue_after(key, left)
                return
        for _ in range(missing):
            pod = await self.client.create("pods", pod_from_template(job), job["metadata"]["namespace"])
            await self.events.normal(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    async def _delete(self, job: dict, pods: list[dict]) -> None:
        for pod in pods:
            await self.client.delete("pods", pod)
            await self.events.normal(job, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    async def _report(self, job: dict, tally: _Tally, verdict: tuple[str, str] | None) -> None:
        have, active, now = job.get("status") or {}, self._active(job), timestamp(self.clock.now())
        status = {
            "active": len(active) or None,
            "ready": sum(map(is_pod_ready, active)),
            "succeeded": len(tally.succeeded) or None,
            "failed": len(tally.failed) or None,
            "terminating": sum(is_deleting(pod) and _phase(pod) not in _ENDED for pod in self._owned(job)),
            "startTime": have.get("startTime") or now,
            "completionTime": have.get("completionTime"),
            "conditions": have.get("conditions") or [],
            "uncountedTerminatedPods": {},
        }
        if verdict is not None and not _is_over(job):
            good = verdict == _COMPLETED
            for kind in ("SuccessCriteriaMet", "Complete") if good else ("FailureTarget", "Failed"):
                told = {"type": kind, "status": "True", "reason": verdict[0], "message": verdict[1]}
                status["conditions"] = with_condition(status["conditions"], {**told, "lastProbeTime": now}, now)
            if good:
                status["completionTime"] = now
                await self.events.normal(job, "Completed", "Job completed")
            else:
                await self.events.warning(job, *verdict)
        await self.client.update_status("jobs.batch", job, {name: one for name, one in status.items() if one != []})

    async def _expire(self, key: str, job: dict, tally: _Tally) -> None:
        """Delete a Job that is over, once its time to live has passed."""
        now = asyncio.get_running_loop().time()
        tally.finished = now if tally.finished is None else tally.finished
        seconds = job["spec"].get("ttlSecondsAfterFinished")
        if seconds is None:
            return
        left = seconds - (now - tally.finished) * self.clock.speed
        if left > 0:
            self.enqueue_after(key, left)
        else:
            await self.client.delete("jobs.batch", job)

    def _count(self, job: dict, tally: _Tally) -> None:
        for pod in self._owned(job):
            self._count_pod(pod, tally)

    def _count_pod(self, pod: dict, tally: _Tally) -> None:
        uid, phase = uid_of(pod), _phase(pod)
        if phase == "Succeeded" and uid not in tally.succeeded:
            tally.succeeded.add(uid)
            tally.failures_in_a_row = 0
        elif phase == "Failed" and uid not in tally.failed:
            tally.failed.add(uid)
            tally.failures_in_a_row += 1
            tally.last_failure = asyncio.get_running_loop().time()

    def _count_gone(self, old: dict | None, new: dict | None) -> None:
        """A pod that was taken away before its end has failed, unless the Job itself was over or suspended."""
        reference = controller_of(old) if old is not None and new is None else None
        tally = self._tallies.get(reference["uid"]) if reference else None
        job = self._jobs.by_key(_job_of(old)[0]) if tally else None
        if job is None or _is_over(job) or job["spec"].get("suspend"):
            return
        ended = _phase(old) in _ENDED
        self._count_pod(old if ended else {**old, "status": {"phase": "Failed"}}, tally)

    def _owned(self, job: dict) -> list[dict]:
        return [pod for pod in self._pods.all(job["metadata"]["namespace"]) if is_controlled_by(pod, job)]

    def _active(self, job: dict) -> list[dict]:
        return [pod for pod in self._owned(job) if is_pod_active(pod)]

    def _forget_gone(self, old: dict | None, new: dict | None) -> None:
        if old is not None and new is None:
            self._tallies.pop(uid_of(old), None)


def _phase(pod: dict) -> str:
    return (pod.get("status") or {}).get("phase", "")


def _job_of(pod: dict) -> list[str]:
    reference = controller_of(pod)
    if reference is None or reference["kind"] != "Job":
        return []
    return [key_of({"metadata": {**pod["metadata"], "name": reference["name"]}})]


def _restarts(pod: dict) -> int:
    return sum(one.get("restartCount", 0) for one in (pod.get("status") or {}).get("containerStatuses") or [])


def _restarts_in_place(job: dict) -> bool:
    return job["spec"]["template"]["spec"].get("restartPolicy") == "OnFailure"


def _is_over(job: dict) -> bool:
    return condition_is(job, "Complete") or condition_is(job, "Failed")


def _verdict_of(job: dict) -> tuple[str, str] | None:
    """Return the verdict that a Job's status shows already."""
    conditions = (job.get("status") or {}).get("conditions") or []
    shown = next((one for one in conditions if one["type"] in ("Complete", "Failed") and one["status"] == "True"), None)
    return None if shown is None else (shown["reason"], shown["message"])

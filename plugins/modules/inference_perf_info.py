#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and judges the results of an inference-perf Job."""

from __future__ import annotations

DOCUMENTATION = r"""
module: inference_perf_info
short_description: Read the results of an inference-perf Job, and judge whether they can be trusted
version_added: 0.2.0
description:
  - Reads the reports that the Job of the role P(llmops.gke.benchmark#role) wrote into its log.
  - Fails with all reasons at once, and returns no figures, if the run measured the load generator instead of the
    server.
  - The reasons are C(first_request) (a request of the greatest lengths, sent before all others, got no token),
    C(ttft_missing) (no time to first token was measured), C(schedule_delay) (requests were sent late),
    C(failures) (requests failed), C(output_tokens) (answers were not as long as requested), C(worker_cap) (requests
    waited in the load generator, where no latency counts the time), and C(calibration) (a server of known timing was
    measured wrongly).
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: The module only reads.
  diff_mode:
    support: N/A
    details: The module changes nothing.
  idempotent: {support: full}
options:
  namespace:
    description: Namespace of the Job in O(job).
    type: str
    default: default
  job:
    description: Name of the inference-perf Job.
    type: str
    default: inference-perf
  service:
    description:
      - Name of the Service that was loaded, in the same namespace.
      - The pods behind it are returned in RV(pods).
    type: str
  warmup_stages:
    description: Number of stages at the beginning to leave out of the results.
    type: int
    default: 0
  output_tokens:
    description:
      - Mean number of tokens that was requested for an answer.
      - The length of the answers is not judged if the option is not set.
    type: float
  output_distribution:
    description:
      - Distribution of the requested lengths, if they were random.
      - The mean may then deviate by three standard errors in addition, and no answer may exceed the bounds by more than
        C(output_tokens) in O(limits) allows.
    type: dict
    suboptions:
      std_dev:
        description: Standard deviation of the requested lengths in tokens.
        type: float
        default: 0
      min:
        description: Smallest requested length in tokens.
        type: float
      max:
        description: Largest requested length in tokens.
        type: float
  max_in_flight:
    description:
      - Maximum number of requests that the load generator may have in flight.
      - The limit is not judged if the option is not set.
    type: int
  limits:
    description:
      - Limits that replace the defaults of the module, by name.
      - V(schedule_delay_p99), in seconds, is C(0.010) by default.
      - V(output_tokens), as a fraction of the requested mean, is C(0.05) by default.
      - V(in_flight), as the fraction of O(max_in_flight) that is in use on average, is C(0.8) by default.
      - V(calibration_ttft), in seconds, is C(0.010) by default.
      - V(calibration_tpot), as a fraction, is C(0.05) by default.
    type: dict
    default: {}
  timeout:
    description: Maximum number of seconds for the whole task.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Read the results
  llmops.gke.inference_perf_info:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    job: inference-perf
    warmup_stages: 1
    output_tokens: 64
  register: benchmark
"""

RETURN = r"""
results:
  description: Figures of the run. Times are in seconds.
  returned: success
  type: dict
  contains:
    stages:
      description: Figures of each stage after the warm-up stages, in the order of the run.
      type: list
      elements: dict
      contains:
        offered_rate:
          description: Requests per second that the stage asked for. It is null for a stage without a rate.
          type: float
        offered_concurrency:
          description: Number of requests kept in flight by a stage without a rate, else null.
          type: int
        achieved_rate: {description: Requests per second that were sent., type: float}
        requests: {description: Number of requests that were answered., type: int}
        failures: {description: Number of requests that failed., type: int}
        failure_reasons: {description: Kinds of failures that occurred., type: list, elements: str}
        requests_per_second: {description: Answers per second until the last one., type: float}
        output_tokens_per_second: {description: Generated tokens per second of all answers., type: float}
        schedule_delay_p99: {description: 99th percentile of the delay with which requests were sent., type: float}
        prompt_tokens: {description: Mean number of tokens of a prompt., type: float}
        output_tokens: {description: "Mean, minimum and maximum number of tokens of an answer.", type: dict}
        ttft:
          description: Time to the first token, C(p50) and C(p95) (null below 59 requests).
          type: dict
          sample: {p50: 0.31, p95: 0.42}
        tpot: {description: Time for each output token after the first., type: dict, sample: {p50: 0.048, p95: 0.051}}
        e2e: {description: Time of a whole request with its answer., type: dict, sample: {p50: 3.4, p95: 3.6}}
        in_flight: {description: Average number of requests in flight., type: float}
    knee:
      description:
        - Heaviest stage before requests begin to wait, that is, whose time to the first token is at most twice that of
          the lightest stage.
        - C(reached) is false if even the heaviest stage of the run stayed below.
      type: dict
      sample: {stage: 2, offered: 2.0, reached: true}
    calibration:
      description: Measurement of a server of known timing, and its error.
      type: dict
      sample:
        requests: 40
        offered_rate: 4.0
        offered_concurrency: null
        ttft: {known: 0.1004, measured: 0.1021, error: 0.0017}
        tpot: {known: 0.02, measured: 0.02001, error: 0.00001, ratio: 1.0005}
load:
  description: Figures in the form of O(llmops.gke.llm_report#module:load). It is null for a load without a rate.
  returned: success
  type: dict
pods:
  description: Ready pods behind O(service), in the form of O(llmops.gke.llm_report#module:pods).
  returned: success
  type: list
  elements: dict
  sample:
    - pod: mistral-7b-5d9c7f8b6-x2x8k
      gpus: 1
      machine_type: g2-standard-12
      accelerator_type: nvidia-l4
      zone: us-central1-a
      node_pool: mistral-gpu-pool
      spot: false
duration:
  description: Number of seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Number of HTTP requests that were sent.
  returned: success
  type: int
error:
  description:
    - Structured description of the failure.
    - Its C(kind) is C(not_trustworthy), with C(findings) (name, stage and message of each), or C(results_missing).
  returned: failure
  type: dict
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.inference_perf_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()

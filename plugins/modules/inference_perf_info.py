#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and judges the results of an inference-perf Job."""

from __future__ import annotations

DOCUMENTATION = r"""
module: inference_perf_info
short_description: Read the results of an inference-perf Job, and judge whether they can be trusted
version_added: 0.1.0
description:
  - Reads the reports that the Job of the role C(llmops.gke.benchmark) wrote into its log.
  - Fails with every reason at once, and without figures, where the run measured itself instead of the server.
  - C(ttft_missing), no time to first token was measured. C(schedule_delay), requests left late. C(failures), requests
    failed. C(output_tokens), answers were not as long as asked for. C(worker_cap), requests waited behind the limit of
    the senders, where no latency counts them. C(calibration), a server of known timing was measured wrongly.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: It only reads.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent: {support: full}
options:
  namespace:
    description: Namespace in which the Job runs.
    type: str
    default: default
  job:
    description: Name of the inference-perf Job.
    type: str
    default: inference-perf
  service:
    description: The Service that was under load, in the same namespace. With it RV(pods) tells what stood behind.
    type: str
  warmup_stages:
    description: How many stages at the beginning are left out.
    type: int
    default: 0
  output_tokens:
    description: Mean number of tokens that was asked for; where it is left out, the length of answers is not judged.
    type: float
  output_distribution:
    description:
      - How the lengths that were asked for vary, for random ones. The mean may then be off by chance as well, three
        standard errors for so many requests, and no answer may lie beyond the bounds by more than the part that
        C(output_tokens) in O(limits) allows.
    type: dict
    suboptions:
      std_dev:
        description: Standard deviation of the output length in tokens.
        type: float
        default: 0
      min:
        description: Minimum output length in tokens.
        type: float
      max:
        description: Maximum output length in tokens.
        type: float
  max_in_flight:
    description:
      - How many requests all senders together may have open; where it is left out, their limit is not judged.
    type: int
  limits:
    description:
      - Limits other than those of the module.
      - C(schedule_delay_p99) (seconds, 0.010), C(output_tokens) (part of the wanted mean, 0.05), C(in_flight) (part of
        O(max_in_flight) in use on average, 0.8), C(calibration_ttft) (seconds, 0.010), C(calibration_tpot) (part,
        0.05).
    type: dict
    default: {}
  timeout:
    description: Seconds that the whole task may take.
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
  description: The figures; times are in seconds.
  returned: success
  type: dict
  contains:
    stages:
      description: One for each stage that counts, in the order of the run.
      type: list
      elements: dict
      contains:
        offered_rate: {description: Requests a second that were asked for., type: float}
        offered_concurrency: {description: Requests kept open instead of a rate., type: int}
        achieved_rate: {description: Requests a second that were sent., type: float}
        requests: {description: Requests that were answered., type: int}
        failures: {description: Requests that were not., type: int}
        failure_reasons: {description: Kinds of failures., type: list, elements: str}
        requests_per_second: {description: Answers a second., type: float}
        output_tokens_per_second: {description: Tokens a second of all answers., type: float}
        schedule_delay_p99: {description: How late requests left., type: float}
        prompt_tokens: {description: Mean tokens of a prompt., type: float}
        output_tokens: {description: "Tokens of an answer: C(mean), C(min), C(max).", type: dict}
        ttft:
          description: Time to first token, C(p50) and C(p95) (null below 59 requests).
          type: dict
          sample: {p50: 0.31, p95: 0.42}
        tpot: {description: Time an output token after the first., type: dict, sample: {p50: 0.048, p95: 0.051}}
        e2e: {description: Time of a whole request., type: dict, sample: {p50: 3.4, p95: 3.6}}
        in_flight: {description: Requests open on average., type: float}
    knee:
      description:
        - The hardest stage before waiting begins, that is, whose time to first token stays within twice that of the
          lightest; C(reached) is false where even the hardest did.
      type: dict
      sample: {stage: 2, offered: 2.0, reached: true}
    calibration:
      description: What was measured of a server of known timing, and its error.
      type: dict
      sample:
        requests: 40
        offered_rate: 4.0
        offered_concurrency: null
        ttft: {known: 0.1004, measured: 0.1021, error: 0.0017}
        tpot: {known: 0.02, measured: 0.02001, error: 0.00001, ratio: 1.0005}
load:
  description: The same for the option O(llmops.gke.llm_report#module:load); null for a load that has no rate.
  returned: success
  type: dict
pods:
  description: The ready pods behind O(service), as the option O(llmops.gke.llm_report#module:pods) takes them.
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
  description: Seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Requests that were sent.
  returned: success
  type: int
error:
  description:
    - What failed, for programs to read. C(kind) is C(not_trustworthy) with C(findings) (name, stage, message), or
      C(results_missing).
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

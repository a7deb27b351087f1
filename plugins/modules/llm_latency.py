#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: llm_latency
version_added: 0.2.0
short_description: Measure the latency of a served language model
description:
  - Sends streamed requests one after the other over one connection and times every token as it arrives, with a
    monotonic clock. Tokens are counted by the server, never derived from O(max_tokens).
  - Distinguishes cold from hot. The first request to a fresh server (one whose own metrics say that it has received no
    request yet) is returned in RV(cold). The distribution over O(samples) requests, measured after O(warmup) discarded
    ones, is returned in RV(hot).
  - Each figure comes with the number of its samples and the 95 % confidence interval of its median. Percentiles are
    returned only if there are enough samples to know them.
  - Requests never overlap. The role P(llmops.gke.benchmark#role) measures the server under load.
  - Compares up to three sources for the same requests, which are this client, what the server says of each request, and
    the growth of the counters in C(/metrics). Disagreements are returned in RV(cross_checks) and as warnings.
  - With O(service) and access to its cluster (O(cluster) or O(kubeconfig)), the cold start of the pods behind the
    Service is returned phase by phase in RV(pods).
  - In check mode the options are checked and the server is asked for its health and model. Nothing is generated.
extends_documentation_fragment:
  - llmops.gke.llm.engine
  - llmops.gke.llm.server
  - llmops.gke.llm.sampling
  - llmops.gke.llm.messages
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.port_forward
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_llm
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The module changes nothing.
  idempotent:
    support: full
    details: The module changes nothing.
options:
  prompt:
    description:
      - Text to complete, sent to the model as it is.
      - Instruction-tuned models expect it in their own template, for Mistral-7B-Instruct C([INST] … [/INST]).
      - Exactly one of O(prompt) and O(messages) is required.
    type: str
  warmup:
    description: Number of requests that are sent and discarded before the samples.
    type: int
    default: 3
  samples:
    description: Number of requests to measure. The 95th percentile requires at least 59 samples, the 99th 299.
    type: int
    default: 20
  thresholds:
    description:
      - Upper limits in seconds, by the name of the figure. The task fails when a figure exceeds its limit.
      - The limits V(ttft_seconds), V(tpot_seconds), V(ntpot_seconds), V(e2e_seconds) and V(overhead_seconds) are
        compared with the median in RV(hot).
      - The limits V(cold_ttft_seconds), V(cold_tpot_seconds), V(cold_ntpot_seconds) and V(cold_e2e_seconds) are
        compared with RV(cold), if there was a cold request.
      - The limit V(cold_start_seconds) is compared with the slowest pod in RV(pods).
    type: dict
  targets:
    description: C(ttft_milliseconds) and C(ntpot_milliseconds), which are limits where O(thresholds) has none of these.
    type: dict
  enforce:
    description:
      - Fail the task when a figure exceeds its limit. When V(false), it succeeds, and RV(breach) says which did.
    type: bool
    default: true
  service:
    description:
      - Name of the Kubernetes Service whose pods are examined for their cold start.
      - It requires O(cluster) or O(kubeconfig).
    type: str
  namespace:
    description: Namespace of O(service). When not set, it is that of the kubeconfig's context, or V(default).
    type: str
  gpu_metrics:
    description: >-
      Read the DCGM exporters of the GPUs that serve O(service) once a second during the measurement. Exporters that
      collect only every 30 seconds return the same value until the next collection.
    type: bool
    default: false
  timeout:
    description: Maximum number of seconds for the whole task, including retries.
    type: int
    default: 900
seealso:
  - module: llmops.gke.llm_generate
  - module: llmops.gke.llm_report
author:
  - The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Refuse a deployment that is slower than agreed
  llmops.gke.llm_latency:
    url: http://203.0.113.10
    prompt: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    max_tokens: 100
    thresholds:
      ttft_seconds: 0.5
      tpot_seconds: 0.06
      cold_ttft_seconds: 5
  register: latency

- name: Measure, and see where the time goes until a pod is ready
  llmops.gke.llm_latency:
    url: http://203.0.113.10
    prompt: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    service: mistral-7b-service
"""

RETURN = r"""
reachable:
  description: Whether the model server answered the request.
  type: bool
  returned: success
  sample: true
unreachable_reason:
  description: Reason why the model server could not be reached.
  type: str
  returned: in check mode, if RV(reachable=false)
url:
  description: Base URL of the model server.
  type: str
  returned: success
  sample: http://203.0.113.10
model:
  description: Name of the model that the server says it serves.
  type: str
  returned: if RV(reachable=true)
  sample: mistralai/Mistral-7B-Instruct-v0.1
engine: {description: "Name of the model server, as given in O(engine).", type: str, returned: out of check mode}
info:
  description: What the model server says of itself. Entries are null if it does not tell them.
  type: dict
  returned: out of check mode
  contains:
    server: {description: Full name of the model server., type: str}
    version: {description: Version of the model server., type: str}
    max_input_tokens: {description: Maximum number of prompt tokens of a request., type: int}
    max_total_tokens: {description: Maximum number of tokens of a request and its answer., type: int}
    details: {description: "All that the server says of itself, in its own terms.", type: dict}
  sample: {server: text-generation-inference, version: 3.3.5, max_input_tokens: 4095, max_total_tokens: 4096}
cold:
  description: Figures of the first request to a fresh server. It is null if the server was not fresh.
  type: dict
  returned: out of check mode
  contains:
    ttft_seconds: {description: Seconds from sending the request to the first token., type: float}
    tpot_seconds: {description: Seconds for each token after those that arrived first., type: float}
    ntpot_seconds: {description: RV(cold.e2e_seconds) divided by the number of all tokens., type: float}
    e2e_seconds: {description: Seconds from sending the request to the last token., type: float}
    tokens: {description: "Number of generated tokens, as counted by the server.", type: int}
  sample: {ttft_seconds: 2.1, tpot_seconds: 0.0483, ntpot_seconds: 0.0688, e2e_seconds: 6.88, tokens: 100}
cold_reason:
  description: How it is known whether the server was fresh, or why that is unknown.
  type: str
  returned: out of check mode
  sample: the server had answered no request before (tgi_request_count)
hot:
  description:
    - Distribution of each figure of RV(cold) over the samples, and of C(overhead_seconds).
    - A figure that could not be measured is null.
  type: dict
  returned: out of check mode
  contains:
    ttft_seconds:
      description: Distribution of the time to the first token. All distributions have the same keys.
      type: dict
      contains:
        n: {description: Number of samples of the figure., type: int}
        median: {description: Median of all the samples., type: float}
        low: {description: Lower end of the median's 95 % confidence interval (null below 6 samples)., type: float}
        high: {description: Upper end of the median's 95 % confidence interval (null below 6 samples)., type: float}
        mean: {description: Arithmetic mean of the samples., type: float}
        min: {description: Smallest of all the samples., type: float}
        max: {description: Largest of all the samples., type: float}
        p95: {description: 95th percentile (nearest rank). It is null below 59 samples., type: float}
        p99: {description: 99th percentile (nearest rank). It is null below 299 samples., type: float}
    tpot_seconds: {description: Distribution of RV(cold.tpot_seconds) over the samples., type: dict}
    ntpot_seconds: {description: Distribution of RV(cold.ntpot_seconds) over the samples., type: dict}
    e2e_seconds: {description: Distribution of RV(cold.e2e_seconds) over the samples., type: dict}
    overhead_seconds:
      description: Distribution of the client's time for a request of one token minus the time that the server tells.
      type: dict
tokens:
  description: Median, minimum and maximum of the number of tokens generated for a sample.
  type: dict
  returned: out of check mode
  sample: {median: 100, min: 100, max: 100}
prompt_tokens: {description: Tokens of the prompt. Null where unknown., type: int, returned: out of check mode}
port_forwarded: {description: Whether the API server forwarded the requests., type: bool, returned: out of check mode}
tokens_per_arrival:
  description: Median number of tokens that arrive together.
  type: float
  returned: out of check mode
  sample: 1.0
buffered:
  description:
    - Whether something between the model and the client, such as a proxy, collects tokens.
    - It is decided by the time between arrivals, compared with the time that the server itself takes for a token.
  type: bool
  returned: out of check mode
samples:
  description: All samples of each figure, in the order in which they were taken.
  type: dict
  returned: out of check mode
  sample: {ttft_seconds: [0.104, 0.105], tpot_seconds: [0.0483, 0.0484]}
cross_checks:
  description: Number of requests, number of tokens and mean time of the same requests, by several sources.
  type: dict
  returned: out of check mode
  contains:
    streamed:
      description: The hot samples, by this C(client), and by C(metrics) (null if the counters cannot be read).
      type: dict
    single:
      description: Answers of one token that are not streamed, also by C(replies), what the server says of each.
      type: dict
    tolerance: {description: Part of the server's time by which times may differ if C(agree) is true., type: float}
    agree: {description: Whether the sources agree. It is null if there is no source but the client., type: bool}
    disagreements: {description: Contradictions between the sources and their causes., type: list, elements: str}
    explained: {description: "Differences beyond C(tolerance), by the way there.", type: list, elements: str}
  sample: {streamed: {client: {requests: 20, mean_seconds: 4.83}}, tolerance: 0.1, agree: true, disagreements: []}
pods:
  description:
    - Ready pods behind O(service), with their machine and their cold start. It is null if O(service) is not set.
    - The phases in C(start_stages) follow each other. V(asked) lasts until the cluster's autoscaler requested a
      machine, V(machine) until the machine was a node, V(scheduled) until a node had room for the pod, V(image) until
      the container ran. After the phases of the model server in RV(phases), V(ready) lasts until a probe succeeded.
    - V(asked) and V(machine) are present only if the node was created for the pod, and V(asked) only for an hour.
    - Phases that the server's log does not tell apart are part of its last phase, and so is V(ready).
  type: list
  elements: dict
  returned: out of check mode
  sample:
    - {pod: mistral-7b-5d9c7f8b6-x2x8k, image: "ghcr.io/huggingface/text-generation-inference:3.3.5", gpus: 1,
       quantization: "", settings: {NUM_SHARD: "1"}, node: gke-1, machine_type: g2-standard-12, spot: false,
       accelerator_type: nvidia-l4, zone: us-central1-a, node_pool: pool, weights: the Hugging Face Hub, restarts: 0,
       created: "2026-01-01T12:00:00+00:00", start_seconds: 126.0,
       start_stages: [{name: scheduled, seconds: 90.0}, {name: load, seconds: 36.0}]}
phases:
  description: Meaning of each phase that the model server's log tells of its start, by name.
  type: dict
  returned: out of check mode
  sample: {weights: until the weights lay on the node}
gpu:
  description: Time series of the GPUs during the measurement. It is null unless O(gpu_metrics=true).
  type: list
  elements: dict
  returned: out of check mode
  sample: [{name: DCGM_FI_DEV_GPU_UTIL, unit: "%", node: gke-1, gpu: "0", points: [[0.0, 0.0], [1.0, 97.0]]}]
thresholds:
  description: Each limit of O(thresholds) with the measured value. C(passed) is null if the figure was not measured.
  type: list
  elements: dict
  returned: out of check mode
  sample: [{name: ttft_seconds, limit: 0.5, value: 0.104, passed: true}]
breach:
  description: Limits that were exceeded, the figures, and what to look at. It is null if no limit was exceeded.
  type: str
  returned: out of check mode
http_requests:
  description: Number of HTTP requests that were sent.
  type: int
  returned: success
  sample: 32
duration:
  description: Number of seconds that the task took.
  type: float
  returned: success
  sample: 118.2
error:
  description: What failed. It has all figures as C(measured) if its C(kind) is C(threshold_breached).
  type: dict
  returned: failure
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.llm_latency import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()

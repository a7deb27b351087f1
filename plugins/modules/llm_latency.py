#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: llm_latency
version_added: 0.1.0
short_description: Measure the latency of a model that text-generation-inference serves
description:
  - Sends streamed requests one after the other over one connection and times every token as it arrives, by a
    monotonic clock. Tokens are counted by the server, never guessed from O(parameters.max_new_tokens).
  - Tells cold from hot. The first request of a fresh server (its own metrics say that it answered none before) is
    RV(cold); RV(hot) is what O(samples) requests show after O(warmup) discarded ones.
  - Each figure comes with the number of its samples and the 95 % confidence interval of its median; tails are given
    only where there are enough samples to know them.
  - Load is not measured here; requests never overlap.
  - In check mode the options are checked, the server is asked for its health and its model, and nothing is generated.
  - Three witnesses are held against each other, that is, this client, the times in TGI's headers, and how much the
    counters in C(/metrics) grew. Where they disagree, RV(witnesses) and a warning say so.
  - With O(service) and a way into its cluster (O(cluster) or O(kubeconfig)) the cold start of the pods behind it is
    itemised in RV(pods).
  - O(url) may be a load balancer's address; without one, O(port_forward) goes through the cluster's API server.
extends_documentation_fragment:
  - llmops.gke.tgi
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.port_forward
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_tgi
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
  idempotent:
    support: full
    details: Nothing is changed.
options:
  inputs:
    description:
      - The prompt, in the model's own template.
      - For Mistral-7B-Instruct that is C([INST] … [/INST]).
    type: str
    required: true
  warmup:
    description: Requests that are sent and discarded before the samples.
    type: int
    default: 3
  samples:
    description: Requests that are measured. Below 59 there is no 95th percentile, below 299 no 99th.
    type: int
    default: 20
  thresholds:
    description:
      - Limits in seconds by name. Above any of them the task fails with the figures and what to look at.
      - V(ttft_seconds), V(tpot_seconds), V(ntpot_seconds), V(e2e_seconds) and V(overhead_seconds) are held against the
        hot median; V(cold_ttft_seconds), V(cold_tpot_seconds), V(cold_ntpot_seconds) and V(cold_e2e_seconds) against
        the cold request, where there was one; V(cold_start_seconds) against the slowest of RV(pods).
    type: dict
  enforce:
    description: Whether a broken limit fails the task. Else RV(breach) tells of it, for a later task to fail by.
    type: bool
    default: true
  service:
    description: The Service whose pods' cold start is itemised. Needs O(cluster) or O(kubeconfig).
    type: str
  namespace:
    description: Namespace of O(service); V(default), or that of the kubeconfig's context, where left out.
    type: str
  gpu_metrics:
    description:
      - Whether to read the DCGM exporters of the GPUs that serve O(service) meanwhile, over a connection of their own,
        one request a second. What an exporter collects only every 30 seconds shows as steps.
    type: bool
    default: false
  timeout:
    description: Seconds for everything, retries included.
    type: int
    default: 900
seealso:
  - module: llmops.gke.tgi_generate
author:
  - The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Refuse a deployment that is slower than agreed
  llmops.gke.llm_latency:
    url: http://203.0.113.10
    inputs: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    parameters:
      max_new_tokens: 100
    thresholds:
      ttft_seconds: 0.5
      tpot_seconds: 0.06
      cold_ttft_seconds: 5
  register: latency

- name: Measure, and see where the time goes until a pod is ready
  llmops.gke.llm_latency:
    url: http://203.0.113.10
    inputs: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    service: mistral-7b-service
"""

RETURN = r"""
reachable:
  description: Whether the server answered.
  type: bool
  returned: success
  sample: true
unreachable_reason:
  description: Why the server could not be reached.
  type: str
  returned: in check mode, if RV(reachable=false)
url:
  description: The server's base URL.
  type: str
  returned: success
  sample: http://203.0.113.10
model:
  description: The model that the server says it serves.
  type: str
  returned: if RV(reachable=true)
  sample: mistralai/Mistral-7B-Instruct-v0.1
cold:
  description: The first request of a fresh server, or null where the server was not fresh.
  type: dict
  returned: out of check mode
  contains:
    ttft_seconds: {description: From sending the request to the first event., type: float}
    tpot_seconds: {description: (last event - first) / tokens after the first arrival; null without any., type: float}
    ntpot_seconds: {description: RV(cold.e2e_seconds) over all tokens., type: float}
    e2e_seconds: {description: From sending the request to the last event., type: float}
    tokens: {description: Generated tokens as the server counted them., type: int}
  sample: {ttft_seconds: 2.1, tpot_seconds: 0.0483, ntpot_seconds: 0.0688, e2e_seconds: 6.88, tokens: 100}
cold_reason:
  description: How it is known whether the server was fresh, or why it is not known.
  type: str
  returned: out of check mode
  sample: the server had answered no request before (tgi_request_count)
hot:
  description:
    - The distribution of each metric over the samples, by name, as in RV(cold), and C(overhead_seconds), the client's
      time less the server's own for a request that is not streamed.
    - A metric that could not be measured is null.
  type: dict
  returned: out of check mode
  contains:
    ttft_seconds:
      description: Like every metric, a dictionary with these keys.
      type: dict
      contains:
        n: {description: Number of samples., type: int}
        median: {description: The median., type: float}
        low: {description: Lower end of the median's 95 % confidence interval; null below 6 samples., type: float}
        high: {description: Upper end of the interval., type: float}
        mean: {description: The arithmetic mean., type: float}
        min: {description: The least sample., type: float}
        max: {description: The greatest sample., type: float}
        p95: {description: 95th percentile (nearest rank); null below 59 samples., type: float}
        p99: {description: 99th percentile (nearest rank); null below 299 samples., type: float}
    tpot_seconds: {description: See RV(cold.tpot_seconds)., type: dict}
    ntpot_seconds: {description: See RV(cold.ntpot_seconds)., type: dict}
    e2e_seconds: {description: See RV(cold.e2e_seconds)., type: dict}
    overhead_seconds: {description: The way to the server and back., type: dict}
tokens:
  description: Generated tokens a sample; C(median), C(min) and C(max).
  type: dict
  returned: out of check mode
  sample: {median: 100, min: 100, max: 100}
tokens_per_arrival:
  description: Median of tokens that arrive together; clearly above 1 where a proxy on the way collects them.
  type: float
  returned: out of check mode
  sample: 1.0
samples:
  description: Each metric's samples in the order in which they were taken.
  type: dict
  returned: out of check mode
  sample: {ttft_seconds: [0.104, 0.105], tpot_seconds: [0.0483, 0.0484]}
buffered:
  description: Whether something between model and client hands over tokens in bundles.
  type: bool
  returned: out of check mode
  sample: false
witnesses:
  description: What client, headers and C(/metrics) say of the same requests.
  type: dict
  returned: out of check mode
  contains:
    streamed:
      description: The hot samples; C(client), C(headers) (null, streams have none) and C(metrics) (null if unreadable).
      type: dict
    single:
      description: The answers of one token that are not streamed, by the same witnesses.
      type: dict
    agree: {description: Whether they agree; null where only the client was heard., type: bool}
    disagreements:
      description: What they say differently.
      type: list
      elements: str
  sample:
    streamed:
      client: {requests: 20, tokens: 2000, mean_seconds: 4.83}
      headers: null
      metrics: {requests: 20, tokens: 2000, mean_seconds: 4.81}
    agree: true
    disagreements: []
info:
  description: What the server's C(/info) says.
  type: dict
  returned: out of check mode
  sample: {model_id: mistralai/Mistral-7B-Instruct-v0.1, version: 3.3.5, max_total_tokens: 4096}
pods:
  description:
    - The ready pods behind O(service), what they run on which machine, and how they came to life; null without it.
    - The stages follow each other. V(asked) lasts until the autoscaler asked for a machine, V(machine) until that was a
      node, V(scheduled) until a node had room, V(image) until the container ran, V(weights) until they lay on the node,
      V(load) until the server answered, V(ready) until a probe saw it.
    - V(asked) and V(machine) are there only where the node came for the pod, and V(asked) for an hour.
    - Where the log does not tell them apart, V(weights) and V(ready) are part of V(load).
    - Kubernetes gives its moments in whole seconds.
  type: list
  elements: dict
  returned: out of check mode
  sample:
    - pod: mistral-7b-5d9c7f8b6-x2x8k
      image: ghcr.io/huggingface/text-generation-inference:3.3.5
      gpus: 1
      env: {MODEL_ID: mistralai/Mistral-7B-Instruct-v0.1, NUM_SHARD: "1"}
      node: gke-mistral-cluster-gke-mistral-gpu-pool-1
      machine_type: g2-standard-12
      accelerator_type: nvidia-l4
      zone: us-central1-a
      node_pool: mistral-gpu-pool
      spot: false
      restarts: 0
      created: "2026-01-01T12:00:00+00:00"
      start_seconds: 171.0
      start_stages: [{name: scheduled, seconds: 90.0}, {name: image, seconds: 45.0}, {name: load, seconds: 36.0}]
gpu:
  description: Series of the GPUs during the measurement; null without O(gpu_metrics), empty where no exporter answered.
  type: list
  elements: dict
  returned: out of check mode
  sample: [{name: DCGM_FI_DEV_GPU_UTIL, unit: "%", node: gke-1, gpu: "0", points: [[0.0, 0.0], [1.0, 97.0]]}]
thresholds:
  description: Each limit beside its figure; C(passed) is null where it was not measured.
  type: list
  elements: dict
  returned: out of check mode
  sample: [{name: ttft_seconds, limit: 0.5, value: 0.104, passed: true}]
breach:
  description: Which limits are broken, by which figures, and what to look at; null where all hold.
  type: str
  returned: out of check mode
http_requests:
  description: Requests that were sent.
  type: int
  returned: success
  sample: 32
duration:
  description: Seconds that the task took.
  type: float
  returned: success
  sample: 118.2
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.llm_latency import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tgi_latency
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
extends_documentation_fragment:
  - llmops.gke.tgi
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
        the cold request, where there was one.
    type: dict
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
  llmops.gke.tgi_latency:
    url: http://203.0.113.10
    inputs: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    parameters:
      max_new_tokens: 100
    thresholds:
      ttft_seconds: 0.5
      tpot_seconds: 0.06
      cold_ttft_seconds: 5
  register: latency
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
    ttft_seconds:
      description: From sending the request to the first event.
      type: float
    tpot_seconds:
      description: (last event - first event) / (tokens - tokens of the first arrival); null where all came at once.
      type: float
    ntpot_seconds:
      description: RV(cold.e2e_seconds) over all tokens.
      type: float
    e2e_seconds:
      description: From sending the request to the last event.
      type: float
    tokens:
      description: Generated tokens as the server counted them.
      type: int
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
        n:
          description: Number of samples.
          type: int
        median:
          description: The median.
          type: float
        low:
          description: Lower end of the median's 95 % confidence interval; null below 6 samples.
          type: float
        high:
          description: Upper end of the interval.
          type: float
        mean:
          description: The arithmetic mean.
          type: float
        min:
          description: The least sample.
          type: float
        max:
          description: The greatest sample.
          type: float
        p95:
          description: 95th percentile (nearest rank); null below 59 samples.
          type: float
        p99:
          description: 99th percentile (nearest rank); null below 299 samples.
          type: float
    tpot_seconds:
      description: See RV(cold.tpot_seconds).
      type: dict
    ntpot_seconds:
      description: See RV(cold.ntpot_seconds).
      type: dict
    e2e_seconds:
      description: See RV(cold.e2e_seconds).
      type: dict
    overhead_seconds:
      description: The way to the server and back.
      type: dict
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
thresholds:
  description: Each limit beside its figure; C(passed) is null where it was not measured.
  type: list
  elements: dict
  returned: out of check mode
  sample: [{name: ttft_seconds, limit: 0.5, value: 0.104, passed: true}]
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

from ansible_collections.llmops.gke.plugins.module_utils.carrier import ModuleSpec, run_module
from ansible_collections.llmops.gke.plugins.module_utils.serving.engines import run_latency
from ansible_collections.llmops.gke.plugins.module_utils.tgi_options import TGI_REQUEST

SPEC = ModuleSpec(
    run=run_latency,
    argument_spec={
        **TGI_REQUEST,
        "warmup": {"type": "int", "default": 3},
        "samples": {"type": "int", "default": 20},
        "thresholds": {"type": "dict"},
        "timeout": {"type": "int", "default": 900},
    },
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()

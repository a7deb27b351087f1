#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: llm_report
version_added: 0.1.0
short_description: Write a report of what a served model can do
description:
  - Makes one HTML page that needs no network, and the same as JSON, from what other modules measured. It says whether
    the deployment is fit, that is, whether its limits hold, and shows latency distributions, cold start, what fits the
    GPU, cost of a token, and how far the figures can be trusted.
  - Takes registered results as they are, those of failed tasks too. A broken limit is then part of the report.
  - A report is output and no state, so RV(ignore:changed) is always false. In check mode nothing is written.
extends_documentation_fragment:
  - llmops.gke.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: A report is new each time.
  idempotent:
    support: full
    details: A report is new each time, and counts as no change.
options:
  path:
    description: Where to write the page; its directory is made. Left out or empty for no page.
    type: path
  json_path:
    description: Where to write the same as JSON. Left out or empty for none.
    type: path
  title:
    description: Title at the top of the report.
    type: str
    default: A served language model
  latency:
    description: Result of a M(llmops.gke.llm_latency) task.
    type: dict
  answer:
    description: Result of a M(llmops.gke.tgi_generate) task.
    type: dict
  model:
    description: Result of a M(llmops.gke.hf_model_info) task.
    type: dict
  load:
    description:
      - What a load test found.
      - C(stages) is a list, in the order of the offered rate, of C(offered_rate) and C(achieved_rate) (requests a
        second), C(output_tokens_per_second), C(ttft) and C(tpot) with C(p50) and C(p95) (seconds), and C(failures).
      - C(knee) is the highest offered rate that the server keeps up with, C(tool) says what measured, C(calibration)
        in a sentence how far it is off.
    type: dict
  pods:
    description:
      - The pods that serve, as M(llmops.gke.inference_perf_info) or M(llmops.gke.llm_latency) returned them, for the
        cost of a token where O(latency) has none.
    type: list
    elements: dict
  gpu:
    description: Series of the GPU, each with C(name), C(unit), and C(points), a list of pairs of seconds and value.
    type: list
    elements: dict
  gpus:
    description: The RV(llmops.gke.gpu_metrics_info#module:gpus) that M(llmops.gke.gpu_metrics_info) returned.
    type: list
    elements: dict
  prices:
    description:
      - US dollars an hour over the built-in list prices, by machine type for the whole machine, or by the names that
        M(llmops.gke.gcp_preflight) takes.
    type: dict
  simulated_speed:
    description: How many times faster than life the figures came about, where a sandbox gave them.
    type: float
seealso:
  - module: llmops.gke.llm_latency
  - module: llmops.gke.tgi_generate
  - module: llmops.gke.hf_model_info
author:
  - The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Measure
  llmops.gke.llm_latency:
    url: http://203.0.113.10
    inputs: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    thresholds: {ttft_seconds: 0.5}
  register: latency
  ignore_errors: true

- name: Write the report, whether the limits held or not
  llmops.gke.llm_report:
    path: ~/reports/mistral.html
    json_path: ~/reports/mistral.json
    latency: "{{ latency }}"
    prices: {g2-standard-12: 0.62}
"""

RETURN = r"""
report:
  description: All of the report, as in O(json_path).
  type: dict
  returned: success
  contains:
    verdict:
      description: C(state) is V(fit), V(unfit) or V(unjudged) (no limit was set), C(reasons) and C(cautions) say why.
      type: dict
    simulated:
      description: Whether a sandbox gave the figures.
      type: bool
    cost:
      description:
        - US dollars a million tokens, C(alone) and C(loaded), at C(hour) for what C(of) says, of which there are
          C(replicas); or null.
      type: dict
    latency:
      description: Of O(latency) what is shown.
      type: dict
    answer:
      description: Of O(answer) what is shown.
      type: dict
    model:
      description: Of O(model) what is shown.
      type: dict
    load:
      description: As O(load).
      type: dict
    gpu:
      description: As O(gpu).
      type: list
      elements: dict
    gpus:
      description: As O(gpus).
      type: list
      elements: dict
short:
  description: The few figures that fit a job's summary.
  type: dict
  returned: success
  sample:
    verdict: fit
    reasons: [ttft_seconds is 104 ms]
    cautions: []
    model: mistralai/Mistral-7B-Instruct-v0.1
    medians: {ttft_seconds: 0.104, tpot_seconds: 0.0483}
    cold_start_seconds: 171.0
    dollars_per_million_tokens: 13.9
    simulated: false
written:
  description: The files that were written.
  type: list
  elements: str
  returned: success
  sample: [~/reports/mistral.html]
duration:
  description: Seconds that the task took.
  type: float
  returned: success
  sample: 0.02
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.llm_report import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()

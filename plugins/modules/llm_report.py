#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: llm_report
version_added: 0.2.0
short_description: Write a report about a served language model
description:
  - Writes one HTML page that needs no network, and the same content as JSON, from the results of other modules.
  - The report says whether the deployment is fit, that is, whether all limits hold. It shows latency distributions, the
    cold start, what fits the GPU, the cost of a token, and how far the figures can be trusted.
  - Registered results are accepted as they are, including those of failed tasks. An exceeded limit becomes part of the
    report.
  - A report is an output and not a state, so RV(ignore:changed) is always false. In check mode nothing is written.
extends_documentation_fragment:
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_report
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: A report is written anew each time.
  idempotent:
    support: full
    details: A report is written anew each time, which does not count as a change.
options:
  path:
    description:
      - Path of the HTML page to write. Its directory is created if it does not exist.
      - No page is written if the option is not set or empty.
    type: path
  json_path:
    description:
      - Path of the JSON file to write, with the same content as the page.
      - No file is written if the option is not set or empty.
      - The runs that the file tells of are kept, see O(beside).
    type: path
  title:
    description: Title at the top of the report.
    type: str
    default: A served language model
  latency:
    description: Registered result of a task with M(llmops.gke.llm_latency).
    type: dict
  answer:
    description: Registered result of a task with M(llmops.gke.llm_generate) or M(llmops.gke.tgi_generate).
    type: dict
  model:
    description: Registered result of a task with M(llmops.gke.hf_model_info).
    type: dict
  load:
    description:
      - Results of a load test, for example RV(llmops.gke.inference_perf_info#module:load).
      - C(stages) is a list, in the order of the offered rate, of dictionaries with C(offered_rate) and C(achieved_rate)
        (requests per second), C(output_tokens_per_second), C(ttft) and C(tpot) with C(p50) and C(p95) (seconds), and
        C(failures).
      - C(knee) is the highest offered rate that the server keeps up with, C(tool) the name of the load generator, and
        C(calibration) a sentence about its error.
    type: dict
  benchmark:
    description:
      - Google's own measurements and manifest, as returned by M(llmops.gke.gke_inference_quickstart_info).
      - Latency without a limit is held against them, or where there are none against what the GPU of O(model) allows.
    type: dict
  pods:
    description:
      - Pods that serve the model, as returned by M(llmops.gke.inference_perf_info) or M(llmops.gke.llm_latency).
      - They are used for the cost of a token if O(latency) has no pods.
    type: list
    elements: dict
  gpu:
    description:
      - Time series of the GPUs, as in RV(llmops.gke.llm_latency#module:gpu).
      - Each has a C(name), a C(unit), and C(points), a list of pairs of seconds and value.
    type: list
    elements: dict
  gpus:
    description: State of each GPU, as in RV(llmops.gke.gpu_metrics_info#module:gpus).
    type: list
    elements: dict
  deployment:
    description: What was deployed, and by whom. What is not given is left out of the report.
    type: dict
    suboptions:
      project:
        description: Google Cloud project of the cluster.
        type: str
      location:
        description: Region or zone of the cluster.
        type: str
      cluster:
        description: GKE cluster that the model runs on.
        type: str
      namespace:
        description: Namespace that the model was deployed to.
        type: str
      name:
        description: Kubernetes Deployment that serves the model.
        type: str
      exposure:
        description: How clients reach the model, for example V(LoadBalancer) or V(internal LoadBalancer).
        type: str
      replicas:
        description: Number of replicas of the model.
        type: int
      deployed_by:
        description: Person or job that deployed the model.
        type: str
      commit:
        description: Commit from which the model was deployed.
        type: str
  prices:
    description:
      - Prices in US dollars per hour, which take precedence over the built-in list prices.
      - The keys are machine types, for the price of the whole machine, or the names that M(llmops.gke.llm_preflight)
        accepts.
    type: dict
  beside:
    description:
      - Paths of other reports' JSON, whose runs are shown beside this one, at most four.
      - The last runs of another model server, version, model, number format, machine or source of the weights, which
        the report at O(json_path) tells of, are shown as well, the newest first.
    type: list
    elements: path
  simulated_speed:
    description: How many times faster than real time the sandbox ran that produced the figures.
    type: float
seealso:
  - module: llmops.gke.llm_latency
  - module: llmops.gke.llm_generate
  - module: llmops.gke.hf_model_info
  - module: llmops.gke.gke_inference_quickstart_info
author:
  - The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Measure
  llmops.gke.llm_latency:
    url: http://203.0.113.10
    prompt: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    thresholds: {ttft_seconds: 0.5}
  register: latency
  ignore_errors: true

- name: Write the report, whether the limits held or not
  llmops.gke.llm_report:
    path: ~/reports/mistral.html
    json_path: ~/reports/mistral.json
    latency: "{{ latency }}"
    prices: {g2-standard-12: 0.62}
    deployment:
      name: mistral-7b
      exposure: LoadBalancer
      replicas: 1
      deployed_by: "{{ lookup('ansible.builtin.env', 'USER') }}"
      commit: 1a2b3c4
"""

RETURN = r"""
report:
  description: Content of the report, the same as in the file O(json_path).
  type: dict
  returned: success
  contains:
    title:
      description: Title of the report, as given in O(title).
      type: str
    made:
      description: When the report was made, in UTC.
      type: str
      sample: 2026-01-01 12:00 UTC
    verdict:
      description:
        - Verdict about the deployment. C(state) is V(fit), V(unfit) (a limit is broken, or nothing was answered),
          V(slow) (no limit was set, and it is slower than RV(report.yardsticks) let expect) or V(unjudged) (there is
          neither).
        - C(headline) says it in a sentence. C(reasons) and C(cautions) explain it.
      type: dict
    yardsticks:
      description:
        - What latency is held against beside limits, by C(name) of the metric, in seconds. C(floor) is the least that
          is possible on the GPU, C(google) the figure of O(benchmark), C(measured) the median, in real time also where
          a sandbox was measured.
        - C(at_most) is what can be expected, from V(google) or from V(floor), as C(by) says. C(within) tells whether
          the median is, and is null for simulated figures. To be slower is a remark, not a failure.
      type: list
      elements: dict
    benchmark:
      description:
        - Google's measurement that the figures are held against (C(best)), why there is none (C(unknown)), and what its
          manifest sets otherwise (C(differences)).
        - It is null if O(benchmark) is not given.
      type: dict
    simulated:
      description: Whether a sandbox produced the figures.
      type: bool
    speed:
      description: Speed of the sandbox, as given in O(simulated_speed). It is null if there is none.
      type: float
    cost:
      description:
        - US dollars per million tokens, for one request at a time (C(alone)) and under load (C(loaded)).
        - C(hour) is the price per hour of what C(of) names, and C(replicas) the number of these.
        - It is null if the price is not known.
      type: dict
    deployment:
      description: What was deployed, as given in O(deployment). It is null if that is not given.
      type: dict
    latency:
      description: What the report shows of O(latency). It is null if that has no figures, as in check mode.
      type: dict
    answer:
      description: What the report shows of O(answer). It is null if that has none.
      type: dict
    model:
      description: What the report shows of O(model). It is null if that is not given.
      type: dict
    load:
      description: Results of the load test, as given in O(load). They are null without.
      type: dict
    gpu:
      description: Time series of the GPUs, as given in O(gpu). They are null without.
      type: list
      elements: dict
    gpus:
      description: State of each GPU, as given in O(gpus). It is null without.
      type: list
      elements: dict
    beside:
      description:
        - Main figures of the reports in O(beside), and of whatever else was measured last in that of O(json_path).
      type: list
      elements: dict
short:
  description: Main figures of the report, for the summary of a job.
  type: dict
  returned: success
  sample:
    verdict: fit
    reasons: [ttft_seconds is 104 ms]
    cautions: []
    model: mistralai/Mistral-7B-Instruct-v0.1
    medians: {ttft_seconds: 0.104, tpot_seconds: 0.0583}
    yardsticks:
      - {name: tpot_seconds, measured: 0.0583, floor: 0.0483, google: null, at_most: 0.0966, by: floor, within: true}
    cold_start_seconds: 171.0
    dollars_per_million_tokens: 13.9
    simulated: false
written:
  description: Paths of the files that were written.
  type: list
  elements: str
  returned: success
  sample: [~/reports/mistral.html]
duration:
  description: Number of seconds that the task took.
  type: float
  returned: success
  sample: 0.02
http_requests:
  description: Number of HTTP requests that were sent, which is always 0.
  type: int
  returned: success
error:
  description: Structured description of the failure. Its C(kind) tells failures apart.
  type: dict
  returned: failure
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.llm_report import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics adapters count as ready when their API answers, on the port that their Service leads to."""

from __future__ import annotations

import json

import jinja2
import pytest
import yaml
from working_copy import ROOT

TEMPLATES = ROOT / "roles" / "model_server" / "templates"
HEALTH = ("/readyz", "/healthz", "/livez")
"""What every server made of k8s.io/apiserver answers without authorization (DelegatingAuthorizationOptions)."""


class Anything(jinja2.Undefined):
    """A variable whose value does not matter here."""

    def __str__(self) -> str:
        return "x"


@pytest.mark.parametrize("name", ["stackdriver_adapter.yaml.j2", "prometheus_adapter.yaml.j2"])
def test_an_adapter_is_ready_when_its_api_answers(name):
    environment = jinja2.Environment(undefined=Anything, autoescape=False)
    environment.filters["to_json"] = lambda value: json.dumps(str(value))
    environment.filters["hash"] = lambda value, _kind: str(value)
    text = environment.from_string((TEMPLATES / name).read_text(encoding="utf-8")).render()
    objects = [one for one in yaml.safe_load_all(text) if one]
    (deployment,) = [one for one in objects if one["kind"] == "Deployment"]
    (service,) = [one for one in objects if one["kind"] == "Service"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    check = container["readinessProbe"]["httpGet"]
    assert (check["path"], check["scheme"]) == (HEALTH[0], "HTTPS")
    target = service["spec"]["ports"][0]["targetPort"]
    assert ports[check["port"]] == ports.get(target, target)

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX 24.6.1 gives them to ansible-runner (awx/main/tasks/jobs.py), without its container.

A private data directory, the project's files at a path of its own, the inventory as a program that prints JSON,
variables that are never templates, credentials in the environment. Otherwise than in AWX, the token_uri of the Google
key and the endpoints are the sandbox's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner
import awx_import
import working_copy
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.playbooks.playground import Sandbox

DATA = awx_import.data()
TEMPLATES = {one["name"]: one for one in DATA["awx_job_templates"]}
WORKFLOWS = {one["name"]: one for one in DATA["awx_workflows"]}
OUTCOMES = ("success", "failure", "always")
BIN = Path(sys.executable).parent
REVISION = "5c1d3f0a9be27c44d1e6a8f0b3927d65ce410f8a"
LINK = "collections/ansible_collections/llmops/gke"


class _Unsafe(yaml.SafeDumper):
    """AWX's safe_dump: each text of an extra variable is marked, so that it is never a template."""

    def represent_data(self, data: Any) -> yaml.Node:
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


@dataclass
class Job:
    """A finished job. status: successful, failed or canceled; events: as AWX keeps them."""

    status: str
    output: str
    events: list[dict[str, Any]] = field(repr=False)

    @property
    def _last(self) -> dict[str, Any]:
        """What the end of the play tells; empty where there was none."""
        ends = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return ends[-1] if ends else {}

    @property
    def artifacts(self) -> dict[str, Any]:
        """What AWX shows as the artifacts of the job."""
        return self._last.get("artifact_data", {})

    @property
    def changed(self) -> int:
        """Changed tasks of all hosts."""
        return sum(self._last["changed"].values())


class Awx:
    """A project, an inventory read from it, and credentials, for jobs on a sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.project = folder / "checkout of AWX"
        working_copy.copy_to(self.project)
        (self.project / LINK).parent.mkdir(parents=True)
        os.symlink(os.readlink(working_copy.ROOT / LINK), self.project / LINK)
        self.inventory = self._read_inventory()
        self.credentials = {"token": "hf_canaryAwx1x9", "api_key": ""}

    def _read_inventory(self) -> dict[str, Any]:
        """What AWX reads from the inventory's source, with the sandbox's endpoints for Google's."""
        command = [str(BIN / "ansible-inventory"), "-i", DATA["awx_inventory_path"], "--list", "--export"]
        done = subprocess.run(command, cwd=self.project, env=self._plain(), check=True, capture_output=True, text=True)
        read = json.loads(done.stdout)
        endpoints = self.sandbox.endpoints
        apis = {name: url for name, url in endpoints["google_auth"].items() if name.endswith("_api_endpoint")}
        ours = {
            "llmops_google_auth": apis,
            "llmops_hf_endpoint": endpoints["huggingface"],
            "llmops_service_port": 8080,
            "llmops_simulated_speed": self.sandbox.speed,
            "verify_latency_samples": 2,
        }
        variables = read["all"].get("vars", {}) | ours
        hosts = read["_meta"]["hostvars"]
        return {"variables": variables, "hosts": {name: hosts.get(name, {}) for name in hosts or ["mistral-7b"]}}

    def _plain(self) -> dict[str, str]:
        """This environment without what would tell ansible of the clone or of credentials."""
        ours = ("ANSIBLE_", "LLMOPS_", "GCP_", "GOOGLE_", "HF_", "PWD")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return kept | {"LC_ALL": "C.UTF-8", "HOME": str(self.folder)}

    def run(
        self,
        template: str,
        answers: dict[str, Any] | None = None,
        *,
        cancel_at: Callable[[dict[str, Any]], bool] | None = None,
        job_type: str = "run",
        hosts: dict[str, dict[str, Any]] | None = None,
        **prompts: Any,
    ) -> Job:
        """Run a job of one of awx/job_templates.yml. answers: of its survey; hosts: instead of the inventory's, as for
        one slice; cancel_at(event): whether somebody cancels the job when this event is seen."""
        made = TEMPLATES[template] | prompts
        private = Path(tempfile.mkdtemp(prefix="awx_7_", dir=self.folder))
        for name in ("env", "inventory"):
            (private / name).mkdir()
        shutil.copytree(self.project, private / "project", symlinks=True, copy_function=os.link)
        self._write_inventory(private / "inventory" / "hosts", hosts or self.inventory["hosts"])
        survey = DATA["awx_surveys"].get(made.get("survey"), {"spec": []})
        defaults = {one["variable"]: one["default"] for one in survey["spec"] if "default" in one}
        meta = {"awx_job_id": 7, "awx_user_name": "admin", "awx_project_revision": REVISION}
        variables = defaults | (answers or {}) | meta
        (private / "env" / "extravars").write_text(yaml.dump(variables, Dumper=_Unsafe))
        arguments = ["-u", "root", *(["--check"] if job_type == "check" else [])]
        arguments += ["--diff"] if made.get("diff_mode") else []
        arguments += ["-t", made["job_tags"]] if made.get("job_tags") else []
        arguments += [f"--skip-tags={made['skip_tags']}"] if made.get("skip_tags") else []
        arguments += ["-" + "v" * made["verbosity"]] if made.get("verbosity") else []
        (private / "env" / "cmdline").write_text(" ".join(arguments))
        events: list[dict[str, Any]] = []
        canceled: list[dict[str, Any]] = []

        def seen(event: dict[str, Any]) -> bool:
            events.append(event)
            if cancel_at and not canceled and cancel_at(event):
                # Nothing answers from now on, so the job is here when it is ended, however late that is.
                os.kill(self.sandbox.endpoints["pid"], signal.SIGSTOP)
                canceled.append(event)
            return False

        runner = ansible_runner.interface.run(
            private_data_dir=str(private),
            ident="7",
            playbook=made["playbook"],
            inventory=str(private / "inventory" / "hosts"),
            envvars=self._environment(private),
            settings={"suppress_ansible_output": True, "suppress_output_file": True, "pexpect_timeout": 0.1},
            suppress_env_files=True,
            event_handler=seen,
            cancel_callback=lambda: bool(canceled),
            quiet=True,
            fact_cache_type="",
        )
        if canceled:
            os.kill(self.sandbox.endpoints["pid"], signal.SIGCONT)
        return Job(runner.status, "\n".join(event.get("stdout", "") for event in events), events)

    def run_workflow(
        self, name: str, answers: dict[str, Any], hosts: dict[str, dict[str, Any]] | None = None
    ) -> dict[str, Job]:
        """Run the nodes of one of awx/workflows.yml, each with the artifacts of those before it; approve what asks.

        Returns the jobs by the nodes' identifiers, in their order.
        """
        nodes = {one["identifier"]: one for one in WORKFLOWS[name]["nodes"]}
        later = {other for one in nodes.values() for on in OUTCOMES for other in one.get(on, [])}
        due = [identifier for identifier in nodes if identifier not in later]
        jobs: dict[str, Job] = {}
        artifacts: dict[str, Any] = {}
        while due:
            node = nodes[due.pop(0)]
            outcome = "success"
            if "job_template" in node:
                prompts = {prompt: node[prompt] for prompt in ("job_type", "skip_tags") if prompt in node}
                job = self.run(node["job_template"], artifacts | answers, hosts=hosts, **prompts)
                jobs[node["identifier"]] = job
                artifacts |= job.artifacts
                outcome = "success" if job.status == "successful" else "failure"
            due += node.get(outcome, []) + node.get("always", [])
        return jobs

    def _write_inventory(self, path: Path, hosts: dict[str, dict[str, Any]]) -> None:
        written = {
            "all": {"hosts": list(hosts), "vars": self.inventory["variables"]},
            "_meta": {"hostvars": {name: {"remote_tower_id": 1, **values} for name, values in hosts.items()}},
        }
        path.write_text(f"#! {sys.executable}\n# -*- coding: utf-8 -*-\nprint({json.dumps(written)!r})\n")
        path.chmod(0o700)

    def _environment(self, private: Path) -> dict[str, str]:
        """What AWX sets, and its credentials' injectors."""
        key = json.loads(Path(self.sandbox.endpoints["service_account_file"]).read_text())
        google = {
            "type": "service_account",
            "private_key": key["private_key"],
            "client_email": key["client_email"],
            "project_id": key["project_id"],
            "token_uri": key["token_uri"],
        }
        file = private / "env" / "tmp3zkz2a9e"
        file.write_text(json.dumps(google, indent=2))
        file.chmod(0o600)
        environment = {
            name: ImmutableSandboxedEnvironment().from_string(template).render(self.credentials)
            for kind in DATA["awx_credential_types"]
            for name, template in kind["injectors"]["env"].items()
        }
        environment |= dict.fromkeys(
            ("GCE_CREDENTIALS_FILE_PATH", "GCP_SERVICE_ACCOUNT_FILE", "GOOGLE_APPLICATION_CREDENTIALS"), str(file)
        )
        environment |= {"GCE_EMAIL": google["client_email"], "GCE_PROJECT": google["project_id"]}
        environment |= {"GCP_AUTH_KIND": "serviceaccount", "GCP_PROJECT": google["project_id"], "GCP_ENV_TYPE": "tower"}
        collections = [f"{private}/requirements_collections", "collections", "~/.ansible/collections"]
        return (
            self._plain()
            | environment
            | {
                "ANSIBLE_COLLECTIONS_PATH": ":".join([*collections, "/usr/share/ansible/collections"]),
                "ANSIBLE_FORCE_COLOR": "True",
                "ANSIBLE_HOST_KEY_CHECKING": "False",
                "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
                "ANSIBLE_RETRY_FILES_ENABLED": "False",
                "AWX_PRIVATE_DATA_DIR": str(private),
                "JOB_ID": "7",
                "INVENTORY_ID": "1",
                "PATH": f"{BIN}:{os.environ['PATH']}",
            }
        )

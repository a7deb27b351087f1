# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: start, stop, status, env, faults."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import yaml

from llmops_gke_sandbox import config as settings
from llmops_gke_sandbox import daemon, fault_text
from llmops_gke_sandbox.environment import exports
from llmops_gke_sandbox.rundir import RunDirectory

_DIRECTORY = (
    "where its files are; default $LLMOPS_GKE_SANDBOX_DIR, else ./.sandbox while one runs there, "
    "else llmops-gke-sandbox in the user's state directory"
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    directory = (options.directory or settings.default_directory()).expanduser().absolute()
    try:
        return options.run(directory, options)
    except (daemon.DaemonError, ValueError, OSError, yaml.YAMLError) as error:
        print(f"llmops-gke-sandbox: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llmops-gke-sandbox", description="A simulated Google Kubernetes Engine on loopback."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run, help: str | None) -> argparse.ArgumentParser:
        added = commands.add_parser(name, description=help, **({"help": help} if help else {}))
        added.add_argument("--directory", type=Path, help=_DIRECTORY)
        added.set_defaults(run=run)
        return added

    for name, run, help in (("start", _start, "start in the background, wait until ready"), ("serve", _serve, None)):
        added = command(name, run, help)
        added.add_argument("--speed", type=float, help="simulated seconds in each real one; default 50")
        added.add_argument("--project", help="id of its project; default sandbox-project")
        added.add_argument(
            "--kubeconfig",
            type=Path,
            action="append",
            help="a Kubernetes API server to stand behind a cluster, once for each cluster; "
            f"default the files of $LLMOPS_GKE_SANDBOX_KUBECONFIG, with {os.pathsep!r} between them",
        )
        added.add_argument("--config", type=Path, help="YAML file of further settings")
    stop = command("stop", _stop, "stop it and remove its files")
    stop.add_argument("--check", action="store_true", help="only say whether there is anything to stop or to remove")
    command("status", _status, "what is there now, as JSON")
    command("env", _env, "shell lines that point gcloud, kubectl and Hugging Face's clients to it")
    faults = command("faults", _faults, "what goes wrong: list, add NAME key=value…, clear")
    faults.add_argument("action", choices=["list", "add", "clear"])
    faults.add_argument("name", nargs="?", help="the fault")
    faults.add_argument(
        "settings", nargs="*", metavar="key=value", help="times=N, lasts=SECONDS, match.CONTEXT=REGEX, or its own"
    )
    faults.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser


def _kubeconfigs(options: argparse.Namespace) -> list[Path]:
    named = os.environ.get("LLMOPS_GKE_SANDBOX_KUBECONFIG", "").split(os.pathsep)
    return [file.absolute() for file in options.kubeconfig or [Path(one) for one in named if one]]


def _config(directory: Path, options: argparse.Namespace) -> settings.Config:
    files = _kubeconfigs(options)
    kubernetes = {"kubeconfig": [str(file) for file in files]} if files else {}
    return settings.load(directory, options.config, speed=options.speed, project=options.project, kubernetes=kubernetes)


def _start(directory: Path, options: argparse.Namespace) -> int:
    arguments = ["--directory", str(directory)]
    for name in ("speed", "project"):
        if (value := getattr(options, name)) is not None:
            arguments += [f"--{name}", str(value)]
    for file in _kubeconfigs(options):
        arguments += ["--kubeconfig", str(file)]
    if options.config is not None:
        arguments += ["--config", str(options.config.absolute())]
    print(json.dumps(daemon.start(_config(directory, options), arguments)))
    return 0


def _serve(directory: Path, options: argparse.Namespace) -> int:
    return daemon.serve(_config(directory, options))


def _stop(directory: Path, options: argparse.Namespace) -> int:
    changed = RunDirectory(directory).used if options.check else daemon.stop(directory)
    print(json.dumps({"changed": changed, "directory": str(directory)}))
    return 0


def _status(directory: Path, _options: argparse.Namespace) -> int:
    if RunDirectory(directory).pid() is None:
        print(json.dumps({"running": False, "directory": str(directory)}))
        return 0
    status = _admin(directory, "GET", "/status")
    print(json.dumps({"running": True, "directory": str(directory)} | _endpoints(directory) | status, indent=2))
    return 0


def _env(directory: Path, _options: argparse.Namespace) -> int:
    print(exports(directory, _endpoints(directory)))
    return 0


def _faults(directory: Path, options: argparse.Namespace) -> int:
    if options.action == "add":
        if not options.name:
            raise ValueError("faults add wants the fault's name; faults list shows the known ones")
        answer = _admin(directory, "POST", "/faults", {"name": options.name} | _fault_settings(options.settings))
        text = fault_text.added(answer["id"], options.name, options.settings)
    elif options.action == "clear":
        answer = _admin(directory, "DELETE", "/faults")
        text = fault_text.cleared(answer["cleared"])
    else:
        answer = _admin(directory, "GET", "/faults")
        text = fault_text.listed(answer)
    print(json.dumps(answer, indent=2) if options.json else text)
    return 0


def _fault_settings(pairs: list[str]) -> dict:
    """Read key=value as YAML reads values; match.KEY=REGEX goes into the match, as text."""
    read: dict = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair!r}: key=value is wanted")
        if key.startswith("match."):
            read.setdefault("match", {})[key.removeprefix("match.")] = value
        else:
            read[key] = yaml.safe_load(value)
    return read


def _endpoints(directory: Path) -> dict:
    run = RunDirectory(directory)
    endpoints = run.endpoints() if run.pid() is not None else None
    if endpoints is None:
        raise ValueError(_how_to_start(directory))
    return endpoints


def _how_to_start(directory: Path) -> str:
    # In a clone of the collection the usual sandbox is the one that its playbooks start, deploy to and stop.
    is_clone = Path("playbooks/sandbox.yml").is_file()
    its = Path(os.environ.get("LLMOPS_GKE_SANDBOX_DIR") or ".sandbox").expanduser().absolute()
    if is_clone and directory in (its, settings.default_directory()):
        return f"no sandbox runs in {its}; make demo starts one and deploys to it"
    return f"no sandbox runs in {directory}; start one with: llmops-gke-sandbox start --directory {directory}"


def _admin(directory: Path, method: str, path: str, body: dict | None = None) -> dict:
    # Not above: each run of a playbook makes sure that its sandbox runs, and should not wait for these.
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        _endpoints(directory)["admin"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    # Loopback is never reached through a proxy, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ValueError(json.load(error)["error"]) from None

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command in the documents, and in the workflows, is one that its program takes, about files that are there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from ansible.cli.doc import DocCLI
from ansible.cli.galaxy import GalaxyCLI
from ansible.cli.playbook import PlaybookCLI
from working_copy import ROOT

from llmops_gke_sandbox import cli as sandbox
from llmops_gke_sandbox.faults import KNOWN_FAULTS
from tests.repo.documents import Shown, commands
from tests.repo.test_documented_yaml import COLLECTION, faults_of_variables

TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
PLAYBOOKS = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
TAGS = set(re.findall(r"tags: \[(\w+)\]", "".join(path.read_text() for path in (ROOT / "playbooks").glob("*.yml"))))
# What a document has made before, or begins with: a user's own inventory.
MADE = {"inventories/mine", "inventories/mysandbox", "mine", "inventory"}
OF_OTHERS = {
    "cd", "curl", "eval", "export", "gcloud", "gh", "git", "gpg", "helm", "k3s", "kind", "kubectl", "pip", "podman",
    "pre-commit", "ansible-builder", "python3.11", "python3.12", "python3.13", "sed", "grep", "for", "done", "id", "hf",
}  # fmt: skip


def missing(*names: str) -> Iterator[str]:
    """Files of the repository that are not there. A name that is a user's own (~, $, dist/) is not looked for."""
    for name in names:
        if not (name.startswith(("~", "$", "dist/", "/")) or name in MADE or (ROOT / name).exists()):
            yield f"no file {name}"


def of_make(words: list[str]) -> Iterator[str]:
    for word in words:
        if "=" not in word and not word.startswith("-") and word not in TARGETS:
            yield f"no target {word}"


def of_ansible_playbook(words: list[str]) -> Iterator[str]:
    cli = PlaybookCLI(["ansible-playbook", *words])
    cli.init_parser()
    given = cli.parser.parse_args(words)
    for playbook in given.args:
        if playbook.startswith(COLLECTION):
            yield from [] if playbook.removeprefix(COLLECTION) in PLAYBOOKS else [f"no playbook {playbook}"]
        else:
            yield from missing(playbook)
    # One with a comma lists hosts.
    yield from missing(*(one for one in given.inventory or () if "," not in one))
    for extra in given.extra_vars or ():
        if extra.startswith("@"):
            # The parser has made it a whole path; a variable of the shell stays as it is.
            file = extra.removeprefix("@").removeprefix(f"{Path.cwd()}/")
            yield from missing(file)
            continue
        pairs = json.loads(extra) if extra.startswith("{") else dict([extra.split("=", 1)])
        yield from faults_of_variables(pairs)
    tags = ",".join([*(given.tags or ()), *(given.skip_tags or ())])
    yield from (f"no task has the tag {tag}" for tag in tags.split(",") if tag and tag not in TAGS)


def of_ansible_doc(words: list[str]) -> Iterator[str]:
    cli = DocCLI(["ansible-doc", *words])
    cli.init_parser()
    for name in cli.parser.parse_args(words).args:
        if not (ROOT / "plugins" / "modules" / f"{name.removeprefix(COLLECTION)}.py").exists():
            yield f"no module {name}"


def of_ansible_galaxy(words: list[str]) -> Iterator[str]:
    cli = GalaxyCLI(["ansible-galaxy", *words])
    cli.init_parser()
    cli.parser.parse_args(words)
    yield from ()


def of_sandbox(words: list[str]) -> Iterator[str]:
    given = sandbox._parser().parse_args(words)
    if getattr(given, "action", "") == "add" and given.name not in KNOWN_FAULTS:
        yield f"no fault {given.name}"


def of_pytest(words: list[str]) -> Iterator[str]:
    yield from missing(*(word.partition("::")[0] for word in words if "/" in word))


def of_molecule(words: list[str]) -> Iterator[str]:
    # The scenario sandbox is the user's own, by docs/ci.md.
    if "--scenario-name" in words and words[words.index("--scenario-name") + 1] != "sandbox":
        yield from missing(f"extensions/molecule/{words[words.index('--scenario-name') + 1]}/molecule.yml")


def of_interpreter(words: list[str]) -> Iterator[str]:
    if words[0] == "-m":
        module = words[1].replace(".", "/")
        # A module of the sandbox's tests is run from there.
        if not any((ROOT / base / f"{module}.py").exists() for base in ("", "sandbox")) and words[1] not in (
            "venv",
            "pip",
        ):
            yield f"no module {words[1]}"
    else:
        yield from missing(words[0])


def of_cp(words: list[str]) -> Iterator[str]:
    yield from missing(*[word for word in words if not word.startswith("-")][:-1])


PROGRAMS: dict[str, Callable[[list[str]], Iterator[str]]] = {
    "make": of_make,
    "ansible-playbook": of_ansible_playbook,
    "ansible-doc": of_ansible_doc,
    "ansible-galaxy": of_ansible_galaxy,
    "llmops-gke-sandbox": of_sandbox,
    "pytest": of_pytest,
    "molecule": of_molecule,
    "bash": of_interpreter,
    "python": of_interpreter,
    "python3": of_interpreter,
    "cp": of_cp,
}


def parts(command: str) -> Iterator[list[str]]:
    """The words of each simple command, without comments."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("&|;"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def faults(command: str) -> list[str]:
    """What is wrong with a command, or with each of several joined by && and the like."""
    syntax = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
    if syntax.returncode:
        return [syntax.stderr.strip()]
    found: list[str] = []
    for words in parts(command):
        while words and re.match(r"\w+=", words[0]):
            words.pop(0)
        if not words:
            continue
        program = Path(words[0]).name
        if program in PROGRAMS:
            try:
                found += PROGRAMS[program](words[1:])
            except SystemExit:
                found.append(f"{program} does not take: {' '.join(words[1:])}")
        elif program not in OF_OTHERS and not (ROOT / words[0]).exists():
            found.append(f"unknown program {program}")
    return found


COMMANDS = commands()


def test_without_a_clone_each_thing_is_installed_before_it_is_used():
    text = (ROOT / "README.md").read_text().split("### Without a clone")[1].split("\n## ")[0]
    first = text.partition("```console\n")[2].partition("```")[0]
    steps = [
        "python3 -m venv", "pip install 'ansible-core", "ansible-galaxy collection install", "requirements.txt",
        "inventories/example mine", "ansible-playbook -i mine llmops.gke.deploy --check",
    ]  # fmt: skip
    places = [first.find(step) for step in steps]
    assert -1 not in places and places == sorted(places)


def of_workflows() -> Iterator[Shown]:
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job["steps"]:
                for line in step.get("run", "").replace("\\\n", " ").splitlines():
                    for command in re.findall(
                        r"(?:^|\s|\()((?:make|bash|python|\.ci/run|\.venv/bin/\S+)\b[^;|<>)]*)", line
                    ):
                        yield Shown(path.relative_to(ROOT), 0, command)


def test_there_are_commands():
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.place)
def test_a_command_is_one_that_its_program_takes(command):
    assert faults(command.text) == []


def test_the_workflows_run_what_is_there():
    found = list(of_workflows())
    assert ".ci/run" in {command.text.strip() for command in found}
    # A target that is a variable's value is in the matrix of its job.
    assert [
        (command, faults(command.text)) for command in found if "$" not in command.text and faults(command.text)
    ] == []
    weekly = yaml.safe_load((ROOT / ".github" / "workflows" / "weekly.yml").read_text())
    assert {cell["target"] for cell in weekly["jobs"]["libraries"]["strategy"]["matrix"]["include"]} <= TARGETS


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("make demos", "no target demos"),
        ("ansible-playbook playbooks/depoly.yml", "no file playbooks/depoly.yml"),
        ("ansible-playbook -i mine llmops.gke.depoly", "no playbook llmops.gke.depoly"),
        ("ansible-playbook playbooks/deploy.yml -e llmops_replica=0", "no role has the variable llmops_replica"),
        ("ansible-playbook playbooks/deploy.yml -e @inventories/sandbox.yml", "no file inventories/sandbox.yml"),
        ("ansible-playbook playbooks/deploy.yml --tags deployment", "no task has the tag deployment"),
        ("ansible-playbook playbooks/deploy.yml --chekc", "ansible-playbook does not take"),
        ("ansible-galaxy collection sign x", "ansible-galaxy does not take"),
        ("llmops-gke-sandbox faults add stokcout", "no fault stokcout"),
        ("pytest tests/unity -k x", "no file tests/unity"),
        ("molecule test --scenario-name fleets", "no file extensions/molecule/fleets"),
        ("bash scripts/signs.sh x", "no file scripts/signs.sh"),
        ("cp -r inventories/examples inventories/mine", "no file inventories/examples"),
        ("LLMOPS_X=1 frobnicate", "unknown program frobnicate"),
        ("make 'demo", "unexpected EOF"),
    ],
)
def test_a_slip_is_found(command, fault):
    assert any(fault in found for found in faults(command)), faults(command)

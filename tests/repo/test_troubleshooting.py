# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/troubleshooting.md: its messages are those of the code, its variables and tests are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from working_copy import ROOT

from tests.repo.documents import named_tests, spans, untrue_tests
from tests.repo.test_tutorial import KNOWN

TEXT = (ROOT / "docs" / "troubleshooting.md").read_text()
ENTRIES = dict(part.split("\n", 1) for part in re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:])
MESSAGE = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a message is filled with.
FILLED = "…"
# Who says what is quoted: the collection, its playbooks, the sandbox's own program, and what sets a clone up.
SPEAKERS = ("plugins", "roles", "playbooks", "sandbox/src/llmops_gke_sandbox/daemon.py", "scripts/set_up.sh")
OF_THE_SHELL = "command not found"
# Put together of who was asked and what came.
OF_THE_HUB = "the Hugging Face Hub gave no answer"
# What mends a clone that has no playbooks yet to run.
OF_A_CLONE = re.compile(r"make \w|\. \.venv/bin/activate")
LEAST = 15
"""Characters of a message that are its own: fewer could be anybody's."""


def texts(source: str) -> Iterator[str]:
    """The texts of a Python program, with a gap for what they are filled with."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield text_of(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{\w+\}", FILLED, node.value)


def text_of(node: ast.expr) -> str:
    """The text of an expression; of one that depends on a condition, that which it is where the condition holds."""
    match node:
        case ast.Constant(str() as text):
            return text
        case ast.JoinedStr(parts):
            return "".join(map(text_of, parts))
        case ast.FormattedValue(ast.IfExp(body=chosen)):
            return text_of(chosen)
    return FILLED


def said() -> str:
    """Everything that the code says."""
    found = [OF_THE_SHELL, OF_THE_HUB]
    for speaker in SPEAKERS:
        top = ROOT / speaker
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.suffix == ".py":
                found += texts(path.read_text())
            elif path.suffix == ".sh":
                # A text over several lines is several words of one command.
                found.append(re.sub(r'" \\\n\s*"', " ", path.read_text()))
            elif path.suffix in (".yml", ".j2"):
                found.append(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", FILLED, path.read_text(), flags=re.DOTALL))
    return "\n".join(" ".join(text.split()) for text in found)


SAID = said()


def own_words(message: str) -> list[str]:
    """A message's clauses, without what they are filled with (a code such as GCE_STOCKOUT for example). Some messages
    are put together of others, so a clause is what a text must hold whole."""
    text = re.sub(r"\b[A-Z0-9]+(?:_[A-Z0-9]+)+\b", FILLED, " ".join(message.split()))
    return [clause for part in re.split(rf"{FILLED}|[;:()]", text) if re.search(r"\w", clause := part.strip(" ,."))]


def faults(entry: str) -> Iterator[str]:
    """What is wrong with an entry: its messages, what to do, its tests."""
    messages = MESSAGE.findall(entry)
    if not messages:
        yield "no message is quoted"
    for message in messages:
        parts = own_words(message)
        if sum(map(len, parts)) < LEAST:
            yield f"too little of it is the message's own: {message}"
        yield from (f"nothing says: {part}" for part in parts if part not in SAID)
    advice, _test, shown = MESSAGE.sub("", entry).partition("\n<!-- Test: ")
    said_to_do = spans(advice)
    if not KNOWN & {span.partition(":")[0] for span in said_to_do} and not any(map(OF_A_CLONE.match, said_to_do)):
        yield "no variable, playbook or command is named"
    ours = (span.partition(":")[0] for span in spans(advice) if re.match(r"[a-z]+_[a-z_]+(?::|$)", span))
    yield from (f"nothing is called {name}" for name in ours if name not in KNOWN | {"create_with_cluster"})
    if not named_tests(shown):
        yield "no test is named"
    yield from untrue_tests(shown)


def test_there_are_entries():
    assert 12 <= len(ENTRIES) <= 40


@pytest.mark.parametrize("title", ENTRIES)
def test_an_entry_quotes_what_the_code_says_and_names_what_is_there(title):
    assert list(faults(ENTRIES[title])) == []


GOOD = """
```text
other managers own fields that it sets: …
```

Set `llmops_force_conflicts: true`.

<!-- Test: `tests/repo/test_troubleshooting.py::test_there_are_entries` -->
"""


@pytest.mark.parametrize(
    ("words", "others", "fault"),
    [
        (
            "other managers own fields",
            "other managers have fields",
            "nothing says: other managers have fields that it sets",
        ),
        ("other managers own fields that it sets", "", "too little of it is the message's own"),
        ("```text", "```", "no message is quoted"),
        ("`llmops_force_conflicts: true`", "it", "no variable, playbook or command is named"),
        ("`llmops_force", "`llmops_zones` and `llmops_forced", "nothing is called llmops_forced_conflicts"),
        ("<!-- Test: ", "<!-- See ", "no test is named"),
        ("there_are_entries", "there_is_one", "no test tests/repo/test_troubleshooting.py::test_there_is_one"),
    ],
)
def test_a_slip_is_found(words, others, fault):
    assert list(faults(GOOD)) == []
    assert fault in " ".join(faults(GOOD.replace(words, others)))

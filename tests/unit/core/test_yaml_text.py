# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text: merge keys by their specification, and plain text that PyYAML takes for something else.

PyYAML's own merge tells keys apart by the identity of their text, which one-letter keys share: each case is read with
keys of one letter and with longer ones.
"""

from __future__ import annotations

import contextlib
import re

import pytest
import yaml
from hypothesis import given, settings, strategies

from ansible_collections.llmops.gke.plugins.module_utils.core import yaml_text
from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import MissingLibrary
from ansible_collections.llmops.gke.plugins.module_utils.core.yaml_text import read, read_all
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client import kubeconfig

ANCHORS = """\
a: &a {p: 1, q: 1, r: 1}
b: &b {<<: *a, p: 2}
c: &c {<<: *b, q: 3}
"""


@pytest.fixture(autouse=True, params=[True, False], ids=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """PyYAML as its wheels are, and as it is where there was no libyaml when it was built."""
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param)
    return request.param


@pytest.mark.parametrize("lengthen", [False, True], ids=["one-letter", "longer"])
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{<<: *a, p: 2}", {"p": 2, "q": 1, "r": 1}),
        ("{<<: *b, q: 3}", {"p": 2, "q": 3, "r": 1}),
        ("{<<: *c, r: 4}", {"p": 2, "q": 3, "r": 4}),
        # A key of its own wins wherever it stands.
        ("{p: 9, <<: *a}", {"p": 9, "q": 1, "r": 1}),
        ("{p: 9, <<: [*a, *c]}", {"p": 9, "q": 1, "r": 1}),
        # In a list the earlier mapping wins.
        ("{<<: [*a, *b]}", {"p": 1, "q": 1, "r": 1}),
        ("{<<: [*b, *a]}", {"p": 2, "q": 1, "r": 1}),
        ("{<<: [*a, *b, *c], q: 5}", {"p": 1, "q": 5, "r": 1}),
        ("{<<: [*c, *b, *a]}", {"p": 2, "q": 3, "r": 1}),
        ("{<<: [{p: 7}, *a, {s: 1, r: 9}]}", {"p": 7, "q": 1, "r": 1, "s": 1}),
        ("{<<: {p: 7, <<: *b}}", {"p": 7, "q": 1, "r": 1}),
        ("{<<: {}, p: 1}", {"p": 1}),
        ("{<<: []}", {}),
        # In quotes it is a key like any other.
        ("{'<<': 1}", {"<<": 1}),
    ],
)
def test_merge_keys(written, expected, lengthen):
    text = f"{ANCHORS}d: {written}"
    if lengthen:
        text = re.sub(r"\b([pqrs]):", r"\1_long:", text)
        expected = {f"{key}_long" if key.isalpha() else key: value for key, value in expected.items()}
    assert read(text)["d"] == expected


def test_what_is_merged_stays_as_it_was():
    assert read(f"{ANCHORS}d: {{<<: [*c, *a], p: 5}}") == {
        "a": {"p": 1, "q": 1, "r": 1},
        "b": {"p": 2, "q": 1, "r": 1},
        "c": {"p": 2, "q": 3, "r": 1},
        "d": {"p": 5, "q": 3, "r": 1},
    }


def test_keys_that_are_equal_but_written_differently_are_one_key():
    assert read("{<<: [{10: a}, {0xA: b}], 1: own, <<: {0x1: c}}") == {10: "a", 1: "own"}


@pytest.mark.parametrize("written", ["1", "[1]", "[[{p: 1}]]", "text"])
def test_what_cannot_be_merged_is_an_error_with_its_line(written):
    with pytest.raises(yaml.YAMLError, match="mapping") as error:
        read(f"p: 1\n<<: {written}")
    assert error.value.problem_mark.line == 1


def test_a_key_that_is_no_text_is_an_error():
    for key in ("[1]", "{a: 1}", "!!set {a}"):
        with pytest.raises(yaml.YAMLError, match="a key is a mapping or list") as error:
            read(f"p: 1\n? <<\n: ? {key}\n  : 2")
        assert error.value.problem_mark.line == 2


def test_without_its_library_it_is_named(monkeypatch):
    monkeypatch.setattr(yaml_text, "yaml", None)
    monkeypatch.setattr(yaml_text, "YAML_ERROR", ImportError("No module named yaml"))
    with pytest.raises(MissingLibrary, match="the Python library PyYAML is needed .*No module named yaml"):
        read("p: 1")


def test_a_mapping_that_merges_itself_comes_to_an_end():
    assert read("&a {<<: *a, p: 1}") == {"p": 1}
    assert read("&a {<<: [*a, {<<: *a, q: 2}], p: 1}") == {"p": 1, "q": 2}


def test_merges_of_merges_do_not_multiply():
    steps = [f"m{step}: &m{step} {{<<: [{', '.join([f'*m{step - 1}'] * 9)}]}}" for step in range(1, 30)]
    assert read("\n".join(["m0: &m0 {p: 1}", *steps]))["m29"] == {"p": 1}


@pytest.mark.parametrize("written", ["2024-03-15", "2024-03-15T22:22:00Z", "22:22", "-22:22:22", "1:30.5", "="])
def test_what_kubectl_takes_for_text_is_text(written):
    assert read(f"p: {written}") == {"p": written}


@pytest.mark.parametrize(
    ("written", "value"), [("-7", -7), ("1.5", 1.5), ("0x1F", 31), ("true", True), ("null", None), ("", None)]
)
def test_numbers_booleans_and_nothing_are_what_they_are(written, value):
    assert read(f"p: {written}") == {"p": value}


MANIFEST = """\
apiVersion: v1
kind: List  # of one
items:
- {kind: ConfigMap, data: {"a b": 'c', d: "\\x41"}, metadata: &meta {name: x, labels: {}}}
- metadata: {<<: *meta, name: y}
  data:
    text: |
      # no comment
      line
    folded: >-
      a

      b
    numbers: [1, 0x1F, 010, 1.5e3, .inf, yes, ~, 22:22, 2024-03-15]
"""


SLIPS = [*" \n:-#'\"{}[],&*!|>%@`?~=\\\x85\ufeff\x00", "---\n", "...\n", "<<: ", "{a:}"]


@settings(max_examples=300, deadline=None)
@given(strategies.data())
def test_whatever_one_parser_reads_the_other_reads_as_the_same(data):
    text = MANIFEST
    for _slip in range(data.draw(strategies.integers(1, 4))):
        place = data.draw(strategies.integers(0, len(text)))
        slip = data.draw(strategies.sampled_from(SLIPS))
        text = text[:place] + slip + text[place + data.draw(strategies.integers(0, 2)) :]
    found = []
    for libyaml in (True, False):
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(yaml.YAMLError):
            patch.setattr(yaml, "__with_libyaml__", libyaml)
            found.append(repr(read_all(text)))
    # What libyaml alone takes, it takes as kubectl does.
    assert found[1:] in ([], found[:1])


@pytest.mark.parametrize(("written", "value"), [("{a:}", {"a": None}), ("[a:, b]", [{"a": None}, "b"])])
def test_what_kubectl_takes_and_libyaml_does_not_is_read(written, value):
    assert read_all(f"p: {written}") == [{"p": value}]


@pytest.mark.parametrize("text", ["\ufeffp: 1", "p:\n  q: 1\n\ufeff  r: 2", "p: a\ufeffb", "p: !\nq: 1"])
def test_no_text_means_one_thing_here_and_another_between_machines(text, parser, monkeypatch):
    monkeypatch.setattr(yaml, "__with_libyaml__", not parser)
    other = read_all(text)
    monkeypatch.setattr(yaml, "__with_libyaml__", parser)
    assert read_all(text) == other


def test_tabs_within_a_text_are_read_as_by_kubectl(parser):
    if parser:
        assert read_all("p: a\tb") == [{"p": "a\tb"}]
    else:
        with pytest.raises(yaml.YAMLError):
            read_all("p: a\tb")


@pytest.mark.parametrize("text", ["p: \x07", "p: \ud800", "p: [", "p: \x00"])
def test_what_is_no_yaml_is_an_error_of_yaml(text):
    with pytest.raises(yaml.YAMLError):
        read_all(text)


def test_a_key_may_stand_once_in_a_mapping_of_a_manifest():
    with pytest.raises(yaml.YAMLError, match="p is there twice") as error:
        read_all("---\nq: {p: 1}\n---\np: 1\nq: 2\np: 3\n")
    assert error.value.problem_mark.line == 5


def test_a_kubeconfig_may_share_what_its_entries_have_in_common(tmp_path):
    path = tmp_path / "config"
    path.write_text("""\
clusters:
- {name: old, cluster: &old {server: "https://old", tls-server-name: shared}}
- {name: new, cluster: &new {server: "https://new"}}
- {name: now, cluster: {<<: [*new, *old]}}
contexts: [{name: now, context: {cluster: now, user: me}}]
current-context: now
users: [{name: me, user: {token: kube-token}}]
""")
    found = kubeconfig.read(str(path), None, str(tmp_path), Deadline(5))
    assert (found.server, found.server_name) == ("https://new", "shared")

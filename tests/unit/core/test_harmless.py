# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others as it is printed: no secrets, no escape sequences, no forged lines, not too long."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core import harmless, secrets
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames, option
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Change, Result, Step
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import ModuleSpec, run_engine


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain words, 100 % of them", "plain words, 100 % of them"),
        ("two  blanks stay", "two  blanks stay"),
        ("over\n\nTASK [fake] ***\r\nok: [host]", "over TASK [fake] *** ok: [host]"),
        ("a \r b\tc\vd\fe\x85f\u2028g\u2029h", "a b c d e f g h"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07", r"\x1b[31mred\x1b[0m \x1b]0;title\x07"),
        ("\x9b2J\x7f\x00\x08", r"\x9b2J\x7f\x00\x08"),
        ("right\u202eto left \u2066x\ufeff\u200b", r"right\u202eto left \u2066x\ufeff\u200b"),
        ("half a character \ud83d", r"half a character \ud83d"),
        ("Grüße, 你好, \u0645\u200c\u0631", "Grüße, 你好, \u0645\u200c\u0631"),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
        ("https://me:pa55word@host/x and http://tok3n@h", "https://***@host/x and http://***@h"),
        ("docker-pullable://nginx@sha256:1 mail@host", "docker-pullable://nginx@sha256:1 mail@host"),
        (7, "7"),
    ],
)  # fmt: skip
def test_one_line(said, shown):
    assert harmless.one_line(said) == shown


def test_a_long_run_of_blanks_is_looked_at_once():
    # Looked at from each of its characters it would take hours.
    assert harmless.one_line("a" + " \t" * 10**6 + "b", 100).startswith("a   ")
    assert harmless.one_line("a" + " \t" * 10**6 + "\nb", 100) == "a b"


def test_a_long_text_keeps_its_beginning_and_its_end():
    assert harmless.cut("x" * 100, 100) == "x" * 100
    text = harmless.one_line("a" * 90 + "b" * 30, 100)
    assert text == "a" * 75 + " [... 20 characters left out ...] " + "b" * 25


def test_a_quotation_leaves_room_for_what_comes_after_it():
    assert len(harmless.quoted("z" * 10**6)) < harmless.QUOTE + 60


def test_several_lines_of_ours_stay_lines():
    assert harmless.lines("a\nb\x1b\n c") == "a\nb\\x1b\n c"


def test_values_in_a_plan_keep_their_lines_and_types():
    value = {"text": "one\ntwo\t\x1b\r", "list": ["\x07", 1, None, True], "pair": ("a", 2.5)}
    assert harmless.shown(value) == {
        "text": "one\ntwo\t\\x1b\\x0d",
        "list": ["\\x07", 1, None, True],
        "pair": ["a", 2.5],
    }


def test_errors_are_harmless_wherever_they_are_told():
    error = LlmopsError(f"set the {option('timeout')}\n\x1b[1m", server_message="raw\n\x1b")
    error.add("\nTASK [fake]")
    error.begin_with("\x07")
    assert error.message == "\\x07set the timeout \\x1b[1m TASK [fake]"
    assert error.told(OptionNames({"timeout": "my_timeout"})).startswith("\\x07set the my_timeout")
    assert str(HttpError("a\nb", status=400, method="GET", url="u")) == "a b"
    # The engine itself still reads what was said.
    assert error.fields["server_message"] == "raw\n\x1b"
    assert error.to_dict()["server_message"] == "raw \\x1b"


def test_what_a_server_gave_as_a_structure_is_told_on_lines_and_figures_stay():
    error = LlmopsError("no", details=[{"message": "a\n\x1b", "code": 5}], answer={"generated_text": "a\nb"})
    told = error.to_dict()
    assert told["details"] == [{"message": "a \\x1b", "code": 5}]
    assert told["answer"] == {"generated_text": "a\nb"}


def test_a_huge_value_is_not_repeated_whole():
    error = InvalidOption("name", "y" * 10**6, "a short name")
    assert len(error.message) < 500
    assert error.message.endswith("is not accepted; it takes a short name")


def evil(_options, _check, progress) -> Result:
    progress("half\nTASK [fake]\x1b[2J s3cret-canary")
    secrets.keep("minted-canary")
    progress("minted-canary")
    step = Step("update", "pool\n\x1b", "PUT /\n", (Change("f", "a\nb\x1b", "minted-canary"),))
    values = {"generated_text": "line\n\x1b[0m minted-canary", "url": "https://me:pa55word@proxy"}
    return Result(True, plan=[step], values=values, warnings=["w\n\x1b minted-canary"], notes=["n\rs3cret-canary"])


def test_what_an_engine_tells_is_harmless_and_masked():
    told: list[str] = []
    options = {"proxy": "http://me:pa55word@proxy"}
    spec = ModuleSpec(run=evil, argument_spec={}, told=frozenset({"plan"}))
    outcome = run_engine(spec, options, False, told.append, {"s3cret-canary", *spec.hidden(options)})
    assert told == ["half TASK [fake]\\x1b[2J ********", "********"]
    assert outcome["warnings"] == ["w \\x1b ********"]
    assert outcome["notes"] == ["n ********"]
    (step,) = outcome["plan"]
    assert (step["resource"], step["request"]) == ("pool \\x1b", "PUT / ")
    assert step["changes"] == [{"field": "f", "before": "a\nb\\x1b", "after": "********"}]
    # A value that a model made stays as it is, but for secrets.
    assert outcome["generated_text"] == "line\n\x1b[0m ********"
    assert "pa55word" not in str(outcome)


def test_a_secret_is_hidden_before_a_text_is_cut():
    def cut_amid(_options, _check, _progress):
        secrets.keep("canary-" * 20)
        raise LlmopsError("x" * (harmless.MESSAGE * 3 // 4 - 10) + "canary-" * 20 + "y" * harmless.MESSAGE)

    outcome = run_engine(ModuleSpec(run=cut_amid, argument_spec={}), {}, False, lambda _line: None)
    assert "canary" not in outcome["msg"]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("it said: Not found.", "; run x"), "it said: Not found; run x"),
        (("it said: Not found. ; run x",), "it said: Not found; run x"),
        (("cut off...; run x",), "cut off...; run x"),
        (("one. Two; three.",), "one. Two; three."),
    ],
)
def test_a_sentence_of_others_goes_on_in_ours(parts, told):
    error = LlmopsError(parts[0])
    for part in parts[1:]:
        error.add(part)
    assert error.message == told
    assert Result(warnings=["".join(parts)], notes=["".join(parts)]).to_dict() | {} == {
        **Result().to_dict(),
        "warnings": [told],
        "notes": [told],
    }


def test_what_somebody_else_said_leaves_room_for_advice():
    assert harmless.quoted("no\nway\x1b[31m") == "no way\\x1b[31m"
    assert len(harmless.quoted("x" * 5000)) < harmless.QUOTE + 50

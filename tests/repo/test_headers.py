# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make format` puts the licence where it does not disturb; `make lint` wants it in every file."""

from __future__ import annotations

from pathlib import Path

import headers
import pytest

FIRST, SECOND = headers.LINES


@pytest.mark.parametrize(
    ("style", "text", "expected"),
    [
        ("# {}", "import os\n", f"# {FIRST}\n# {SECOND}\nimport os\n"),
        ("# {}", "#!/bin/sh\necho\n", f"#!/bin/sh\n# {FIRST}\n# {SECOND}\necho\n"),
        ("# {}", "---\n- a\n", f"---\n# {FIRST}\n# {SECOND}\n- a\n"),
        ("# {}", "a: 1\n---\nb: 2\n", f"# {FIRST}\n# {SECOND}\na: 1\n---\nb: 2\n"),
        ("{{# {} #}}", "kind: Pod\n", f"{{# {FIRST} #}}\n{{# {SECOND} #}}\nkind: Pod\n"),
        ("<!-- {} -->", "# Title\n", f"<!-- {FIRST} -->\n<!-- {SECOND} -->\n\n# Title\n"),
    ],
)
def test_the_licence_stands_below_what_has_to_be_first(style, text, expected):
    assert headers.with_header(text, style) == expected


@pytest.mark.parametrize(
    ("path", "pattern", "matched"),
    [
        ("a/b/c.json", "a/**", True),
        ("a.json", "a/**", False),
        ("docs/report.png", "docs/*.png", True),
        ("docs/site/report.png", "docs/*.png", False),
        ("requirements.lock", "requirements.lock", True),
        ("sandbox/requirements.lock", "requirements.lock", False),
    ],
)
def test_files_that_are_described_elsewhere_are_known(path, pattern, matched):
    assert headers.matches(Path(path), pattern) is matched


def test_the_text_of_a_licence_stays_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(headers.working_copy, "ROOT", tmp_path)
    names = [Path("LICENSES/Apache-2.0.txt"), Path("notes.txt")]
    monkeypatch.setattr(headers.working_copy, "files", lambda: names)
    (tmp_path / "REUSE.toml").write_text("annotations = []\n")
    (tmp_path / "LICENSES").mkdir()
    for name in names:
        (tmp_path / name).write_text("words\n")
    assert headers.main() == 0
    assert [(tmp_path / name).read_text() for name in names] == ["words\n", f"# {FIRST}\n# {SECOND}\nwords\n"]

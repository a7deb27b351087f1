# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that the documentation's site is made with; `make docs` builds it."""

from __future__ import annotations

from pathlib import Path

import docs_site
import html_links
from sphinx.util.inventory import InventoryFile


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.html").write_text(
        '<a href="../two.html#there">x</a> <a href="../two.html#gone">x</a> <a href="../three.html">x</a>'
        '<a href="#here">x</a> <p id="here"> <img src="picture.png"> <a href="https://example.com/nowhere">x</a>'
    )
    (tmp_path / "two.html").write_text('<h1 id="there"></h1><a href="a/one.html#here">x</a>')
    assert html_links.broken(tmp_path) == [
        "a/one.html: ../two.html#gone",
        "a/one.html: ../three.html",
        "a/one.html: picture.png",
    ]


def test_links_to_what_is_no_page_lead_to_the_repository(monkeypatch, tmp_path):
    (tmp_path / "docs").mkdir()
    text = (
        "[a](../README.md#more), [b](../plugins/modules/k8s_info.py), ![c](report.png), [d](https://x.example), [e](#f)"
    )
    (tmp_path / "docs" / "page.md").write_text(text)
    monkeypatch.setattr(docs_site.working_copy, "ROOT", tmp_path)
    expected = text.replace("../plugins", f"{docs_site.REPOSITORY}/blob/main/plugins")
    assert docs_site.with_links(Path("docs/page.md"), {"README.md", "docs/page.md"}) == expected


def test_sphinx_reads_where_ansibles_documentation_is():
    read = InventoryFile.loads(docs_site.inventory(), uri="https://docs.example")
    assert read["std:label", "common_return_values"].uri == (
        "https://docs.example/reference_appendices/common_return_values.html#common-return-values"
    )

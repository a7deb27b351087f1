# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs antsibull-docs lint-collection-docs on a copy of the collection that it can read."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import docs_copy


def main() -> int:
    """The exit status of antsibull-docs."""
    with tempfile.TemporaryDirectory() as top:
        return docs_copy.antsibull_docs(docs_copy.made(Path(top)), "lint-collection-docs", "--plugin-docs", ".")


if __name__ == "__main__":
    sys.exit(main())

# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/build.sh ends with the artifact's path, and shows what the importer said where that matters."""

import os
import subprocess

import pytest
from working_copy import ROOT

# In the place of Python: builds an empty artifact, and an importer that says much.
PYTHON = """#!/bin/sh
case "$*" in
    "scripts/artifact.py dist") mkdir dist && touch dist/llmops-gke-1.2.3.tar.gz ;;
    *) echo "Loading module a"; echo "WARNING: no tags"; echo "Loading role b" >&2; exit "$IMPORTER" ;;
esac
"""


@pytest.fixture
def build(tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PYTHON)
    python.chmod(0o755)

    def run(importer: int) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"PATH": f"{python.parent}:{os.environ['PATH']}", "IMPORTER": str(importer)}
        script = ["bash", str(ROOT / "scripts" / "build.sh")]
        return subprocess.run(script, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    return run


def test_it_ends_with_the_artifact_s_path_and_keeps_to_warnings(build):
    result = build(0)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "WARNING: no tags"
    assert result.stdout.splitlines()[-1] == "dist/llmops-gke-1.2.3.tar.gz"
    assert "Loading" not in result.stdout


def test_where_the_importer_fails_all_that_it_said_is_shown(build):
    result = build(3)
    assert result.returncode == 1
    assert "Loading module a" in result.stderr and "Loading role b" in result.stderr
    assert "dist/" not in result.stdout

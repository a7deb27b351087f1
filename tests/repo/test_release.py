# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release takes, done with a key and a version of the test's own: the changelog, the signature, its check."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import working_copy
import yaml
from working_copy import ROOT

from tests.repo.programs import tool

BIN = Path(sys.executable).parent
WHO = "releases@llmops.example"


def script(name: str, *words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of scripts/."""
    settings = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **environment}
    command = ["bash", str(ROOT / "scripts" / name), *words]
    return subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True, check=False)


@pytest.fixture
def home(tmp_path_factory) -> dict[str, str]:
    """Settings of a gpg that knows one key, whose public half is in the file ``keyring``."""
    if shutil.which("gpg") is None:
        pytest.skip("needs gpg")
    directory = tmp_path_factory.mktemp("g")
    directory.chmod(0o700)
    settings = {"GNUPGHOME": str(directory)}
    gpg = ["gpg", "--batch", "--quiet", "--passphrase", ""]
    environment = os.environ | settings
    subprocess.run([*gpg, "--quick-gen-key", WHO, "ed25519", "sign", "1d"], env=environment, check=True)
    exported = subprocess.run([*gpg, "--export", WHO], env=environment, check=True, capture_output=True).stdout
    (directory / "keyring").write_bytes(exported)
    yield settings
    subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False)


def test_who_installed_the_artifact_can_verify_who_signed_it(artifact, home, tmp_path):
    copy = Path(shutil.copy(artifact, tmp_path))
    signed = script("sign.sh", str(copy), "--local-user", WHO, cwd=tmp_path, **home)
    assert signed.returncode == 0, signed.stderr
    signature = copy.with_name(f"{copy.name}.asc")
    # Signatures of what a Galaxy server holds are checked at once; an artifact is installed first.
    done = tool("ansible-galaxy", "collection", "install", "--offline", "-p", ".", str(copy), cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    check = ["--offline", "--keyring", f"{home['GNUPGHOME']}/keyring", "--required-valid-signature-count", "+1"]

    def verified() -> bool:
        words = ["collection", "verify", *check, "--signature", signature.as_uri(), "llmops.gke"]
        return tool("ansible-galaxy", *words, cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=".", **home).returncode == 0

    inside = tmp_path / "ansible_collections" / "llmops" / "gke"
    assert verified()
    for name in ("MANIFEST.json", "FILES.json", "playbooks/teardown.yml"):
        text = (inside / name).read_text()
        (inside / name).write_text(text.replace("llmops", "mallory", 1))
        assert not verified(), name
        (inside / name).write_text(text)
    assert verified()
    (Path(home["GNUPGHOME"]) / "keyring").write_bytes(b"")
    assert not verified(), "without the key"


def test_a_release_takes_every_fragment_into_the_changelog(tmp_path):
    working_copy.copy_to(tmp_path)
    fragments = tmp_path / "changelogs" / "fragments"
    # Git keeps no empty folder, and a release leaves one.
    fragments.mkdir(exist_ok=True)
    (fragments / "of-this-test.yml").write_text("---\nbugfixes:\n  - deploys on the moon, too.\n")
    refused = script("release.sh", "soon", cwd=tmp_path)
    assert (refused.returncode, refused.stderr) == (2, "say which: make release VERSION=1.2.3\n")
    done = script("release.sh", "99.0.0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load((tmp_path / "galaxy.yml").read_text())["version"] == "99.0.0"
    assert list(fragments.glob("*.yml")) == []
    changelog = (tmp_path / "CHANGELOG.md").read_text()
    assert "deploys on the moon" in changelog
    assert "C\\(" not in changelog, "a fragment has Ansible's markup: put ``code`` instead"

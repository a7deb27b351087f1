# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-test sanity, with no ignore entries, on a copy of the collection as Galaxy has it.

A copy, because ansible-test wants the path ``ansible_collections/llmops/gke`` and refuses a link; without what the
artifact leaves out, which users never get and ruff keeps in order. It makes virtual
environments of its own below its home and installs into them the versions it pins; that home is in .cache here.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files as package_files
from pathlib import Path

import working_copy
import yaml

HOME = working_copy.ROOT / ".cache" / "ansible-test"

# ansible-test fetches get-pip.py from a server of its own, which closed networks do not reach. The versions that
# ansible-test wants come from the package index, as everything else does: by uv, which takes a second for each of its
# environments where ensurepip and pip take eight. ensurepip is part of Python, and there where uv fails.
GET_PIP = """\
import os
import subprocess
import sys

wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
packages = [word for word in wanted if not word.startswith("-")]
try:
    subprocess.check_call([*UV, "--python", sys.executable, *packages], env=os.environ | ENVIRONMENT)
except (OSError, subprocess.CalledProcessError):
    subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
    sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted]))
"""


def place_get_pip(index: str | None) -> None:
    """Put the stand-in where ansible-test looks before it downloads, under the name that this ansible-core wants."""
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet"]
    uv += ["--default-index", index] if index else []
    # uv reads certificates and proxies from here, and ansible-test would not pass them on.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("UV_", "SSL_CERT_")) or name.upper().endswith("_PROXY")
    }
    source = package_files("ansible_test").joinpath("_internal", "python_requirements.py").read_text()
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in set(re.findall(r"pip='([0-9.]+)'", source)):
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        # The address of an index or of a proxy may hold a password.
        script.touch(mode=0o600)
        script.write_text(f"UV = {uv!r}\nENVIRONMENT = {environment!r}\n{GET_PIP}")


def place_pip_configuration() -> str | None:
    """Hand on pip's settings, mirrors and certificates say, wherever they stand: ansible-test passes only HOME on.

    Returns the index among them.
    """
    pip = [sys.executable, "-m", "pip"]
    listed = subprocess.run([*pip, "config", "list"], check=True, capture_output=True, text=True).stdout
    settings = dict(re.findall(r"^(?::env:|global)\.([a-z-]+)='(.*)'$", listed, flags=re.MULTILINE))
    cache = subprocess.run([*pip, "cache", "dir"], check=False, capture_output=True, text=True).stdout.strip()
    if cache:
        settings.setdefault("cache-dir", cache)
    settings["quiet"] = "2"
    path = HOME / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    return settings.get("index-url")


def leave_out(copy: Path) -> None:
    """Remove what galaxy.yml keeps out of the artifact."""
    ignored = yaml.safe_load((copy / "galaxy.yml").read_text())["build_ignore"]
    for path in [path for pattern in ignored for path in copy.glob(pattern)]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def main() -> int:
    """Run what was asked for, or everything; the exit code is the worst of ansible-test's."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("arguments", nargs="*", help="for ansible-test sanity, after --: files, --test NAME, ...")
    arguments = parser.parse_args().arguments
    place_get_pip(place_pip_configuration())
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    with tempfile.TemporaryDirectory(prefix="llmops-gke-sanity-") as top:
        copy = Path(top) / "ansible_collections" / "llmops" / "gke"
        working_copy.copy_to(copy)
        leave_out(copy)
        command = [str(Path(sys.executable).with_name("ansible-test")), "sanity", "--python", python, "--color", "no"]
        environment = os.environ | {"HOME": str(HOME)}
        # shellcheck and pslint want programs that can't be had from the package index: where they are missing,
        # ansible-test says so and goes on.
        code = subprocess.call([*command, *arguments], cwd=copy, env=environment)
    print(f"ansible-test sanity on Python {python}: {'failed' if code else 'passed'}")
    return code


if __name__ == "__main__":
    sys.exit(main())

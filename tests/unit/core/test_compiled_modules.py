# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller imports from the collection is compiled once a change, and nothing is put beside its source."""

from __future__ import annotations

import importlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.llmops.gke.plugins.plugin_utils import compiled_modules

ROOT = Path(__file__).parents[3]
PACKAGE = "some_collection.module_utils"


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a collection's shared code that imports look at, with an empty cache of the user's own."""
    folder = tmp_path / "some_collection" / "module_utils" / "core"
    folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", [compiled_modules._Finder([PACKAGE], tmp_path / "cache"), *sys.meta_path])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return folder


def imported(name: str) -> object:
    """The module, imported as by a process that has just begun."""
    for known in [known for known in sys.modules if known.startswith("some_collection")]:
        del sys.modules[known]
    importlib.invalidate_caches()
    return importlib.import_module(f"{PACKAGE}.core.{name}").VALUE


def compiled(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*.pyc"))


def test_a_compiled_file_is_kept_for_its_user_alone_and_apart_from_its_source(collection, tmp_path):
    (collection / "answer.py").write_text("VALUE = 41")
    assert imported("answer") == 41
    (kept,) = compiled(tmp_path)
    assert kept.relative_to(tmp_path / "cache").parts[:-1] == collection.parts[1:]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [*collection.iterdir()] == [collection / "answer.py"]


def test_it_is_used_as_long_as_its_source_is_the_same(collection, tmp_path):
    source = collection / "answer.py"
    source.write_text("VALUE = 'written'")
    imported("answer")
    (kept,) = compiled(tmp_path)
    kept.write_bytes(kept.read_bytes().replace(b"written", b"kept so"))
    assert imported("answer") == "kept so"
    source.write_text("VALUE = 'written anew'")
    assert imported("answer") == "written anew"


def test_a_source_of_the_same_size_and_time_is_another_one_all_the_same(collection, tmp_path):
    """As an image built with one time for all files has it, where the user's cache is kept from release to release."""
    for text in ("older", "newer"):
        (collection / "answer.py").unlink(missing_ok=True)
        (collection / "answer.py").write_text(f"VALUE = '{text}'")
        os.utime(collection / "answer.py", (1, 1))
        assert imported("answer") == text


@pytest.mark.parametrize("hindrance", ["a file in the way", "spoiled", "cut by a full disk"])
def test_a_cache_of_no_use_is_none(collection, tmp_path, hindrance):
    (collection / "answer.py").write_text("VALUE = 41")
    if hindrance == "spoiled":
        imported("answer")
        compiled(tmp_path)[0].write_bytes(b"no compiled file")
    elif hindrance == "cut by a full disk":
        imported("answer")
        (kept,) = compiled(tmp_path)
        whole = kept.read_bytes()
        kept.write_bytes(whole[:-20])
        assert imported("answer") == imported("answer") == 41
        assert kept.read_bytes() == whole
    else:
        (tmp_path / "cache").write_text("")
    assert imported("answer") == 41


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch):
    """Begins as a command of Ansible does, with a cache, and tells whether compiled files are kept there."""

    def begin(cache: Path) -> bool:
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        monkeypatch.setattr(sys, "meta_path", [one for one in sys.meta_path if type(one).__name__ != "_Finder"])
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        monkeypatch.setattr(compiled_modules.context, "CLIARGS", {"verbosity": 0})
        compiled_modules.keep_compiled()
        return type(sys.meta_path[0]) is compiled_modules._Finder

    return begin


def test_the_folder_is_made_for_its_user_alone(begun, tmp_path):
    former = os.umask(0)
    try:
        assert begun(tmp_path / "cache")
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "cache" / "llmops.gke" / "compiled").stat().st_mode) == 0o700
    assert begun(tmp_path / "cache")


@pytest.mark.parametrize("whose", ["another user's", "for others to write", "not to be made"])
def test_what_others_may_have_put_there_is_never_run(begun, tmp_path, monkeypatch, whose):
    folder = tmp_path / "llmops.gke" / "compiled"
    if whose == "not to be made":
        (tmp_path / "llmops.gke").write_text("")
    else:
        folder.mkdir(parents=True)
        folder.chmod(0o777 if whose == "for others to write" else 0o755)
    if whose == "another user's":
        monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert not begun(tmp_path)


def test_what_is_not_there_is_told_by_its_name(collection):
    with pytest.raises(ModuleNotFoundError, match="some_collection.module_utils.core.nothing"):
        imported("nothing")


def test_ansible_uses_it_for_all_that_the_collection_has(tmp_path):
    program = """
import json, os, sys
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
context.CLIARGS = ImmutableDict(verbosity=0)
from ansible.plugins.loader import action_loader, init_plugin_loader
init_plugin_loader([os.path.abspath("collections")])
action_loader.get("llmops.gke.k8s_apply", class_only=True)
loaders = {name: type(module.__spec__.loader).__module__ for name, module in sys.modules.items()
           if name.startswith("ansible_collections.llmops.gke.plugins.") and not hasattr(module, "__path__")}
print(json.dumps(sorted(name for name, loader in loaders.items() if not loader.endswith("compiled_modules"))))
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment | {"XDG_CACHE_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    compiled_anew = {name.partition(".plugins.")[2] for name in json.loads(done.stdout)}
    # What it takes to keep the others.
    itself = {f"plugin_utils.{name}" for name in ("before_forks", "compiled_modules", "user_cache")}
    assert compiled_anew - {"action.k8s_apply"} == itself
    kept = {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")}
    assert {"engine_action", "k8s_apply", "session"} <= kept

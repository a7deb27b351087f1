# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that are paths: only regular files are read and written, and links stay links."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core import files
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import run_engine
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_kubeconfig
from ansible_collections.llmops.gke.plugins.module_utils.engines.kubernetes import k8s_apply, k8s_info
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving import llm_report
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, options, running
from tests.unit.plugins.kubernetes.k8s_support import options as k8s_options

KINDS = ["directory", "device", "pipe", "socket", "loop", "nul"]


@pytest.fixture(params=KINDS)
def odd(request, tmp_path: Path) -> str:
    """A path at which no regular file is, nor can be."""
    path = tmp_path / request.param
    if request.param == "device":
        return "/dev/null"
    if request.param == "nul":
        return f"{path}\0"
    if request.param == "directory":
        path.mkdir()
    elif request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    else:
        path.symlink_to(path)
    return str(path)


def through_a_link(tmp_path: Path, path: str) -> str:
    link = tmp_path / "to-it"
    link.symlink_to(path)
    return str(link)


def test_nothing_odd_is_written_or_read_by_itself_or_through_a_link(odd, tmp_path):
    paths = [odd] if "\0" in odd else [odd, through_a_link(tmp_path, odd)]
    for path in paths:
        for use in (files.writable, files.readable):
            with pytest.raises(InvalidOption, match="^path: .*regular file"):
                use("path", path)


def test_what_is_not_there_can_be_written_and_not_read(tmp_path):
    path = str(tmp_path / "new" / "file")
    assert files.writable("path", path) == os.path.realpath(path)
    with pytest.raises(InvalidOption, match="No such file"):
        files.readable("path", path)


def test_the_file_behind_a_link_is_written_and_the_link_stays(tmp_path):
    target, link = tmp_path / "far" / "target", tmp_path / "link"
    link.symlink_to("far/target")
    files.write(files.writable("path", str(link)), "text", 0o640, ".new-")
    assert link.is_symlink()
    assert target.read_text() == "text"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [each.name for each in target.parent.iterdir()] == ["target"]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        files.write(str(tmp_path / "file"), "\ud800", 0o600, ".new-")
    assert list(tmp_path.iterdir()) == []


def test_gke_kubeconfig_refuses_it_and_leaves_it_alone(odd):
    live = running(name=CLUSTER, endpoint="203.0.113.9", masterAuth={"clusterCaCertificate": "Q0E="})
    with FakeServer({("GET", CLUSTER_PATH): live}) as server:
        for state in ("present", "absent"):
            given = options(gke_kubeconfig.ARGUMENT_SPEC, server.url, name=CLUSTER, path=odd, state=state)
            outcome = run_engine(gke_kubeconfig.SPEC, given, False, silent)
            assert outcome["msg"].startswith("path: "), outcome
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def report(**given: str) -> dict:
    names = llm_report.SPEC.argument_spec
    return run_engine(llm_report.SPEC, {**dict.fromkeys(names), "title": "T", **given}, False, silent)


def test_llm_report_refuses_it_before_anything_is_written(odd, tmp_path):
    page = tmp_path / "page.html"
    assert report(path=odd)["msg"].startswith("path: ")
    assert report(path=str(page), json_path=odd)["msg"].startswith("json_path: ")
    assert not page.exists()
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_llm_report_writes_behind_a_link_and_never_two_files_in_one(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("page.html")
    assert report(path=str(link))["written"] == [str(link)]
    assert link.is_symlink()
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert report(path=str(link), json_path=str(tmp_path / "page.html"))["msg"].startswith("json_path: ")


def test_credentials_and_manifests_are_read_from_regular_files_alone(odd):
    for spec, option, given in (
        (k8s_info.SPEC, "kubeconfig", k8s_options(k8s_info.SPEC, "", kind="Pod", kubeconfig=odd)),
        (
            gke_kubeconfig.SPEC,
            "service_account_file",
            {
                **options(gke_kubeconfig.ARGUMENT_SPEC, "http://127.0.0.1:9", name=CLUSTER),
                "access_token": None,
                "service_account_file": odd,
            },
        ),
    ):
        outcome = run_engine(spec, given, False, silent)
        assert outcome["msg"].startswith(f"{option}: "), outcome
    if not os.path.isdir(odd.rstrip("\0")):
        outcome = run_engine(k8s_apply.SPEC, k8s_options(k8s_apply.SPEC, "", src=[odd]), False, silent)
        assert outcome["msg"].startswith("src: "), outcome

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A warning where more hosts are served at once than there is memory for."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.plugin_utils import forks


@pytest.mark.parametrize(
    ("at_once", "hosts", "free"), [(20, 50, 1200), (20, 2, 120), (5, 50, 300), (20, 50, None), (20, 0, 0), (1, 1, 60)]
)
def test_what_fits_needs_no_advice(at_once, hosts, free):
    assert forks.advice(at_once, hosts, free) is None


@pytest.mark.parametrize(
    ("at_once", "hosts", "free", "fits"), [(20, 50, 1199.9, 19), (20, 50, 600, 10), (50, 20, 600, 10), (2, 2, 10, 1)]
)
def test_what_does_not_fit_is_told_with_what_does(at_once, hosts, free, fits):
    told = forks.advice(at_once, hosts, free)
    assert f"{min(at_once, hosts) * 60} MiB" in told
    assert f"--forks {fits} " in told and told.endswith(f"llmops_serial={fits}")


@pytest.mark.parametrize(
    ("machine", "most", "used", "free"),
    [
        ("MemTotal: 9 kB\nMemAvailable:  2097152 kB\n", "max", "5", 2048),
        ("MemAvailable: 2097152 kB\n", str(512 * 2**20), str(112 * 2**20), 400),
        ("MemAvailable: 102400 kB\n", str(512 * 2**20), "0", 100),
        ("nothing of it", str(2**20), "0", 1),
        (None, None, None, None),
    ],
)
def test_the_smaller_of_machine_and_container_counts(tmp_path, monkeypatch, machine, most, used, free):
    files = {name: tmp_path / name for name in ("machine", "most", "used")}
    for name, text in (("machine", machine), ("most", most), ("used", used)):
        if text is not None:
            files[name].write_text(text)
    monkeypatch.setattr(forks, "_MACHINE", files["machine"])
    monkeypatch.setattr(forks, "_LIMIT", (files["most"], files["used"]))
    assert forks.free_mib() == free


def test_this_machine_tells():
    found = forks.free_mib()
    assert found is None or found > 0

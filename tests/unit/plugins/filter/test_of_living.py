# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter of_living: events of objects that are still there."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.filter.of_living import FilterModule

of_living = FilterModule().filters()["of_living"]
POD = {"kind": "Pod", "metadata": {"name": "p", "namespace": "n", "uid": "1"}}
NODE = {"kind": "Node", "metadata": {"name": "gke-1", "uid": "2"}}


def event(**about: str) -> dict:
    return {"reason": "R", "involvedObject": about}


@pytest.mark.parametrize(
    ("about", "kept"),
    [
        ({"kind": "Pod", "name": "p", "namespace": "n", "uid": "1"}, True),
        ({"kind": "Pod", "name": "p", "namespace": "n", "uid": "0"}, False),
        ({"kind": "Pod", "name": "gone", "namespace": "n", "uid": "9"}, False),
        ({"kind": "Pod", "name": "gke-1", "uid": "9"}, False),
        # As kubelets tell of their nodes.
        ({"kind": "Node", "name": "gke-1", "uid": "gke-1"}, True),
        ({"kind": "Node", "name": "gke-0", "uid": "gke-0"}, False),
        ({"kind": "Job", "name": "j", "namespace": "n", "uid": "8"}, True),
    ],
)
def test_events_of_what_is_gone_are_left_out(about, kept):
    found = event(**about)
    assert of_living([found], [POD, NODE], ["Pod", "Node"]) == ([found] if kept else [])


def test_where_nothing_is_left_of_a_kind_none_of_its_events_is():
    assert of_living([event(kind="Pod", uid="1"), event(kind="Job", uid="3")], [], ["Pod"]) == [
        event(kind="Job", uid="3")
    ]

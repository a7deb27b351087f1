# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which manager owns a field is no matter of the object, unless one leaves a field to others."""

from __future__ import annotations

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.managed_fields import given_up
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import CONFIG, CONFIG_PATH, live, run


def test_who_owns_a_field_is_no_change_of_the_object():
    manifest = {**CONFIG, "metadata": {**CONFIG["metadata"], "annotations": {}}, "data": {"a": "1", "b": "2"}}
    body = {**CONFIG, "metadata": {**CONFIG["metadata"], "namespace": "golden"}, "data": {"a": "1", "b": "2"}}
    before = live(body, "llmops.gke", {"f:data": {"f:a": {}}})
    after = live(body, "llmops.gke", {"f:data": {"f:a": {}, "f:b": {}}, "f:metadata": {"f:annotations": {}}})
    with FakeServer({("GET", CONFIG_PATH): before, ("PATCH", CONFIG_PATH): Reply(200, after)}) as server:
        for check in (True, False):
            result = run(SPEC, server.url, check=check, manifests=[manifest])
            assert (result["changed"], result["totals"]) == (False, {"unchanged": 1})


def test_a_field_that_is_left_to_others_is_written_and_named():
    body = {**CONFIG, "metadata": {**CONFIG["metadata"], "namespace": "golden"}, "data": {"a": "1", "b": "2"}}
    before = live(body, "llmops.gke", {"f:data": {"f:a": {}, "f:b": {}}})
    after = live(body, "llmops.gke", {"f:data": {"f:a": {}}})
    with FakeServer({("GET", CONFIG_PATH): before, ("PATCH", CONFIG_PATH): Reply(200, after)}) as server:
        for check in (True, False):
            result = run(SPEC, server.url, check=check, manifests=[CONFIG])
            assert result["totals"] == {"updated": 1}
    assert [change["field"] for change in result["plan"][0]["changes"]] == ["field manager of data.b"]


def test_fields_are_given_up_by_name_and_key():
    found = {"a": [{"name": "x", "v": 1, "w": 2}, {"name": "y"}], "b": {"c": 1}, "d": ""}
    item = {".": {}, "f:name": {}, "f:v": {}, "f:w": {}}
    before = {"f:a": {'k:{"name":"x"}': item, 'k:{"name":"y"}': {"f:name": {}}}, "f:b": {"f:c": {}}, "f:e": {}}
    after = {"f:a": {'k:{"name":"x"}': {".": {}, "f:name": {}, "f:w": {}}}, "f:b": {"f:c": {}}}
    assert given_up(found, before, after) == ["a[name=x].v", "a[name=y]"]

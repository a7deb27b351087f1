# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom a kubeconfig's user acts."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.impersonation import headers
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.login import Part, Unusable


def of(**fields):
    return headers(Part("user u", {name.replace("_", "-"): value for name, value in fields.items()}, "/"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ()),
        ({"as": "", "as_uid": None, "as_groups": [], "as_user_extra": {}}, ()),
        ({"as": "mary"}, (("Impersonate-User", "mary"),)),
        (
            {"as": "mary", "as_uid": "7", "as_groups": ["b", "a"]},
            (
                ("Impersonate-User", "mary"),
                ("Impersonate-Uid", "7"),
                ("Impersonate-Group", "b"),
                ("Impersonate-Group", "a"),
            ),
        ),
        (
            {"as": "mary", "as_user_extra": {"Scope": ["x", "y"], "a/b%ü_-": ["z"], "none": None}},
            (
                ("Impersonate-User", "mary"),
                ("Impersonate-Extra-Scope", "x"),
                ("Impersonate-Extra-Scope", "y"),
                ("Impersonate-Extra-a%2Fb%25%C3%BC_-", "z"),
            ),
        ),
        ({"as": "€"}, (("Impersonate-User", "€".encode().decode("latin-1")),)),
    ],
)
def test_its_headers(fields, expected):
    assert of(**fields) == expected


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"as_uid": "7"}, "user u has as-uid, as-groups or as-user-extra, and no as"),
        ({"as_groups": ["a"]}, "user u has as-uid, as-groups or as-user-extra, and no as"),
        ({"as": "", "as_user_extra": {"a": ["b"]}}, "user u has as-uid, as-groups or as-user-extra, and no as"),
        ({"as": 5}, "as of user u is no text"),
        ({"as": "m", "as_uid": 7}, "as-uid of user u is no text"),
        ({"as": "m", "as_groups": "a"}, "as-groups of user u is no list of texts"),
        ({"as": "m", "as_groups": [1]}, "as-groups of user u is no list of texts"),
        ({"as": "m", "as_user_extra": []}, "as-user-extra of user u is no mapping of lists"),
        ({"as": "m", "as_user_extra": {1: []}}, "as-user-extra of user u is no mapping of lists"),
        ({"as": "m", "as_user_extra": {"a": "b"}}, "as-user-extra.a of user u is no list of texts"),
        ({"as": "m\r\nX: y"}, "what user u acts as has control characters"),
        ({"as": "m", "as_groups": ["a\x7f"]}, "what user u acts as has control characters"),
    ],
)
def test_what_it_cannot_be(fields, wrong):
    with pytest.raises(Unusable) as error:
        of(**fields)
    assert str(error.value) == wrong

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets that a task comes to hold: where they are found, and that they end with it."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core import secrets


def basic(user_and_password: bytes) -> str:
    return f"Basic {base64.b64encode(user_and_password).decode()}"


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("Bearer abcdef", {"abcdef"}),
        ("Bearer a+b/c==", {"a+b/c==", "a%2Bb%2Fc%3D%3D"}),
        (basic(b"me:pa:ss"), {base64.b64encode(b"me:pa:ss").decode(), "bWU6cGE6c3M%3D", "pa:ss", "pa%3Ass"}),
        ("Basic not-base64!", {"not-base64!", "not-base64%21"}),
        ("lonely-token", {"lonely-token"}),
        ("Bearer abc", set()),
        ("", set()),
    ],
)
def test_an_authorization_is_kept_in_the_forms_in_which_it_may_come_back(header, kept):
    with secrets.kept():
        secrets.keep_authorization({"Authorization": header} if header else {})
        assert secrets.known() == kept


def test_a_token_with_a_line_break_is_hidden_without_it_too():
    with secrets.kept(["  file-token\n"]):
        assert secrets.hidden("got file-token.") == "got ********."


def test_the_longest_secret_is_hidden_first():
    with secrets.kept(["canary", "canary-and-more"]):
        assert secrets.hidden("canary-and-more, canary") == "********, ********"
    with secrets.kept(["zz-canary", "a-zz-canary-b"]):
        assert secrets.hidden("a-zz-canary-b, zz-canary") == "********, ********"


def test_the_shortest_secrets_that_are_hidden_have_four_characters():
    with secrets.kept(["abcd", "xyz"]):
        assert secrets.hidden("abcd xyz") == "******** xyz"
    assert secrets.in_urls("http://u:abcd@h") == {"abcd"}


def test_a_secret_is_hidden_as_urls_write_it():
    with secrets.kept(["a/b+XX?"]):
        assert secrets.hidden("a/b+XX? and a%2Fb%2BXX%3F") == "******** and ********"


def test_secrets_end_with_the_task_also_when_it_fails():
    with pytest.raises(KeyError), secrets.kept(["outer"]):
        with secrets.kept(["inner"]):
            assert secrets.known() == {"inner"}
        assert secrets.known() == {"outer"}
        raise KeyError
    secrets.keep("outside")
    assert secrets.known() == frozenset()


def test_passwords_in_urls_are_found_wherever_they_are():
    options = {
        "endpoint": "https://me:s3cr%2Ft@host/",
        "list": [{"inner": "see http://token@h and socks5h://u:longer@p"}, 7, None],
        "short": "http://u:abc@h",
        "none": "https://host/a@b?c=d@e",
    }
    assert secrets.in_urls(options) == {"s3cr%2Ft", "s3cr/t", "token", "longer"}

# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of AWX's API as its clients need to configure it; runs no job.

What can be posted where, with which types and choices, is what an AWX answered to OPTIONS (recorded/api.json). It is
stricter than AWX in one thing: a field that AWX would ignore is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.awx import awx_rules

RECORDED = json.loads((Path(__file__).parent / "recorded" / "api.json").read_text())
NODE_PROMPTS = ("diff_mode", "extra_data", "inventory", "job_tags", "job_type", "limit", "skip_tags")
# Not recorded there. As the serializers of AWX 24.6.1 have them.
NODE = {name: RECORDED["post"]["schedules"][name] for name in NODE_PROMPTS} | {
    "identifier": {"type": "string"},
    "workflow_job_template": {"type": "id", "required": True},
    "unified_job_template": {"type": "id"},
}
POST = RECORDED["post"] | {"workflow_job_template_nodes": NODE}
POST["inventories"] = POST.pop("inventory")
APPROVAL = {name: {"type": kind} for name, kind in (("name", "string"), ("timeout", "integer"))}
TYPES = {
    "boolean": bool, "integer": int, "id": int, "string": str, "json": (dict, list, str), "object": (dict, list),
    "choice": (str, int), "list": list,
}  # fmt: skip
WHERE = {
    "organization": "organizations", "credential_type": "credential_types", "project": "projects",
    "inventory": "inventories", "source_project": "projects", "execution_environment": "execution_environments",
    "default_environment": "execution_environments", "unified_job_template": "unified_job_templates",
    "workflow_job_template": "workflow_job_templates",
}  # fmt: skip
"""Field -> the endpoint of what it names."""
READ_ONLY = {("credential_types", "managed"), ("job_templates", "organization")}
"""What awx.awx posts although it can only be read; a job template is of its project's organization."""
UNIFIED = ("job_templates", "workflow_job_templates", "projects", "inventory_sources", "workflow_approval_templates")
ASSOCIATIONS = {
    "credentials": "credentials", "notification_templates_error": "notification_templates",
    "notification_templates_approvals": "notification_templates", "success_nodes": "workflow_job_template_nodes",
    "failure_nodes": "workflow_job_template_nodes", "always_nodes": "workflow_job_template_nodes",
}  # fmt: skip
SINGULAR = {"inventories": "inventory"}


class Refused(Exception):
    """What AWX answers with 400."""


class FakeAwx:
    """The state: endpoint -> id -> object; (endpoint, id, association) -> ids."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[int, dict[str, Any]]] = {}
        self.associated: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[tuple[str, int], dict[str, Any]] = {}
        self.writes: list[str] = []
        self.lock = Lock()
        self.url = ""
        self._add("organizations", {"name": "Default"})
        google = {"fields": [{"id": name} for name in ("username", "project", "ssh_key_data")]}
        self._add(
            "credential_types",
            {"name": "Google Compute Engine", "kind": "cloud", "inputs": google, "injectors": {}},
        )

    def find(self, endpoint: str, name: str) -> dict[str, Any]:
        """The one object of a name."""
        (found,) = [one for one in self.objects[endpoint].values() if one.get("name", one.get("identifier")) == name]
        return found

    def names(self, endpoint: str, one: dict[str, Any], association: str) -> list[str]:
        """What is associated with an object, by name, sorted."""
        there = self.objects[ASSOCIATIONS[association]]
        ids = self.associated.get((endpoint, one["id"], association), [])
        return sorted(there[number].get("name") or there[number]["identifier"] for number in ids)

    def _all(self, endpoint: str) -> list[dict[str, Any]]:
        kinds = UNIFIED if endpoint == "unified_job_templates" else (endpoint,)
        return [one for kind in kinds for one in self.objects.get(kind, {}).values()]

    def _add(self, endpoint: str, values: dict[str, Any]) -> dict[str, Any]:
        # Templates of all kinds are one table.
        number = sum(len(known) for known in self.objects.values()) + 1
        one = {name: value for name, value in values.items() if (endpoint, name) not in READ_ONLY}
        one |= {"id": number, "type": SINGULAR.get(endpoint, endpoint.removesuffix("s"))}
        one |= {"url": f"/api/v2/{endpoint}/{number}/"}
        if endpoint in ("projects", "inventory_sources"):
            one |= {"status": "successful", "scm_revision": "0" * 40, "scm_update_on_launch": False} | values
        for where, field in (("job_templates", "project"), ("inventory_sources", "inventory")):
            if endpoint == where:
                (holder,) = [known for known in self._all(WHERE[field]) if known["id"] == values[field]]
                one |= {"organization": holder["organization"]}
        self.objects.setdefault(endpoint, {})[number] = one
        return one

    def _shown(self, endpoint: str, one: dict[str, Any]) -> dict[str, Any]:
        base = one["url"]
        related = {name: f"{base}{name}/" for name in ASSOCIATIONS}
        related |= {name: f"{base}{name}/" for name in ("survey_spec", "update", "workflow_nodes")}
        related["create_approval_template"] = f"{base}create_approval_template/"
        for field, target in WHERE.items():
            if isinstance(one.get(field), int):
                known = next(other for other in self._all(target) if other["id"] == one[field])
                related[field] = known["url"]
        shown = {name: value for name, value in one.items() if name != "inputs" or endpoint != "credentials"}
        if endpoint == "credentials":
            secret = {"ssh_key_data", "token", "api_key"}
            inputs = one.get("inputs", {})
            shown["inputs"] = {name: "$encrypted$" if name in secret else value for name, value in inputs.items()}
        if endpoint == "credential_types":
            shown["managed"] = one["name"] == "Google Compute Engine"
        return shown | {"related": related, "summary_fields": {}}

    def checked(self, endpoint: str, values: dict[str, Any], fields: dict[str, Any], whole: bool) -> None:
        """Raise Refused for what AWX would not take."""
        for name, value in values.items():
            if name == "type" or (endpoint, name) in READ_ONLY:
                continue
            if name not in fields:
                raise Refused(f"{endpoint} has no field {name}")
            kind = fields[name]["type"]
            if value is not None and not isinstance(value, TYPES.get(kind, object)):
                raise Refused(f"{endpoint}.{name} is a {kind}, not {value!r}")
            choices = [choice for choice, _label in fields[name].get("choices", [])]
            if choices and value not in choices:
                raise Refused(f"{endpoint}.{name} is {value!r}, none of {choices}")
            if name in WHERE and value and value not in [one["id"] for one in self._all(WHERE[name])]:
                raise Refused(f"{endpoint}.{name}: {WHERE[name]} has no {value}")
        missing = [name for name, field in fields.items() if field.get("required") and not values.get(name)]
        if whole and missing:
            raise Refused(f"{endpoint} needs {missing}")
        awx_rules.check(endpoint, values, lambda where, number: self.objects[where][number])

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Status and JSON of one request; path: below /api/v2/."""
        parts = [part for part in path.strip("/").split("/") if part]
        if not parts:
            return 200, RECORDED["root"]
        endpoint, number = parts[0], int(parts[1]) if len(parts) > 1 else None
        if method == "OPTIONS":
            if len(parts) == 3:
                endpoint = {"workflow_nodes": "workflow_job_template_nodes"}.get(parts[2], parts[2])
            fields = APPROVAL if endpoint == "create_approval_template" else POST.get(endpoint, {})
            return 200, {"actions": {"GET": {}, "POST": fields}, "search_fields": ["name"]}
        if number is None:
            return self._list(method, endpoint, query, body)
        one = self.objects[endpoint][number]
        if len(parts) == 3:
            return self._below(method, endpoint, one, parts[2], body)
        if method in ("PATCH", "PUT"):
            # Where a node belongs is said when it is made, and only then.
            placed = {name: value for name, value in one.items() if name == "workflow_job_template"}
            self.checked(endpoint, placed | body, POST[endpoint], whole=method == "PUT")
            self.writes.append(f"{method} {path}")
            one.update({name: value for name, value in body.items() if (endpoint, name) not in READ_ONLY})
        return 200, self._shown(endpoint, one)

    def _list(self, method: str, endpoint: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "POST":
            self.checked(endpoint, body, POST[endpoint], whole=True)
            self.writes.append(f"POST {endpoint} {body.get('name') or body.get('identifier')}")
            return 201, self._shown(endpoint, self._add(endpoint, body))
        asked = {name: value for name, value in query.items() if name not in ("page_size", "page", "order_by")}
        found = [
            self._shown(endpoint, one)
            for one in self._all(endpoint)
            if all(str(one.get(name)) == value for name, value in asked.items())
        ]
        return 200, {"count": len(found), "next": None, "previous": None, "results": found}

    def _below(self, method: str, endpoint: str, one: dict[str, Any], name: str, body: Any) -> tuple[int, Any]:
        key = (endpoint, one["id"], name)
        if name in ASSOCIATIONS and method == "POST":
            ids = self.associated.setdefault(key, [])
            self.writes.append(f"POST {one['url']}{name}/")
            ids.remove(body["id"]) if body.get("disassociate") else ids.append(body["id"])
            awx_rules.check_credentials([self.objects["credentials"][n] for n in ids] if name == "credentials" else [])
            return 204, None
        if name in ASSOCIATIONS:
            there = ASSOCIATIONS[name]
            found = [self._shown(there, self.objects[there][number]) for number in self.associated.get(key, [])]
            return 200, {"count": len(found), "next": None, "previous": None, "results": found}
        if name == "survey_spec":
            if method == "POST":
                awx_rules.check_survey(body)
                self.writes.append(f"POST {one['url']}survey_spec/")
                self.surveys[endpoint, one["id"]] = body
            return 200, self.surveys.get((endpoint, one["id"]), {})
        if name == "workflow_nodes":
            mine = {"workflow_job_template": one["id"]}
            filters = {field: str(value) for field, value in mine.items()}
            return self._list(method, "workflow_job_template_nodes", filters, (body or {}) | mine)
        if name == "create_approval_template":
            self.checked(name, body, APPROVAL, whole=True)
            approval = self._add("workflow_approval_templates", body)
            self.writes.append(f"POST {one['url']}{name}/")
            one["unified_job_template"] = approval["id"]
            return 201, self._shown("workflow_approval_templates", approval)
        if name == "update":
            return 202, self._add("inventory_updates", {"status": "successful", "finished": "now", "failed": False})
        raise Refused(f"nothing here answers {method} {key}")


@contextmanager
def running() -> Iterator[FakeAwx]:
    """A fake on loopback, while the block lasts."""
    awx = FakeAwx()

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1

        def _do(self) -> None:
            url = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = re.sub(r"^/api/(v2/)?", "", url.path)
            with awx.lock:
                try:
                    body = json.loads(text) if text else None
                    if url.path == "/api/":
                        status, answer = 200, {"current_version": "/api/v2/", "available_versions": {"v2": "/api/v2/"}}
                    else:
                        status, answer = awx.answer(self.command, path, dict(parse_qsl(url.query)), body)
                except (Refused, awx_rules.Broken) as error:
                    status, answer = 400, {"__all__": [str(error)], "detail": str(error)}
                except KeyError as error:
                    status, answer = 404, {"detail": f"Not found: {error}"}
            payload = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for header, value in (
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(payload))),
                ("Allow", "GET, POST, HEAD, OPTIONS"),
                ("X-API-Product-Name", "AWX"),
                ("X-API-Product-Version", RECORDED["awx"]),
            ):
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_OPTIONS = _do

        def log_message(self, *_arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    awx.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

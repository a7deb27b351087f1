# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what a real API server answers to the tables of refusals.py.

Run from the package's folder, the one with pyproject.toml, against a fresh cluster that nobody else uses:

    python -m tests.kubernetes.record_refusals KUBECONFIG
"""

from __future__ import annotations

import json
import sys
import time

from kubernetes import config

from .refusals import FOLDER, SETUP, counted, parsed, requests, tables


def main(kubeconfig: str) -> None:
    """Send every table's requests in order and write the answers down."""
    client = config.new_client_from_config(kubeconfig)

    def send(method: str, path: str, body: object, content_type: str = "application/json") -> tuple[int, object]:
        data = body if isinstance(body, str) or body is None else json.dumps(body)
        url = client.configuration.host + path
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        pool = client.rest_client.pool_manager
        answer = pool.request(method, url, body=data, headers=headers, timeout=5.0, retries=False)
        return answer.status, parsed(answer.headers.get("Content-Type", ""), answer.data.decode())

    for path, body in SETUP:
        send("POST", path, body)
    time.sleep(2)  # Until the new kinds are served.
    (FOLDER / "answers").mkdir(exist_ok=True)
    for table in tables():
        answers = {}
        for request in requests(table):
            status, body = send(request.method, request.path, request.body, request.content_type)
            answers[request.name] = counted(request, status, body)
        text = json.dumps(answers, indent=1, ensure_ascii=False) + "\n"
        (FOLDER / "answers" / f"{table}.json").write_text(text, encoding="utf-8")
        print(f"{table}: {len(answers)}")


if __name__ == "__main__":
    main(sys.argv[1])

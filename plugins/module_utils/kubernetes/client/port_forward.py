# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port of this machine that leads to a port of a pod, through the API server (as ``kubectl port-forward`` does)."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from ...core.errors import LlmopsError, MissingLibrary
from ...core.harmless import one_line
from ...http.connection import is_loopback
from .api import POD, KubernetesApi
from .resources import ObjectRef, builtin

_SERVICE = builtin("v1", "Service")
_SLICE = builtin("discovery.k8s.io/v1", "EndpointSlice")
_CHUNK = 65536
_NEVER = "never.invalid"
"""A host that nobody has (RFC 2606), for a list of hosts without proxy that is not to be taken from the environment."""


class PortForwardFailed(LlmopsError):
    """There is nothing to forward to, or the way there broke."""

    kind = "port_forward"


def target(api: KubernetesApi, wanted: dict[str, Any]) -> tuple[ObjectRef, int]:
    """The pod and its port that an option names: namespace, port, and pod or service; see pod_behind."""
    namespace = wanted.get("namespace") or api.default_namespace
    if wanted.get("pod"):
        return ObjectRef(POD, namespace, wanted["pod"]), wanted["port"]
    return pod_behind(api, ObjectRef(_SERVICE, namespace, wanted["service"]), wanted["port"])


def pod_behind(api: KubernetesApi, service: ObjectRef, port: int) -> tuple[ObjectRef, int]:
    """A ready pod of a Service, and its port behind the Service's ``port``; raises PortForwardFailed without one."""
    found = api.get(service)
    if found is None:
        raise PortForwardFailed(f"port-forward to {service}: it does not exist", object=str(service))
    ports = (found.get("spec") or {}).get("ports") or []
    name = next((each.get("name", "") for each in ports if each["port"] == port), None)
    if name is None:
        listed = ", ".join(str(each["port"]) for each in ports)
        raise PortForwardFailed(f"port-forward to {service}: it has no port {port}, but {listed}", object=str(service))
    slices = api.list(_SLICE, service.namespace, label_selector=f"kubernetes.io/service-name={service.name}")
    for piece in slices:
        numbers = [each["port"] for each in piece.get("ports") or [] if (each.get("name") or "") == name]
        for endpoint in piece.get("endpoints") or []:
            behind = endpoint.get("targetRef") or {}
            if numbers and behind.get("kind") == "Pod" and (endpoint.get("conditions") or {}).get("ready") is not False:
                return ObjectRef(POD, service.namespace, behind["name"]), numbers[0]
    raise PortForwardFailed(f"port-forward to {service}: no pod behind it is ready", object=str(service))


class PortForward:
    """Listens on 127.0.0.1 for the time of a ``with`` block; each connection is one to the pod's port.

    url: where to connect. problem: why the last connection could not be made, in words.
    """

    def __init__(self, api: KubernetesApi, pod: ObjectRef, port: int) -> None:
        self.problem = ""
        self._api, self._pod, self._port = api, pod, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []

    def __enter__(self) -> PortForward:
        threading.Thread(target=self._accept, daemon=True, name="port-forward").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._listener, *self._open):
            _shut(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                # Shut by __exit__.
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True, name="port-forward connection").start()

    def _serve(self, client: socket.socket) -> None:
        try:
            forward = self._connect()
        except LlmopsError as error:
            self.problem = error.message
            _shut(client)
            return
        upstream = forward.socket(self._port)
        threading.Thread(target=_copy, args=(client, upstream), daemon=True, name="port-forward request").start()
        _copy(upstream, client)
        if forward.error(self._port):
            self.problem = f"port-forward to port {self._port} of {self._pod}: {forward.error(self._port).strip()}"

    def _connect(self) -> Any:
        try:
            from kubernetes.client import ApiException, Configuration
            from kubernetes.stream.ws_client import portforward_call
        except ImportError as error:
            raise MissingLibrary("kubernetes", error) from error
        http = self._api.http
        if http.repeated_headers:
            raise PortForwardFailed(
                f"port-forward to port {self._port} of {self._pod}: not as another user (as in kubeconfig), which the "
                "Python library kubernetes cannot; name a user in kubeconfig who may do it without as, or url",
                object=str(self._pod),
            )
        configuration = Configuration(host=http.base_url)
        configuration.verify_ssl = http.verify is not False
        configuration.ssl_ca_cert = http.verify if isinstance(http.verify, str) else None
        configuration.cert_file, configuration.key_file = http.certificate or (None, None)
        configuration.tls_server_name = http.server_name
        if http.proxy:
            configuration.proxy, configuration.no_proxy = http.proxy, _NEVER
        elif is_loopback(http.base_url):
            configuration.proxy = None
        self._pass_through(configuration)
        url = f"{http.base_url}{self._pod.path}/portforward"
        refused: Exception | None = None
        for fresh in (False, True):
            headers = http.authorize(fresh) if http.authorize else {}
            lowered = {name.lower(): value for name, value in headers.items()}
            try:
                return portforward_call(
                    configuration, "GET", url, query_params=[("ports", str(self._port))], headers=lowered
                )
            except ApiException as error:
                refused = error
                if "401" not in str(error):
                    break
        raise PortForwardFailed(
            f"port-forward to port {self._port} of {self._pod}: {_reason(str(refused))}", object=str(self._pod)
        )

    def _pass_through(self, configuration: Any) -> None:
        """See to what the client leaves out of a proxy's URL: its name and password, and that it may want TLS."""
        proxy = urlsplit(configuration.proxy or "")
        if proxy.scheme == "https":
            raise PortForwardFailed(
                f"port-forward to port {self._port} of {self._pod}: not by a proxy that is spoken to over TLS "
                f"({proxy.hostname}); name it by an http:// URL where it has one",
                object=str(self._pod),
            )
        if proxy.username:
            login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
            encoded = base64.urlsafe_b64encode(login.encode()).decode()
            configuration.proxy_headers = {"proxy-authorization": f"Basic {encoded}"}


def _reason(said: str) -> str:
    """The API server's own words among those of the client, which has headers and body all in one."""
    found = re.search(r'"message":\s*("(?:[^"\\]|\\.)*")', said)
    try:
        return json.loads(found[1]) if found else one_line(said, 300)
    except ValueError:
        return found[1]


def _copy(source: Any, target: Any) -> None:
    """Pass on what comes until there is no more, then end both: HTTP clients do not close halfway."""
    with suppress(OSError):
        while piece := source.recv(_CHUNK):
            target.sendall(piece)
    _shut(source)
    _shut(target)


def _shut(sock: Any) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()

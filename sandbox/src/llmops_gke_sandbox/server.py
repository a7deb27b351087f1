# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's parts, put together in one loop."""

from __future__ import annotations

import asyncio
import socket

from aiohttp import web

from llmops_gke_sandbox import __version__, durations
from llmops_gke_sandbox.admin import Admin, loopback_only
from llmops_gke_sandbox.agents.network.addresses import Addresses
from llmops_gke_sandbox.body_log import BodyLog
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.cluster_users import ClusterUsers
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google import oauth
from llmops_gke_sandbox.google.cloud_quotas import CloudQuotas
from llmops_gke_sandbox.google.compute import Compute
from llmops_gke_sandbox.google.container.autoscaling.autoscaler import Autoscaler
from llmops_gke_sandbox.google.container.backend import Backend, BackendFactory
from llmops_gke_sandbox.google.container.defaulting import Shown
from llmops_gke_sandbox.google.container.http import ContainerApi
from llmops_gke_sandbox.google.container.managed import Managed
from llmops_gke_sandbox.google.container.operations import OperationFailed, Operations
from llmops_gke_sandbox.google.container.provision import Provisioner
from llmops_gke_sandbox.google.container.reclaim import Reclaim
from llmops_gke_sandbox.google.container.service import Parts
from llmops_gke_sandbox.google.container.state import Store
from llmops_gke_sandbox.google.errors import google_errors
from llmops_gke_sandbox.google.guard import Guard
from llmops_gke_sandbox.google.projects import Projects
from llmops_gke_sandbox.google.quickstart.http import Quickstart
from llmops_gke_sandbox.google.quotas import Quotas
from llmops_gke_sandbox.google.service_accounts import ServiceAccounts
from llmops_gke_sandbox.google.storage.http import Storage
from llmops_gke_sandbox.google.storage.models import ModelFiles
from llmops_gke_sandbox.huggingface.http import HubApi, hub_errors
from llmops_gke_sandbox.huggingface.hub import Hub
from llmops_gke_sandbox.kubectl_access import KubectlAccess
from llmops_gke_sandbox.live_cluster import LiveCluster
from llmops_gke_sandbox.remote.kubeconfig import Access, read_access
from llmops_gke_sandbox.request_log import RequestLog, mark_simulated


class Sandbox:
    """One sandbox: start it, use its endpoints, stop it.

    :param factory: makes what stands behind a cluster; the sandbox's own Kubernetes where it is None.
    """

    def __init__(self, config: Config, factory: BackendFactory | None = None) -> None:
        self.config = config
        self.clock, self.faults = Clock(config.speed, durations.read(config.durations)), Faults()
        self.log = RequestLog(config.directory / "requests.jsonl")
        self._bodies = BodyLog(config.record_bodies)
        self.hub = Hub(config, self.faults)
        self._addresses = Addresses()
        # The port must be known before anything is served: it is in the key, and in the links of the APIs' answers.
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.tokens = oauth.Tokens(
            config.project, config.service_account_email, f"{self.url}/token", config.token_lifetime
        )
        self._guard = Guard(config, self.tokens, self.faults)
        self._projects = Projects(config, self._guard)
        self.hub.url = f"{self.url}/huggingface"
        self._files = ModelFiles(config, self.hub.names(), self._projects.bindings)
        self._users = ClusterUsers(self.tokens.standing, self.tokens.identity)
        self.store = Store(config.project)
        self._quotas = Quotas(config, self.store.nodes, self.faults)
        container, self._compute_url = f"{self.url}/container/v1", f"{self.url}/compute/v1"
        shown = Shown(self.store, container, self._compute_url)
        self._parts = Parts(
            project=config.project,
            store=self.store,
            operations=Operations(container, config.project, config.project_number, self.clock, self.faults),
            shown=shown,
            provisioner=Provisioner(self.store, shown, self._quotas, self.faults, factory or self._live_cluster),
            clock=self.clock,
        )
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1)
        self._loops: list[asyncio.Task] = []

    def endpoints(self) -> dict:
        """Return where everything is, as endpoints.json holds it, and as options of the collection's modules."""
        key = str(self.config.directory / "service-account.json")
        apis = {
            "container": f"{self.url}/container/",
            "compute": f"{self.url}/compute/v1/",
            "service_usage": f"{self.url}/serviceusage/",
            "resource_manager": f"{self.url}/cloudresourcemanager/",
            "cloud_quotas": f"{self.url}/cloudquotas/",
            "gke_recommender": f"{self.url}/gkerecommender/",
            "iam": f"{self.url}/iam/",
            "storage": f"{self.url}/storage/v1/",
        }
        options = {f"{name}_api_endpoint": url for name, url in apis.items()}
        return {
            "simulated": True,
            "version": __version__,
            "speed": self.config.speed,
            "project": self.config.project,
            "project_number": self.config.project_number,
            **apis,
            "huggingface": f"{self.url}/huggingface",
            "token_uri": f"{self.url}/token",
            "admin": f"{self.url}/sandbox/v1",
            "service_account_file": key,
            "google_auth": {"auth_kind": "serviceaccount", "service_account_file": key, **options},
        }

    async def start(self) -> None:
        """Write the key and serve; everything answers when this returns."""
        self.tokens.write_key(self.config.directory / "service-account.json")
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()
        loops = (Autoscaler(self._parts), Managed(self._parts, self.faults), Reclaim(self._parts, self.faults))
        self._loops = [asyncio.create_task(loop.run()) for loop in loops]

    async def stop(self) -> None:
        """End every task and listener, of the clusters too."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._parts.operations.stop()
        await asyncio.gather(*(self._parts.provisioner.stop(cluster) for cluster in self.store.all()))
        await self._runner.cleanup()
        self._socket.close()
        self.log.close()

    def status(self) -> dict:
        """Return what is there now: clusters with their pools and nodes, faults, requests by now."""
        clusters = [
            {
                "name": cluster.name,
                "location": cluster.location,
                "status": cluster.body["status"],
                "endpoint": cluster.body.get("endpoint"),
                "node_pools": {
                    pool.name: {"status": pool.body["status"], "nodes": sorted(pool.nodes)}
                    for pool in cluster.pools.values()
                },
            }
            for cluster in self.store.all()
        ]
        return {
            "simulated": True,
            "speed": self.config.speed,
            "clusters": clusters,
            "faults": self.faults.list(),
            "requests": len(self.log.entries()),
        }

    def _application(self) -> web.Application:
        guard = self._guard
        projects, accounts = self._projects, ServiceAccounts(self.config, guard)
        known = {"store": self.store, "faults": self.faults, "files": self._files}
        compute = Compute(self.config, self._quotas, guard, self._compute_url, **known)
        app = web.Application()
        app.on_response_prepare.append(mark_simulated)
        google = {
            "container": ("/container", ContainerApi(self._parts, guard, accounts).routes()),
            "compute": ("/compute/v1", compute.routes()),
            "serviceusage": ("/serviceusage", projects.service_usage_routes()),
            "cloudresourcemanager": ("/cloudresourcemanager", projects.resource_manager_routes()),
            "cloudquotas": ("/cloudquotas", CloudQuotas(self.config, self._quotas, guard).routes()),
            "gkerecommender": ("/gkerecommender", Quickstart(self.config, guard).routes()),
            "iam": ("/iam", accounts.routes()),
            "storage": ("/storage/v1", Storage(self.config, self._files, self.hub, guard).routes()),
        }
        for service, (prefix, routes) in google.items():
            kept = [self._bodies.middleware] if service == "container" else []
            self._mount(app, service, prefix, routes, *kept, google_errors, guard.middleware(service))
        self._mount(app, "huggingface", "/huggingface", HubApi(self.hub).routes(), hub_errors)
        self._mount(app, "token", "/token", oauth.routes(self.tokens))
        admin = web.Application(middlewares=[loopback_only])
        admin.add_routes(Admin(self.faults, self.log, self._bodies, self.status).routes())
        app.add_subapp("/sandbox", admin)
        return app

    def _mount(self, app: web.Application, service: str, prefix: str, routes: list, *middlewares) -> None:
        part = web.Application(middlewares=[self.log.middleware(service, self.faults), *middlewares])
        part.on_response_prepare.append(mark_simulated)
        part.add_routes(routes)
        app.add_subapp(prefix, part)

    def _live_cluster(self, name: str, location: str) -> Backend:
        return LiveCluster(
            name,
            location,
            project=self.config.project,
            clock=self.clock,
            faults=self.faults,
            log=self.log,
            authenticate=self._users.authenticate,
            granted=self._guard.holds,
            hub=self.hub,
            files=self._files,
            addresses=self._addresses,
            kubectl_access=KubectlAccess(self.config.directory, name, location, self._users.tokens),
            remote=self._remote(name),
        )

    def _remote(self, name: str) -> Access | None:
        """Return the access to an API server of the config's that no cluster has; None if it gives none at all."""
        if not self.config.kubeconfigs:
            return None
        taken = {one.backend.kubeconfig: one.name for one in self.store.all() if isinstance(one.backend, LiveCluster)}
        free = [file for file in self.config.kubeconfigs if file not in taken]
        if not free:
            text = f"Each of the sandbox's kubeconfigs backs a cluster ({', '.join(taken.values())}): {name} has none."
            raise OperationFailed("FAILED_PRECONDITION", text)
        try:
            return read_access(free[0], self.config.kubernetes.get("context"))
        except (ValueError, OSError) as error:
            raise OperationFailed("FAILED_PRECONDITION", str(error)) from None

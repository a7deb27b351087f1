# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's files from a bucket and from a secondary boot disk: what keeps them from a pod, in Google's words."""

import pytest
import pytest_asyncio

from llmops_gke_sandbox.agents.kubelet.volumes import BUCKET_BYTES, DISK_BYTES, GCS_FUSE, PARALLEL_BUCKET_BYTES
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.google.storage.models import ModelFiles
from llmops_gke_sandbox.workloads.base import Directory

from .conftest import GPU_POOL, PAUSE, SPEED, ZONE, World

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
FAILED = 'MountVolume.SetUp failed for volume "weights" : '
DISK_PATH = "/mnt/disks/gke-secondary-disks/gke-weights-disk"
MEMBER = (
    "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/"
    "sandbox-project.svc.id.goog/subject/ns/default/sa/reader"
)
IDENTITY = {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}
DISKS = {"secondaryBootDisks": [{"diskImage": "projects/sandbox-project/global/images/weights"}]}
ANNOTATED = {"gke-gcsfuse/volumes": "true"}


def bucket(name: str = "my-models", **attributes: str) -> dict:
    return {"name": "weights", "csi": {"driver": GCS_FUSE, "volumeAttributes": {"bucketName": name, **attributes}}}


def disk(path: str = "", kind: str = "Directory") -> dict:
    return {"name": "weights", "hostPath": {"path": DISK_PATH + path, "type": kind}}


@pytest_asyncio.fixture
async def place(tmp_path):
    """Start a world whose nodes have what is asked for, and give its project's files beside it."""
    begun = []

    async def begin(config: dict, drivers: tuple = (GCS_FUSE,)) -> tuple[World, ModelFiles]:
        settings = Config(tmp_path, buckets={"my-models": {"7b": MODEL}}, disk_images={"weights": {"models/7b": MODEL}})
        files = ModelFiles(settings, [], list)
        world = World(SPEED, files=files)
        begun.append(world)
        await world.runtime.start()
        world.runtime.set_csi_drivers(frozenset(drivers))
        await world.runtime.add_node({**GPU_POOL, "config": {**GPU_POOL["config"], **config}}, ZONE, "gpu-1")
        return world, files

    yield begin
    for world in begun:
        await world.runtime.stop()


async def create(world: World, volume: dict, annotations: dict | None = None) -> None:
    container = {"name": "main", "image": PAUSE, "volumeMounts": [{"name": "weights", "mountPath": "/models/7b"}]}
    spec = {"serviceAccountName": "reader", "containers": [container], "volumes": [volume]}
    spec |= {"tolerations": [{"operator": "Exists"}], "automountServiceAccountToken": False}
    await world.api.create("serviceaccounts", {"metadata": {"name": "reader"}}, "default")
    metadata = {"name": "one", "annotations": annotations or {}}
    await world.api.create("pods", {"metadata": metadata, "spec": spec}, "default")


def grant(files: ModelFiles, role: str = "roles/storage.objectViewer", member: str = MEMBER) -> None:
    files.policies["my-models"] = {"version": 3, "bindings": [{"role": role, "members": [member]}]}


async def told(world: World) -> str:
    events = await world.until(lambda: world.events("one", "FailedMount"), "the pod tells why")
    await world.waiting("one", "ContainerCreating")
    return events[0]["message"]


async def test_an_add_on_that_is_off(place):
    world, files = await place(IDENTITY, drivers=())
    await create(world, bucket(), ANNOTATED)
    assert await told(world) == (
        f"{FAILED}kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name {GCS_FUSE} not "
        "found in the list of registered CSI drivers"
    )
    # It heals once the driver runs, but for the right to read.
    world.runtime.set_csi_drivers(frozenset([GCS_FUSE]))
    grant(files)
    await world.started("one")


async def test_a_bucket_that_is_not_there(place):
    world, _files = await place(IDENTITY)
    await create(world, bucket("no-such"), ANNOTATED)
    said = 'rpc error: code = NotFound desc = failed to get GCS bucket "no-such": storage: bucket doesn\'t exist'
    assert await told(world) == FAILED + said


async def test_a_service_account_without_access_and_then_with_it(place):
    world, files = await place(IDENTITY)
    grant(files, member=MEMBER.replace("/ns/default/", "/ns/other/"))
    await create(world, bucket(), ANNOTATED)
    assert (await told(world)).startswith(
        f'{FAILED}rpc error: code = PermissionDenied desc = failed to get GCS bucket "my-models": googleapi: Error 403'
    )
    grant(files, "roles/storage.objectUser")
    await world.started("one")


@pytest.mark.parametrize(
    ("config", "annotations", "said"),
    [
        ({}, ANNOTATED, "code = FailedPrecondition desc = Workload Identity Federation is not enabled on node."),
        (IDENTITY, {}, "code = FailedPrecondition desc = failed to find the sidecar container in Pod spec"),
    ],
)
async def test_what_the_driver_asks_of_node_and_pod(place, config, annotations, said):
    world, files = await place(config)
    grant(files)
    await create(world, bucket(), annotations)
    assert said in await told(world)


@pytest.mark.parametrize(
    ("config", "volume", "fails"),
    [
        (DISKS, disk(), False),
        (DISKS, disk("/models/7b"), False),
        (DISKS, disk("/models"), False),
        (DISKS, disk("/models/8b"), True),
        ({}, disk(), True),
        # Created where it is missing, and empty.
        ({}, disk(kind="DirectoryOrCreate"), False),
        ({"secondaryBootDisks": [{**DISKS["secondaryBootDisks"][0], "mode": "CONTAINER_IMAGE_CACHE"}]}, disk(), True),
    ],
)
async def test_a_secondary_boot_disk(place, config, volume, fails):
    world, _files = await place(config)
    await create(world, volume)
    if fails:
        path = volume["hostPath"]["path"]
        assert await told(world) == f"{FAILED}hostPath type check failed: {path} is not a directory"
    else:
        await world.started("one")


def test_a_directory_is_what_lies_below():
    whole = Directory({"a/7b": "x", "a/b/8b": "y", "ab": "z"}, 1.0)
    assert whole.below("/a/").models == {"7b": "x", "b/8b": "y"}
    assert whole.below("a/7b").models == {"": "x"}
    assert whole.below("").models == whole.models and whole.below("none").models == {}
    assert BUCKET_BYTES < PARALLEL_BUCKET_BYTES and DISK_BYTES["pd-standard"] < DISK_BYTES["pd-ssd"]


def test_what_a_project_has_where_nobody_says(tmp_path):
    files = ModelFiles(Config(tmp_path), [MODEL], list)
    assert files.bucket("sandbox-project-models") == {MODEL: MODEL} and files.bucket("other") is None
    assert files.image("global/images/models") == files.image("projects/sandbox-project/global/images/models") != {}
    # Of another project's image nothing is known.
    assert files.image("projects/other/global/images/models") == {}
    assert files.image("global/images/none") is None and files.image("models") is None


def test_the_projects_own_policy_holds_for_its_buckets(tmp_path):
    binding = {"role": "roles/storage.admin", "members": [MEMBER]}
    files = ModelFiles(Config(tmp_path), [MODEL], lambda: [binding])
    assert files.may_read("sandbox-project-models", "default", "reader")
    assert not files.may_read("sandbox-project-models", "default", "other")
    binding["role"] = "roles/storage.legacyBucketReader"
    assert not files.may_read("sandbox-project-models", "default", "reader")

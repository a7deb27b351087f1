# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hub answers so that Hugging Face's own client reads it: what a model is, and who may have it."""

import asyncio
import json
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RepositoryNotFoundError

MISTRAL = "mistralai/Mistral-7B-Instruct-v0.1"
OPEN = "HuggingFaceH4/zephyr-7b-beta"


@pytest.fixture
def api(cloud):
    return HfApi(endpoint=f"{cloud.sandbox.url}/huggingface", token="hf_good")


async def test_model_information(api):
    info = await asyncio.to_thread(api.model_info, MISTRAL)
    assert info.gated == "auto"
    assert info.safetensors.total == 7241732096
    assert info.safetensors.parameters == {"BF16": 7241732096}
    assert (await asyncio.to_thread(api.model_info, OPEN)).gated is False


async def test_config_is_downloaded_and_cached_by_its_etag(api, tmp_path):
    path = await asyncio.to_thread(api.hf_hub_download, MISTRAL, "config.json", cache_dir=tmp_path / "cache")
    config = json.loads(Path(path).read_text())
    assert (config["num_attention_heads"], config["num_key_value_heads"], config["sliding_window"]) == (32, 8, 4096)
    again = await asyncio.to_thread(api.hf_hub_download, MISTRAL, "config.json", cache_dir=tmp_path / "cache")
    assert again == path


async def test_the_index_tells_the_size_of_the_weights(api, cloud):
    path = f"/huggingface/{MISTRAL}/resolve/main/model.safetensors.index.json"
    async with cloud.session.get(path, headers={"Authorization": "Bearer hf_x"}) as answer:
        assert json.loads(await answer.text())["metadata"]["total_size"] == 14483464192


async def test_a_token_is_known_or_not(cloud):
    async def read(token):
        headers = {"Authorization": f"Bearer {token}"}
        return await cloud.call("GET", f"/huggingface/api/models/{MISTRAL}", headers=headers)

    assert (await read("hf_good"))[0] == 200
    assert await read("other") == (401, {"error": "Invalid credentials in Authorization header"})
    cloud.faults.add("bad_token", times=1)
    assert (await read("hf_good"))[0] == 401


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("nobody", 401), ("hf_good", 200)])
async def test_a_gated_models_files_want_a_users_token(cloud, token, status):
    headers = {"Authorization": f"Bearer {token}" if token else "-"}
    url = f"/huggingface/{MISTRAL}/resolve/main/config.json"
    async with cloud.session.head(url, headers=headers) as answer:
        assert answer.status == status
    async with cloud.session.head(
        f"/huggingface/{OPEN}/resolve/main/config.json", headers={"Authorization": "-"}
    ) as one:
        assert one.status == 200


async def test_terms_that_are_not_accepted(api, cloud, tmp_path):
    cloud.faults.add("model_gated", match={"model": MISTRAL})
    with pytest.raises(GatedRepoError, match="not in the authorized list") as caught:
        await asyncio.to_thread(api.hf_hub_download, MISTRAL, "config.json", cache_dir=tmp_path / "cache")
    assert caught.value.response.status_code == 403
    with pytest.raises(GatedRepoError):
        await asyncio.to_thread(api.auth_check, MISTRAL)
    cloud.faults.clear()
    await asyncio.to_thread(api.auth_check, MISTRAL)


@pytest.mark.parametrize("settings", [{"accepted_models": []}])
async def test_a_gate_can_be_closed_by_configuration(cloud):
    assert cloud.sandbox.hub.access(MISTRAL, "hf_good") == "gated"
    assert cloud.sandbox.hub.access(OPEN, None) == "ok"


@pytest.mark.parametrize("settings", [{"models": {"me/mine": {"gated": False, "parameters": 10, "config": {"a": 1}}}}])
async def test_models_can_be_added(cloud):
    hub = cloud.sandbox.hub
    assert (hub.access("me/mine", None), hub.size_bytes("me/mine"), hub.config("me/mine")) == ("ok", 20, {"a": 1})


async def test_what_is_not_there(api, cloud, tmp_path):
    with pytest.raises(RepositoryNotFoundError):
        await asyncio.to_thread(api.model_info, "mistralai/none")
    with pytest.raises(EntryNotFoundError):
        await asyncio.to_thread(api.hf_hub_download, MISTRAL, "none.json", cache_dir=tmp_path / "cache")
    hub = cloud.sandbox.hub
    assert [hub.access("mistralai/none", "hf_x"), hub.access(MISTRAL, "x")] == ["not_found", "unauthorized"]


@pytest.mark.parametrize("path", [f"{MISTRAL}/resolve/main/model-00001-of-00002.safetensors", "api/datasets/squad"])
async def test_what_is_not_played_is_named(cloud, path):
    status, answer = await cloud.call("GET", f"/huggingface/{path}", headers={"Authorization": "Bearer hf_x"})
    assert status == 501
    assert path.rpartition("/")[2] in answer["error"]

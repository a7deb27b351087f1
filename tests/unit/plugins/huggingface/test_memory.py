# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hf_model_info's figures: what a model is by its documents, and what of it fits a GPU."""

from __future__ import annotations

import json

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.hf_model_info import DoesNotFit
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.hf_model_info import run as run_model_info
from ansible_collections.llmops.gke.plugins.module_utils.models.shape import read_shape
from tests.unit.fake_http import FakeServer, Reply

FILES = "/org/model/resolve/main/"
MISTRAL = {
    "hidden_size": 4096,
    "max_position_embeddings": 32768,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "sliding_window": 4096,
    "vocab_size": 32000,
}
ABOUT = {
    "gated": False,
    "sha": "abc",
    "safetensors": {"parameters": {"BF16": 7_241_732_096}},
    "siblings": [{"rfilename": "config.json"}],
}


def asked(config=None, about=None, files=None, **options):
    routes = {
        ("GET", "/api/models/org/model"): about or ABOUT,
        ("HEAD", FILES + "config.json"): "",
        ("GET", FILES + "config.json"): json.dumps(config or MISTRAL),
        ("GET", FILES + "tokenizer.json"): Reply(404, ""),
        ("GET", FILES + "model.safetensors.index.json"): Reply(404, ""),
        ("GET", FILES + "tokenizer_config.json"): Reply(404, ""),
        ("GET", FILES + "chat_template.jinja"): Reply(404, ""),
    }
    routes |= {("GET", FILES + name): body for name, body in (files or {}).items()}
    base = {"model": "org/model", "token": None, "timeout": 5, "accelerator_type": "nvidia-l4", "gpus": 1}
    base |= {
        "engine": "tgi",
        "quantize": "",
        "context": 4096,
        "require_fit": False,
        "machine_type": None,
        "gpu_memory_utilization": None,
    }
    with FakeServer(routes) as hub:
        return run_model_info({**base, "endpoint": hub.url, **options}, False, silent)


def test_mistral_7b_as_it_was_measured():
    values = asked().values
    assert values["parameters"] == 7_241_732_096
    assert values["kv_bytes_per_token"] == 131_072
    assert values["shape"]["attention"] == "GQA"
    assert (values["shape"]["window"], values["shape"]["positions"]) == (4096, 32768)
    gigabytes = {name: round(size / 1e9, 2) for name, size in values["weights_bytes"].items()}
    assert gigabytes == {"fp16": 14.48, "fp8": 7.5, "int8": 7.5, "nf4": 4.45, "stored": 14.48}


def test_what_fits_an_l4_beside_mistral_in_fp16():
    fit = asked().values["fit"]
    assert (fit["fits"], fit["format"]) == (True, "fp16")
    fp16 = fit["formats"]["fp16"]
    assert 55_000 < fp16["kv_tokens"] < 56_000
    assert fp16["longest_context"] == 32768
    assert {each["context"]: each["requests"] for each in fp16["concurrency"]} == {
        1024: 54,
        2048: 27,
        4096: 13,
        8192: 6,
        16384: 3,
        32768: 1,
    }


def test_a_model_that_does_not_fit_is_refused_with_the_way_out():
    with pytest.raises(DoesNotFit, match=r"does not fit 1 x nvidia-tesla-t4: 14.48 GB .*\(fp8 or int8 or nf4 fits\)"):
        asked(accelerator_type="nvidia-tesla-t4", require_fit=True)
    told = asked(accelerator_type="nvidia-tesla-t4").values
    assert told["fit"]["fits"] is False
    assert "NUM_SHARD" in told["fit_reason"]


@pytest.mark.parametrize(
    "options",
    [{"gpus": 2}, {"quantize": "bitsandbytes-nf4"}, {"quantize": "eetq"}, {"accelerator_type": "nvidia-l4"}],
)
def test_the_ways_out_lead_out(options):
    assert asked(**{"accelerator_type": "nvidia-tesla-t4", **options}).values["fit"]["fits"] is True


def test_a_context_longer_than_the_room_does_not_fit():
    assert asked(context=60_000).values["fit"]["fits"] is False


def test_quantisation_that_is_not_needed_is_a_warning():
    [warning] = asked(quantize="bitsandbytes-nf4").warnings
    assert "QUANTIZE=bitsandbytes-nf4 is not needed" in warning
    assert "slower than fp16" in warning
    assert asked(quantize="bitsandbytes-nf4", context=60_000).warnings == []
    assert asked(quantize="awq").warnings == asked().warnings == []


def test_weights_that_are_stored_quantised_are_what_they_are():
    about = {"safetensors": {"parameters": {"I32": 872_000_000, "F16": 262_000_000}}}
    values = asked({**MISTRAL, "quantization_config": {"quant_method": "gptq"}}, about, quantize="gptq").values
    assert values["weights_bytes"] == {"stored": 4_012_000_000}
    assert values["fit"]["format"] == "stored"


@pytest.mark.parametrize(
    ("metadata", "parameters"),
    [({"total_size": 14_483_464_192}, 7_241_732_096), ({"total_size": 28, "total_parameters": 7}, 7), ({}, None)],
)
def test_the_index_tells_where_the_page_does_not(metadata, parameters):
    files = {"model.safetensors.index.json": json.dumps({"metadata": metadata})}
    values = asked(about={"sha": "abc"}, files=files).values
    assert values["parameters"] == parameters
    assert (values["fit"] is None) == (parameters is None)


@pytest.mark.parametrize(
    ("body", "tokenizer"),
    [
        ('{"model": {"type": "BPE", "byte_fallback": true, "vocab": {}}}', {"type": "BPE", "byte_fallback": True}),
        (
            '{"added_tokens": [{"type": "x"}],\n "model": { "type": "Unigram", "byte_fallback": false, "vocab": {"<u',
            {"type": "Unigram", "byte_fallback": False},
        ),
        ('{"model": {"type": "BPE", "vocab": {"\\"byte_fallback\\": true', {"type": "BPE", "byte_fallback": None}),
    ],
    ids=["whole", "cut off", "not told"],
)
def test_the_tokenizer_s_kind_stands_before_its_vocabulary(body, tokenizer):
    assert asked(files={"tokenizer.json": Reply(206, body)}).values["tokenizer"] == tokenizer


@pytest.mark.parametrize(
    ("config", "attention", "kv_heads", "head_size"),
    [
        ({"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 8, "vocab_size": 9}, "MHA", 4, 2),
        ({"n_layer": 2, "n_head": 4, "n_embd": 8, "vocab_size": 9, "multi_query": True}, "MQA", 1, 2),
        ({"text_config": MISTRAL, "vocab_size": 1}, "GQA", 8, 128),
        ({**MISTRAL, "head_dim": 256}, "GQA", 8, 256),
    ],
)
def test_shapes_of_other_families(config, attention, kv_heads, head_size):
    shape = read_shape(config)
    assert (shape.attention, shape.kv_heads, shape.head_size) == (attention, kv_heads, head_size)


def test_a_window_that_is_switched_off_is_none():
    assert read_shape({**MISTRAL, "use_sliding_window": False}).window is None


def test_a_cache_that_is_not_keys_and_values_of_heads_is_not_guessed():
    assert read_shape({**MISTRAL, "kv_lora_rank": 512}) is None
    assert "does not tell its shape" in asked({**MISTRAL, "kv_lora_rank": 512}).values["fit_reason"]


def test_a_gpu_whose_memory_is_not_known_is_said():
    assert asked(accelerator_type="nvidia-x1").values["fit_reason"] == "the memory of nvidia-x1 is not known"


@pytest.mark.parametrize("name", ["gpus", "context"])
def test_counts_below_one_are_refused_before_any_request(name):
    with pytest.raises(InvalidOption, match=name):
        run_model_info({"model": "a/b", "token": None, "gpus": 1, "context": 1, name: 0}, False, silent)


def test_the_least_time_of_a_token_is_that_of_reading_all_weights():
    fp16 = asked().values["fit"]["formats"]["fp16"]
    assert fp16["token_seconds"] == pytest.approx(14483464192 / 300e9, abs=1e-5)
    both = asked(gpus=2).values["fit"]["formats"]["fp16"]
    assert both["token_seconds"] == pytest.approx(14483464192 / 600e9, abs=1e-5)


@pytest.mark.parametrize(
    ("machine", "gpu_bytes"),
    [
        (None, 97887 * 1024**2),
        ("g4-standard-48", 97887 * 1024**2),
        ("g4-standard-6", 97887 * 1024**2 // 8),
        ("n9-huge", 97887 * 1024**2),
    ],
)
def test_a_part_of_a_gpu_has_its_part_of_the_memory(machine: str | None, gpu_bytes: int):
    fit = asked(accelerator_type="nvidia-rtx-pro-6000", machine_type=machine).values["fit"]
    assert (fit["gpu_bytes"], fit["usable_bytes"]) == (gpu_bytes, int(gpu_bytes * 0.9))
    whole = 14483464192 / 1597e9
    token_seconds = fit["formats"]["fp16"]["token_seconds"]
    assert token_seconds == pytest.approx(whole * (8 if machine == "g4-standard-6" else 1), abs=1e-5)


def test_a_part_of_a_gpu_that_is_too_small_is_named_as_one():
    with pytest.raises(DoesNotFit, match=r"does not fit 1 x 1/8 of nvidia-rtx-pro-6000: .* of 12.83 GB; "):
        asked(accelerator_type="nvidia-rtx-pro-6000", machine_type="g4-standard-6", require_fit=True)


CONFIGURED = {"tokenizer_config.json": '{"chat_template": "{{ messages }}"}'}
PAGE = {name: value for name, value in ABOUT.items() if name != "siblings"}


@pytest.mark.parametrize(
    ("page", "files", "has"),
    [
        ({"config": {"tokenizer_config": {"chat_template": "x"}}}, {}, True),
        ({"config": {"tokenizer_config": {"chat_template_jinja": "x"}}}, {}, True),
        ({"config": {"tokenizer_config": {"eos_token": "</s>"}}}, CONFIGURED, False),
        ({"siblings": [{"rfilename": "config.json"}]}, CONFIGURED, False),
        ({"siblings": [{"rfilename": "tokenizer_config.json"}]}, CONFIGURED, True),
        ({}, CONFIGURED, True),
        ({}, {"tokenizer_config.json": "{}"}, False),
        ({}, {"tokenizer_config.json": "{}", "chat_template.jinja": "{{ messages }}"}, True),
    ],
)
def test_whether_a_model_formats_chats(page, files, has):
    assert asked(about=PAGE | page, files=files).values["chat_template"] is has


@pytest.mark.parametrize(
    ("config", "method"),
    [
        ({}, None),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "awq"),
        ({"quantization_config": {}}, None),
    ],
)
def test_how_the_stored_weights_are_quantised(config, method):
    assert asked(config=MISTRAL | config).values["quantization"] == method


def test_vllm_keeps_memory_for_more_than_weights_and_cache_and_gives_the_cache_out_in_blocks():
    fit = asked(engine="vllm", context=16).values["fit"]
    card = 23034 * 2**20
    assert fit["usable_bytes"] == int(card * 0.92) - 1536 * 2**20
    assert fit["formats"]["fp16"]["kv_tokens"] == (fit["usable_bytes"] - 14_483_464_192) // 131_072 // 16 * 16
    less = asked(engine="vllm", gpu_memory_utilization=0.8).values["fit"]
    assert less["usable_bytes"] == int(card * 0.8) - 1536 * 2**20


def test_vllm_does_not_fit_where_it_may_use_too_little():
    values = asked(engine="vllm", gpu_memory_utilization=0.65).values
    assert values["fit"]["fits"] is False
    assert "that vLLM takes of" in values["fit_reason"]
    assert "(--tensor-parallel-size)" in values["fit_reason"]
    assert "(--max-model-len)" in values["fit_reason"]


@pytest.mark.parametrize("part", [0.0, 1.1])
def test_a_part_of_the_memory_that_there_is_not(part):
    with pytest.raises(InvalidOption, match="gpu_memory_utilization"):
        asked(gpu_memory_utilization=part)

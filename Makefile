# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# The commands of this repository; CONTRIBUTING.md says what each check is for.
#   make setup PYTHON=python3.13 VENV=.venv313     another Python, beside the first
#   make setup VERSIONS=newest VENV=.venv-newest   other versions than the lock's; see scripts/set_up.sh
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
# locked, newest, floors or core-VERSION; set where make is called, not by whatever has this name in the environment.
VERSIONS := locked
# The environment's own Python, once there is one. A version manager's shim may stand in the path for a Python that is
# not there: only one that starts counts.
PYTHON ?= $(or $(wildcard $(VENV)/bin/python),$(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	"$$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$candidate" && break; done))
BIN := $(abspath $(VENV))/bin
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-package llmops-gke-sandbox --custom-compile-command "make lock"
PYTHON_FILES := plugins sandbox scripts tests benchmarks

export PATH := $(BIN):$(PATH)
# ansible refuses the C locale, which is what many CI machines have.
export LC_ALL := C.UTF-8
# What ansible keeps between runs stays in the clone.
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
# Where this is set, each start of ansible would compile what it imports again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup venv lint docs format sanity unit contrary sandbox mutation playbooks awx awx-modules molecule real-api real-engine bench build test
.PHONY: playbooks-a-r playbooks-s-z demo demo-down picture clean lock release compatible test-matrix test-newest test-floors

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'\t' '{printf "%-13s%s\n", $$1, $$2}'

setup:  ## make the virtual environment, or bring it up to date, with all that it takes to work on this repository
	@bash scripts/set_up.sh "$(PYTHON)" "$(VENV)" "$(VERSIONS)"

venv:  ## the same with less: what it takes to run the playbooks, and the sandbox
	@bash scripts/set_up.sh "$(PYTHON)" "$(VENV)" "$(VERSIONS:locked=run)"

lock: setup  ## take the newest versions that requirements*.txt allow into requirements.lock, and its part for make venv
	bash scripts/uv.sh "$(VENV)" $(COMPILE) --upgrade --output-file requirements.lock requirements-dev.txt
	bash scripts/uv.sh "$(VENV)" $(COMPILE) --constraint requirements.lock --no-annotate \
		--output-file requirements-run.lock requirements-run.txt

demo: venv  ## deploy, verify and measure Mistral 7B on the sandbox; run again: nothing changes
	@ansible-playbook playbooks/deploy.yml

demo-down: venv  ## end the sandbox, with everything on it
	@ansible-playbook playbooks/sandbox.yml --extra-vars llmops_sandbox_state=stopped
	@echo "The sandbox has ended, and its files are removed. Reports stay in .cache/reports; make demo begins again."

test: setup  ## every check below, with one summary
	@python scripts/check_all.py unit playbooks-a-r playbooks-s-z sanity sandbox molecule awx contrary lint docs build

lint: setup  ## ruff, yamllint, ansible-lint, docs, changelog, licences and workflows
	ruff check $(wildcard $(PYTHON_FILES))
	ruff format --check $(wildcard $(PYTHON_FILES))
	yamllint --strict .
	ansible-lint --offline
	python scripts/lint_docs.py
	antsibull-changelog lint
	reuse lint --lines
	zizmor --offline --quiet --strict-collection --persona pedantic --no-progress .github
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*_*.yml
	python scripts/role_docs.py --check
	python scripts/field_docs.py --check
	python scripts/awx_import.py --check
	python scripts/iam_docs.py --check

format: setup  ## let ruff mend what it can, and give new files their licence
	python scripts/headers.py
	ruff check --fix $(wildcard $(PYTHON_FILES))
	ruff format $(wildcard $(PYTHON_FILES))

picture: setup  ## the pictures in the documents anew, from a first deploy on a sandbox of its own; needs chromium
	bash scripts/uv.sh "$(VENV)" pip install --quiet --python "$(BIN)/python" pillow
	@python scripts/picture.py

sanity: setup  ## ansible-test sanity on a copy of the collection
	@python scripts/sanity.py

docs: setup  ## the documentation as a site in .cache/docs/html, without warnings and with every internal link checked
	@python scripts/docs_site.py

unit: setup  ## pytest: units, contracts, servers that misbehave, the repository itself
	pytest tests/unit tests/contract tests/repo

contrary: setup  ## pytest: every client against servers that misbehave; apart from the others, because memory is measured
	pytest tests/contrary

sandbox: setup  ## pytest: the sandbox's own tests, where nothing but its wheel is installed
	@bash scripts/test_sandbox.sh

mutation: setup  ## break the pure parts in small ways: their unit tests must notice; ONLY="compare labels" for some
	@python scripts/mutation.py $(ONLY)

playbooks: setup  ## pytest: the playbooks as a user runs them, good input and bad, with the real clients
	pytest tests/playbooks

# Its two halves, for make test: each file has a sandbox of its own, and is in exactly one of them.
playbooks-a-r: setup
	pytest tests/playbooks/test_[!s-z]*.py

playbooks-s-z: setup
	pytest tests/playbooks/test_[s-z]*.py

awx: setup  ## pytest: AWX's jobs by ansible-runner, what configures AWX, the execution environment
	pytest tests/awx

awx-modules: setup  ## the modules of awx.awx, downloaded with the package ansible, on what configures AWX
	@bash scripts/awx_modules.sh

molecule: setup  ## the playbooks, scenario by scenario, each on a sandbox of its own
	molecule test --all

real-api: setup  ## contracts, playbooks and scenarios on real API servers, see sandbox/docs/real-kubernetes.md
	@test -n "$$LLMOPS_GKE_SANDBOX_KUBECONFIG" \
	|| { echo "set LLMOPS_GKE_SANDBOX_KUBECONFIG to two kubeconfigs, with : between them" >&2; exit 2; }
	pytest tests/contract/kubernetes tests/playbooks
	molecule test --all

real-engine: setup  ## a real vLLM on the processor (3.5 GB), behind the sandbox: deploy, verify, load, report
	bash scripts/real_engine.sh "$(VENV)" .cache/real-engine
	LLMOPS_GKE_REAL_ENGINE=.cache/real-engine pytest -s tests/real_engine

bench: setup  ## every figure of docs/benchmarks.md, ours and the peers'; BENCH="converge objects" for some, BENCH=--quick to try it
	PYTHONPATH=collections python -m benchmarks $(BENCH)

build: setup  ## the collection's artifact in dist/, as Galaxy would import it
	@bash scripts/build.sh

release: setup  ## the version and the changelog of a release, in the work tree: make release VERSION=1.2.3
	@bash scripts/release.sh "$(VERSION)"

compatible: setup  ## what ansible-core and Python can break: how tasks are run, modules documented, playbooks read
	ansible --version | sed -n '1p;/python version/p'
	pytest tests/unit/core tests/unit/roles tests/repo/test_plugins.py tests/repo/test_playbooks.py

test-matrix:  ## make compatible and make demo on each ansible-core and Python that we claim; CELL=2.20-py3.13 for one
	@$(PYTHON) scripts/matrix.py $(CELL)

test-newest:  ## make test and make demo with the newest of every library and tool
	@bash scripts/try_versions.sh newest "$(PYTHON)" test

test-floors:  ## make unit and make demo with the lowest versions that requirements.txt allows, on Python 3.11
	@bash scripts/try_versions.sh floors python3.11 unit sandbox

clean:  ## remove everything that these commands made
	rm -rf .cache dist $(VENV) .venv-newest .venv-floors .venv-core-* .pytest_cache .ruff_cache sandbox/.pytest_cache sandbox/build sandbox/src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Every verb of this repository. `make help` lists them; CI runs the same ones.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m
export CLUSTER ?= auto
MINUTES ?= 600
SIZES ?= 100 1000
IDLE ?= 600
WORKLOAD ?= self-signed

.DEFAULT_GOAL := help
.PHONY: help demo demo-down test check format unit apiserver e2e bench faults image cluster-up cluster-down docs

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 14

$(VENV)/.made: .ci/requirements.txt .ci/requirements-dev.txt
	@echo "Making the Python environment $(VENV) (about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r .ci/requirements-dev.txt
	@touch $@

demo: $(VENV)/.made ## Main job: a cluster, the operator, a Registry, docker login, push, pull, run (CLUSTER=auto|local|kind|context:NAME)
	@$(RUN) tests.demo up

demo-down: $(VENV)/.made ## End the demo's cluster
	@$(RUN) tests.demo down

test: $(VENV)/.made ## Everything: check, unit, apiserver, e2e
	@$(RUN) tests.run check unit apiserver e2e

check: $(VENV)/.made ## Format, lint, types, layers, dead code
	@$(RUN) tests.run check

format: $(VENV)/.made ## Format the Python sources
	@$(VENV)/bin/ruff format crds operator tests
	@$(VENV)/bin/ruff check --fix crds operator tests

unit: $(VENV)/.made ## Unit and golden tests
	@$(RUN) tests.run unit

apiserver: $(VENV)/.made ## Tests on a real control plane (etcd and kube-apiserver)
	@$(RUN) tests.run apiserver

e2e: $(VENV)/.made ## Tests on a whole real node
	@$(RUN) tests.run e2e

bench: $(VENV)/.made ## Measure the operator at scale beside the floor (SIZES="100 1000" IDLE=600 WORKLOAD=self-signed)
	@PYTHONPATH=operator:. $(RUN) tests.bench run --sizes $(SIZES) --idle $(IDLE) --workload $(WORKLOAD)

faults: $(VENV)/.made ## Every fault at every write of every workload, for hours; goes on where it was cut (MINUTES=600)
	@PYTHONPATH=operator:. $(RUN) tests.faults all --minutes $(MINUTES)

image: $(VENV)/.made ## Build the operator's image into dist/image.tar
	@$(RUN) tests.cluster image

cluster-up: $(VENV)/.made ## Start the local Kubernetes node; ends with the line to export KUBECONFIG
	@$(RUN) tests.cluster up

cluster-down: $(VENV)/.made ## End the local Kubernetes node
	@$(RUN) tests.cluster down

docs: $(VENV)/.made ## Generate the pages that are made from the sources
	@PYTHONPATH=operator $(RUN) tests.generate

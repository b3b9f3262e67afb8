# SPDX-License-Identifier: GPL-3.0-or-later
# pgha.cluster: everything a person does here. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= /usr/bin/python3
STACK ?= pacemaker
RELEASE ?= bookworm
INVENTORY ?= inventories/lab_$(STACK)
LAB = $(shell awk '$$1 == "lab_name:" {print $$2}' $(INVENTORY)/group_vars/all.yml)

VENV := $(CURDIR)/.venv
COLLECTIONS := $(CURDIR)/.collections
READY := .venv/.ready
export PATH := $(VENV)/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(COLLECTIONS)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# A fresh machine has no other locale that is UTF-8, and Ansible refuses to start without one.
export LC_ALL := C.UTF-8
unexport PYTHONPATH
# Each of Ansible's worker processes would compile our filters anew.
unexport PYTHONDONTWRITEBYTECODE
PLAY = ansible-playbook -i $(INVENTORY) -e lab_release=$(RELEASE)

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z%-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(READY) ## Install what the controller needs into .venv

# Debian packages that the controller itself needs; the lab's own come with the role lab.
$(READY): requirements.txt
	@tools/prerequisites
	@$(PYTHON) -m venv --clear .venv
	@echo "Installing the locked Python packages into .venv (once, about half a minute)"
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@mkdir -p .collections/ansible_collections/pgha
	@ln -sfn ../../.. .collections/ansible_collections/pgha/cluster
	@touch $@

.PHONY: demo
demo: venv ## Make a lab on this machine, deploy a cluster on it, show it (STACK=pacemaker|keepalived|vote|drbd RELEASE=bookworm|trixie)
	$(PLAY) playbooks/lab.yml
	$(PLAY) playbooks/deploy.yml
	@echo
	@echo 'Look again:  .venv/bin/ansible-playbook -i $(INVENTORY) playbooks/status.yml'
	@echo 'Switch over: .venv/bin/ansible-playbook -i $(INVENTORY) playbooks/switchover.yml'
	@echo 'Power cut:   /var/lib/pgha-lab/$(LAB)/server n1 off      (and: on)'
	@echo 'Clean up:    make demo-down STACK=$(STACK)$(if $(filter file,$(origin INVENTORY)),, INVENTORY=$(INVENTORY))'

.PHONY: demo-down
demo-down: venv ## Take the demo's lab away, with everything it made
	$(PLAY) playbooks/lab.yml -e lab_state=absent

.PHONY: test
test: venv ## Every test: the clusters on lab servers, and the checks beside the first of them
	+@$(MAKE) --jobs=3 molecule lint types unit sanity docs

.PHONY: check
check: venv ## The checks that need no server
	+@$(MAKE) --jobs=2 --output-sync=target lint types unit sanity docs

.PHONY: lint
lint: venv ## Style and Ansible's production profile
	ruff check .
	ruff format --check .
	yamllint --strict .
	shellcheck tools/molecule-all tools/prerequisites tools/sanity .ci/run roles/stack_pacemaker/files/pgsql
	ansible-lint --offline --profile production --strict

.PHONY: types
types: venv ## Types, strictly
	MYPYPATH=$(COLLECTIONS) mypy --no-error-summary

.PHONY: unit
unit: venv ## Unit tests
	@mkdir -p build/results
	pytest -q --junitxml=build/results/unit.xml tests/unit

.PHONY: sanity
sanity: venv ## ansible-test sanity, all of its tests
	tools/sanity

.PHONY: docs
docs: venv ## Check the modules' and roles' documentation and the changelog
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .
	antsibull-changelog lint

.PHONY: molecule
molecule: venv ## Every stack with every fault on Debian 12, the most telling ones on Debian 13
	tools/molecule-all

molecule-%: venv ## One scenario, such as molecule-pacemaker (RELEASE=bookworm|trixie PGHA_FAULTS=full|short)
	PGHA_RELEASE=$(RELEASE) PGHA_STACK=$(patsubst default,pacemaker,$(patsubst web,drbd,$(patsubst shared_disk,shared,$*))) molecule test -s $*

.PHONY: bench
bench: venv ## Measure deploys, write outages and the agent's own cost, of disks resyncs and commits; medians (STACK= RELEASE=)
	PGHA_STACK=$(STACK) PGHA_RELEASE=$(RELEASE) PYTHONPATH=$(COLLECTIONS) python -m tests.bench

.PHONY: bench-rebuild
bench-rebuild: venv ## Measure rewinds and clones over sizes of the database (half an hour); table, and plot in build/bench
	PYTHONPATH=$(COLLECTIONS) python -m tests.bench.rebuild

.PHONY: build
build: venv ## Build the collection's archive into build/
	ansible-galaxy collection build --force --output-path build .

.PHONY: clean
clean: ## Remove what the targets above made here (not a lab: see demo-down)
	rm -rf .venv .collections .cache build .mypy_cache .ruff_cache .pytest_cache .hypothesis .ansible tests/output

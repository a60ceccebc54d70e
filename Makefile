# `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first Python on PATH that is 3.10 to 3.12; PYTHON=… names another one.
FIND_PYTHON := for p in python3.11 python3.12 python3.10 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && { echo $$p; break; }; done
PYTHON ?= $(shell $(FIND_PYTHON))
VENV := .venv
LANE3 := .venv-airflow3
BENCH := .venv-bench
LOCK := uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" --quiet
# Compiled once here: Airflow starts many processes, and some machines forbid Python to keep what it compiles.
INSTALL = $(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes

.PHONY: help run up status clean airflow repair sql demo-bad-rows test test-compose pictures lint lock \
	bench-generator bench-endpoint conformance-page

help: ## list the commands
	@echo "Students' activity from S3 into Redshift, with Airflow. Commands:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Ports, where one is taken: AWS_PORT, S3_PORT, REDSHIFT_PORT, WEB_PORT (make run S3_PORT=9333)"

run: $(VENV)/ready ## load January and February 2019 on this machine, print the tables, stop everything
	@$(VENV)/bin/python -m laptop run $(ARGS)

up: $(VENV)/ready ## the same, and stay with Airflow's web UI until Ctrl-C
	@$(VENV)/bin/python -m laptop up $(ARGS)

status: $(VENV)/ready ## what runs, and how far the months are
	@$(VENV)/bin/python -m laptop status

airflow: $(VENV)/ready ## a command of the running Airflow: make airflow ARGS="dags list-runs -d online_learning_analytics"
	@$(VENV)/bin/python -m laptop airflow $(ARGS)

repair: $(VENV)/ready ## mend rows that were refused: make repair ARGS="list" (ARGS=--help says how)
	@$(VENV)/bin/python -m laptop repair $(ARGS)

demo-bad-rows: $(VENV)/ready ## see what becomes of bad rows: refused, set aside, mended, put back (two minutes)
	@$(VENV)/bin/python -m laptop demo

sql: $(VENV)/ready ## look into the warehouse: make sql ARGS="'SELECT * FROM load_status'"
	@$(VENV)/bin/python -m laptop sql $(ARGS)

clean: $(VENV)/ready ## end what is left of earlier runs and delete their state (tables, bucket, logs)
	@$(VENV)/bin/python -m laptop clean

test: $(VENV)/ready-to-test $(LANE3)/ready ## run the tests, on real servers and in a real browser
	@$(VENV)/bin/python -m pytest --ignore tests/compose -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-compose: $(VENV)/ready-to-test ## build and start docker-compose.yml, crash its services, check the facts (needs Docker)
	@docker compose build && $(VENV)/bin/python -m pytest tests/compose $(ARGS)

pictures: $(VENV)/ready-to-test ## take the README's pictures of the web UI anew, into img/ (needs Chromium)
	@PICTURES=img $(VENV)/bin/python -m pytest tests/ui $(ARGS)

bench-generator: $(VENV)/ready-to-test ## how fast students are made, against Faker row by row
	@$(VENV)/bin/python benchmarks/generator.py

conformance-page: $(VENV)/ready-to-test ## write docs/redshift-endpoint.md from the conformance cases
	@$(VENV)/bin/python -m tests.local_aws.conformance.page

bench-endpoint: $(VENV)/ready-to-test $(BENCH)/ready ## how fast COPY is, beside psql and other loaders (three minutes)
	@$(VENV)/bin/python benchmarks/endpoint.py $(ARGS)

lint: $(VENV)/ready-to-test ## style and types
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

lock: $(VENV)/ready ## pin in requirements/*.txt what requirements/*.in ask for; ARGS=--upgrade for the newest
	@cd requirements && for lane in tools airflow-2 airflow-3 test bench; do \
		../$(VENV)/bin/$(LOCK) $(ARGS) $$lane.in -o $$lane.txt; done
	@cd requirements && for image in pipeline local-aws; do \
		../$(VENV)/bin/$(LOCK) -c airflow-2.txt $$image.in -o $$image.txt; done # an image has the same versions

$(VENV)/bin/uv: requirements/tools.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.10, 3.11 or 3.12 on PATH. Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module does not work: on Debian and Ubuntu, apt install python3-venv." >&2; exit 2; }
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

$(VENV)/ready: $(VENV)/bin/uv requirements/airflow-2.txt pyproject.toml
	@echo "Installing what requirements/airflow-2.txt pins."
	@$(INSTALL) --python $(VENV)/bin/python -r requirements/airflow-2.txt
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/ready-to-test: $(VENV)/ready requirements/test.txt
	@echo "Installing what requirements/test.txt pins."
	@$(INSTALL) --python $(VENV)/bin/python -r requirements/test.txt
	@touch $@

$(LANE3)/ready: $(VENV)/bin/uv requirements/airflow-3.txt
	@echo "Installing what requirements/airflow-3.txt pins, into $(LANE3)."
	@$(PYTHON) -m venv $(LANE3)
	@$(INSTALL) --python $(LANE3)/bin/python -r requirements/airflow-3.txt
	@touch $@

$(BENCH)/ready: $(VENV)/bin/uv requirements/bench.txt
	@echo "Installing what requirements/bench.txt pins, into $(BENCH)."
	@$(PYTHON) -m venv $(BENCH)
	@$(INSTALL) --python $(BENCH)/bin/python -r requirements/bench.txt
	@touch $@

# Works in a fresh clone: `make run`, `make test`. Needs Python 3.11 or later.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
# Processes that run the tests of make test: one per core. JOBS=0 runs the tests in a single process, for a debugger.
JOBS ?= auto
# Seconds that each long test of test-live takes.
DURATION ?= 60
# Seconds that the long load of cluster-test takes.
CLUSTER_SECONDS ?= 300
# Seconds for which chaos breaks each shop. SEED=7 repeats a run.
SECONDS ?= 60
# What release runs before it tags.
CHECKS ?= test lint
BIN := $(VENV)/bin
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE = $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --no-build --generate-hashes \
	--custom-compile-command "make lock" $(ARGS)

# Options of the production server; granian reads these variables.
export GRANIAN_PORT ?= $(PORT)
export GRANIAN_WORKERS ?= 1
export GRANIAN_BLOCKING_THREADS ?= 4
export GRANIAN_LOG_CONFIG ?= deploy/granian-log.json
# Without it, granian waits forever for a worker that is told to stop while it is starting.
export GRANIAN_WORKERS_KILL_TIMEOUT ?= 10

# The tests start Python hundreds of times: let it keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run admin demo test serve fmt lint test-postgres test-live cluster-test cluster-test-short controls chaos chaos-sqlite chaos-postgres chaos-pgbouncer chaos-controls bench growth contention worst screenshots lock release postman

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 20

run: $(VENV)/installed  ## run the API on http://127.0.0.1:8000/ in development mode
	@$(BIN)/python manage.py migrate --verbosity 0
	@echo "Open http://127.0.0.1:$(PORT)/ to try the API. To create an Admin, run make admin in another terminal."
	@$(BIN)/python manage.py runserver 127.0.0.1:$(PORT)

admin: $(VENV)/installed  ## create an Admin: asks for name, email address and password
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py createsuperuser

demo: $(VENV)/installed  ## fill an empty database with a shop to try, and print the logins; then make run
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo $(ARGS)

test: $(VENV)/installed  ## run the tests on SQLite
	@$(BIN)/pytest -n $(JOBS)

serve: $(VENV)/installed  ## run the production server; needs SECRET_KEY and ALLOWED_HOSTS
	@DEBUG=$${DEBUG:-off} $(BIN)/python manage.py migrate --verbosity 0
	@# granian would silently share a port that another granian listens on.
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(GRANIAN_PORT)))' 2>/dev/null || { echo "Port $(GRANIAN_PORT) is taken. Try make serve PORT=8061."; exit 1; }
	@case "$${GRANIAN_HOST:-127.0.0.1}" in 127.*|localhost|::1) ;; *) echo "Other machines can connect to $$GRANIAN_HOST: put a proxy that buffers requests in front, because a slow client holds one of $(GRANIAN_BLOCKING_THREADS) threads."; \
		case "$${DEBUG:-off}" in [1TtYy]*|[Oo][Nn]) echo "Development mode (DEBUG=$$DEBUG) is meant for this machine only.";; esac;; esac
	@$(BIN)/granian --interface wsgi --http 1 --no-ws order_management.wsgi:application

fmt: $(VENV)/installed-dev  ## format the code and sort the imports
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

lint: $(VENV)/installed-dev  ## check format, rules, migrations, deployment and schema; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') ALLOWED_HOSTS=shop.example \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --format openapi-json > /dev/null

CORES := $(shell getconf _NPROCESSORS_ONLN)
# Each worker has its own PostgreSQL: some tests restart it, and feeds end at the oldest transaction of a whole server.
ON_POSTGRES := --tx '$(CORES)*popen//python=tools/with-postgres $(BIN)/python'

test-postgres: $(VENV)/installed  ## run the tests on temporary PostgreSQL servers
	DEBUG=on $(BIN)/pytest --dist load $(ON_POSTGRES)

# The tests of a file share a server, so one worker runs them all; files start in the order of tests_live/conftest.py.
IN_PARALLEL := --dist loadfile --no-loadscope-reorder

.PHONY: test-live-sqlite test-live-postgres

test-live: test-live-postgres test-live-sqlite  ## test real servers on both databases: races, Newman, schemathesis

test-live-%: export SCHEMATHESIS := $(CURDIR)/$(VENV)/schemathesis/bin/schemathesis

test-live-sqlite: $(VENV)/installed-dev $(VENV)/schemathesis/installed
	$(BIN)/pytest tests_live --seconds $(DURATION) $(IN_PARALLEL) --tx '$(CORES)*popen'

test-live-postgres: $(VENV)/installed-dev $(VENV)/schemathesis/installed
	DEBUG=on $(BIN)/pytest tests_live --seconds $(DURATION) $(IN_PARALLEL) $(ON_POSTGRES)

cluster-test: $(VENV)/installed-dev  ## test nodes behind nginx and PostgreSQL with a replica, as parts fail; CLUSTER_SECONDS=1800
	$(BIN)/pytest tests_cluster -rs --replica --seconds $(CLUSTER_SECONDS)

cluster-test-short: $(VENV)/installed-dev  ## the same with a short load
	$(BIN)/pytest tests_cluster -rs --replica

chaos: chaos-sqlite chaos-postgres chaos-pgbouncer  ## break a shop at random while it is used, on both databases; SECONDS=3600

chaos-sqlite chaos-postgres: chaos-%: $(VENV)/installed-dev
	$(BIN)/python -m tests_chaos $* --seconds $(SECONDS) $(SEED:%=--seed %)

chaos-pgbouncer: $(VENV)/installed-dev
	$(BIN)/python -m tests_chaos postgres --pgbouncer --seconds $(SECONDS) $(SEED:%=--seed %)

chaos-controls: $(VENV)/installed-dev  ## remove guards whose absence only chaos notices: it must notice each
	$(BIN)/python -m tests_chaos.controls

controls: $(VENV)/installed-dev  ## remove each guard in turn: its test must fail
	$(BIN)/python -m tests_live.controls

screenshots: $(VENV)/installed-dev  ## take the pictures in docs/; needs chromium
	@$(BIN)/python tools/screenshots

postman: $(VENV)/installed-dev  ## save the answers in the Postman folder "The calls"; needs Node.js
	@$(BIN)/python tools/postman

bench: $(VENV)/installed $(VENV)/bench/installed  ## measure this project against its peers; ARGS="--only ours --before REVISION" compares; needs wrk
	@command -v wrk >/dev/null || { echo "wrk is needed: apt-get install wrk"; exit 1; }
	@BENCH_BIN=$(CURDIR)/$(VENV)/bench/bin $(CURDIR)/$(BIN)/python -m benchmarks.run $(ARGS)

contention: $(VENV)/installed $(VENV)/bench/installed  ## measure many buyers of one product against FastAPI; needs wrk
	@BENCH_BIN=$(CURDIR)/$(VENV)/bench/bin $(CURDIR)/$(BIN)/python -m benchmarks.contention $(ARGS)

growth: $(VENV)/installed  ## measure what a page costs with 1,000 to 1,000,000 products and orders
	@$(BIN)/python -m benchmarks.growth 1000 100000 1000000

worst: $(VENV)/installed  ## measure the most expensive requests anybody can send; ARGS="--before <revision>" compares
	@$(BIN)/python -m benchmarks.worst $(ARGS)

release:  ## check and tag a version, such as VERSION=1.0.0; pushes nothing
	@$(PYTHON) tools/release "$(VERSION)" $(CHECKS)

# Every package that is installed, with its version and hashes, for all Pythons and platforms. The first file decides
# the versions in the others.
lock: export UV_NO_CONFIG := 1
lock: $(VENV)/lock/installed  ## write lock/ after a change to the requirements; ARGS=--upgrade upgrades what they require
	@$(COMPILE) --output-file lock/requirements-dev.txt requirements-dev.txt
	@$(COMPILE) --output-file lock/requirements.txt --constraints lock/requirements-dev.txt requirements.txt
	@sed '/^# Tests/,$$d' requirements.txt | $(COMPILE) --output-file lock/runtime.txt --constraints lock/requirements-dev.txt -
	@$(COMPILE) --output-file lock/requirements-schemathesis.txt requirements-schemathesis.txt

# Installed again only when the lock has changed.
$(VENV)/installed: lock/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
	@echo "Installing into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(INSTALL) -r lock/requirements.txt
	@touch $@

$(VENV)/installed-dev: lock/requirements-dev.txt $(VENV)/installed
	@$(BIN)/python $(INSTALL) -r lock/requirements-dev.txt
	@touch $@

# In its own environment, because its pytest plugins would slow down every start of pytest.
$(VENV)/schemathesis/installed: lock/requirements-schemathesis.txt $(VENV)/installed
	@$(PYTHON) -m venv $(VENV)/schemathesis
	@$(VENV)/schemathesis/bin/python $(INSTALL) -r lock/requirements-schemathesis.txt
	@touch $@

$(VENV)/lock/installed: requirements-lock.txt
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-lock.txt
	@touch $@

$(VENV)/bench/installed: benchmarks/requirements.txt $(VENV)/installed
	@$(PYTHON) -m venv $(VENV)/bench
	@$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $@

# From a bare clone: `make run` and `make test`. Needs Python 3.11 or later.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
# How long the long tests of test-live go on.
DURATION ?= 60
# How long the long load of cluster-test goes on.
CLUSTER_SECONDS ?= 300
BIN := $(VENV)/bin

# The production server's options; granian reads them itself.
export GRANIAN_PORT ?= $(PORT)
export GRANIAN_WORKERS ?= 1
export GRANIAN_BLOCKING_THREADS ?= 4
# Without it granian waits for ever for a worker that was told to stop while it started.
export GRANIAN_WORKERS_KILL_TIMEOUT ?= 10

.PHONY: help run admin demo test serve fmt lint test-postgres test-live cluster-test cluster-test-short controls bench growth contention worst screenshots

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/installed  ## the API on http://127.0.0.1:8000/, in development mode
	@$(BIN)/python manage.py migrate --verbosity 0
	@echo "Open http://127.0.0.1:$(PORT)/ to try the API. For an Admin: make admin, in another terminal."
	@$(BIN)/python manage.py runserver 127.0.0.1:$(PORT)

admin: $(VENV)/installed  ## make an Admin: asks for name and password
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py createsuperuser

demo: $(VENV)/installed  ## a shop to try, in an empty database: prints the logins; then make run
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo $(ARGS)

test: $(VENV)/installed  ## the tests, on SQLite
	@$(BIN)/pytest

serve: $(VENV)/installed  ## the production server; needs SECRET_KEY and ALLOWED_HOSTS
	@DEBUG=$${DEBUG:-off} $(BIN)/python manage.py migrate --verbosity 0
	@# granian shares a port that another one listens on, and says nothing.
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(GRANIAN_PORT)))' 2>/dev/null || { echo "Port $(GRANIAN_PORT) is taken. Try make serve PORT=8061."; exit 1; }
	@case "$${GRANIAN_HOST:-127.0.0.1}" in 127.*|localhost|::1) ;; *) echo "Other machines can connect to $$GRANIAN_HOST: put a proxy that buffers requests in front, because a slow client holds one of $(GRANIAN_BLOCKING_THREADS) threads."; \
		case "$${DEBUG:-off}" in [1TtYy]*|[Oo][Nn]) echo "Development mode (DEBUG=$$DEBUG) is meant for this machine only.";; esac;; esac
	@$(BIN)/granian --interface wsgi --http 1 --no-ws order_management.wsgi:application

fmt: $(VENV)/installed-dev  ## format and sort
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

lint: $(VENV)/installed-dev  ## format, rules, migrations, deploy check, schema: nothing is changed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') ALLOWED_HOSTS=shop.example \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --format openapi-json > /dev/null

test-postgres: $(VENV)/installed  ## the tests, on a PostgreSQL of their own
	DEBUG=on tools/with-postgres $(BIN)/pytest

test-live: export SCHEMATHESIS := $(CURDIR)/$(VENV)/schemathesis/bin/schemathesis
test-live: $(VENV)/installed-dev $(VENV)/schemathesis/installed  ## real servers, races, Newman, schemathesis; both databases
	$(BIN)/pytest tests_live --seconds $(DURATION)
	DEBUG=on tools/with-postgres $(BIN)/pytest tests_live --seconds $(DURATION)

cluster-test: $(VENV)/installed-dev  ## nodes behind nginx, PostgreSQL with a replica, whatever fails; CLUSTER_SECONDS=1800
	$(BIN)/pytest tests_cluster -rs --replica --seconds $(CLUSTER_SECONDS)

cluster-test-short: $(VENV)/installed-dev  ## the same, with a short load
	$(BIN)/pytest tests_cluster -rs --replica

controls: $(VENV)/installed-dev  ## each guard taken out once: its test must fail
	$(BIN)/python tests_live/controls.py

screenshots: $(VENV)/installed-dev  ## the README's pictures, made anew; needs chromium
	@$(BIN)/python tools/screenshots

bench: $(VENV)/installed $(VENV)/bench/installed  ## this project against its peers; ARGS=--full for longer; needs wrk
	@command -v wrk >/dev/null || { echo "wrk is needed: apt-get install wrk"; exit 1; }
	@BENCH_BIN=$(CURDIR)/$(VENV)/bench/bin $(CURDIR)/$(BIN)/python -m benchmarks.run $(ARGS)

contention: $(VENV)/installed $(VENV)/bench/installed  ## many buyers of one product, this project against FastAPI; needs wrk
	@BENCH_BIN=$(CURDIR)/$(VENV)/bench/bin $(CURDIR)/$(BIN)/python -m benchmarks.contention $(ARGS)

growth: $(VENV)/installed  ## what a page costs as the shop grows: 1,000 to 1,000,000 products and orders
	@$(BIN)/python -m benchmarks.growth 1000 100000 1000000

worst: $(VENV)/installed  ## the most expensive requests anybody can send: CPU, memory, size of the answer; ARGS="--before <revision>" compares
	@$(BIN)/python -m benchmarks.worst $(ARGS)

# Anew only when the requirements have changed.
$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
	@echo "Installing into $(VENV), once ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# In an environment of its own: its pytest plugins would slow every start of pytest.
$(VENV)/schemathesis/installed: requirements-schemathesis.txt $(VENV)/installed
	@$(PYTHON) -m venv $(VENV)/schemathesis
	@$(VENV)/schemathesis/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-schemathesis.txt
	@touch $@

$(VENV)/bench/installed: benchmarks/requirements.txt $(VENV)/installed
	@$(PYTHON) -m venv $(VENV)/bench
	@$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $@

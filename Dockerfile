# The production server: docker build --tag order-management:1.0.0 .
# compose.yaml runs it with PostgreSQL and nginx. docs/operations.md says how much of this was tested, and how.
FROM python:3.13-slim-trixie AS build
WORKDIR /srv/order-management
COPY lock/runtime.txt /tmp/
# Wheels only, so no compiler is needed. The environment itself has no pip.
RUN python -m venv --without-pip .venv \
    && pip --python .venv/bin/python install --no-cache-dir --require-hashes --only-binary :all: -r /tmp/runtime.txt
COPY manage.py .
COPY order_management order_management
COPY accounts accounts
COPY products products
COPY orders orders
COPY demo demo
# Compiled here, because the file system is read-only when the container runs.
RUN python -m compileall -q manage.py order_management accounts products orders demo

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="Order Management" \
      org.opencontainers.image.description="A REST API for orders and stock" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="1.0.0"
# pg_dump for backups, openssl for a localhost certificate. No versions, because Debian keeps only the latest ones.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openssl postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin order-management \
    && install -d -o order-management -m 700 /backups
WORKDIR /srv/order-management
COPY --from=build /srv/order-management .
COPY deploy/granian-log.json deploy/
COPY deploy/container deploy/container
ENV PATH=/srv/order-management/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=off \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8000 \
    GRANIAN_WORKERS=2 \
    GRANIAN_BLOCKING_THREADS=4 \
    GRANIAN_WORKERS_KILL_TIMEOUT=30 \
    GRANIAN_LOG_CONFIG=deploy/granian-log.json
USER 10001
EXPOSE 8000
# On SIGTERM, granian lets its workers finish their requests.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "deploy/container/healthcheck.py"]
ENTRYPOINT ["deploy/container/entrypoint"]
CMD ["granian", "--interface", "wsgi", "--http", "1", "order_management.wsgi:application"]

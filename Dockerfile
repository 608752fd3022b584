# The bot alone, without the practice lab. docs/settings.md: settings and secrets.
#
#   docker build -t rootver .        (or `make image`, which also writes the commit into it)
#   docker run -d --name rootver --stop-timeout 30 \
#     -v rootver-data:/data -v "$PWD/rootver.toml":/data/rootver.toml:ro \
#     -v "$PWD/secrets":/run/secrets:ro \
#     -e SLACK_BOT_TOKEN_FILE=/run/secrets/slack_bot_token -e SLACK_APP_TOKEN_FILE=/run/secrets/slack_app_token \
#     -e ROOTVER_HOSTS__MGMT1__PASSWORD_FILE=/run/secrets/mgmt1 rootver
#
# The account in it is number 10001: it must be able to read rootver.toml and the files in secrets.
# No secret belongs into the image: none is an argument or a variable here.
#
# SOURCE_COMMIT: what `rootver version` in the image says, and its label. Without it the commit is unknown: .git is not
# sent to the builder, since its settings may hold passwords.

FROM python:3.13-slim AS build
WORKDIR /src
# Kerberos has no wheels for Linux.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libkrb5-dev
COPY requirements-build.lock requirements-run.lock requirements-kerberos.lock ./
# What runs, and what builds the wheels: exact versions with hashes, nothing resolved anew.
RUN python -m venv --without-pip /app \
 && pip --python /app/bin/python install --no-cache-dir --require-hashes -r requirements-run.lock
RUN pip install --no-cache-dir --require-hashes -r requirements-build.lock \
 && pip wheel --no-cache-dir --require-hashes --no-build-isolation --check-build-dependencies --wheel-dir /wheels \
    -r requirements-kerberos.lock
COPY pyproject.toml setup.py README.md LICENSE ./
COPY bot bot
COPY handlers handlers
COPY storage storage
ARG SOURCE_COMMIT
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip --python /app/bin/python install --no-cache-dir --no-deps --no-index /wheels/*.whl

FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgssapi-krb5-2 && rm -rf /var/lib/apt/lists/*
# A number, so that Kubernetes can see that it is not root.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin rootver \
 && install -d -o 10001 -g 10001 -m 0700 /data /key
COPY --from=build /app /app
ARG SOURCE_COMMIT
# What registries and scanners show (github.com/opencontainers/image-spec, annotations.md).
LABEL org.opencontainers.image.title="rootver-bot" \
      org.opencontainers.image.description="Slack bot for the Exchange 2003 outage of Microsoft KB 906154" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$SOURCE_COMMIT" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim"
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1
# rootver.toml is looked for here, and rootver.db is made beside it.
WORKDIR /data
VOLUME /data
USER 10001:10001
# Whether it lives, not whether it is well: whoever restarts an unhealthy container must not do so for a full disk.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["rootver", "health", "--live"]
# The process itself, no shell: SIGTERM must reach it, so that a change under way is recorded.
CMD ["rootver", "run"]

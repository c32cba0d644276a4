# syntax=docker/dockerfile:1
# One image for web, worker, beat, sequencer and the jobs before them. Nothing secret is in it or passes through it.

ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
COPY requirements.txt /srv/handover/
RUN /opt/venv/bin/pip install --only-binary :all: --requirement /srv/handover/requirements.txt
COPY . /srv/handover
WORKDIR /srv/handover
# Translations are compiled and static files collected, compressed by brotli and gzip, here and never at a start.
# The settings want addresses and a secret; nothing is reached and nothing signed while an image is built.
RUN /opt/venv/bin/python -c "from stand.translations import compile_messages; compile_messages()" \
 && DATABASE_URL=postgres://nobody@/nowhere REDIS_URL=redis://nowhere SECRET_KEY=none-is-needed-to-collect-files \
    STATIC_ROOT=/srv/static /opt/venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
 && /opt/venv/bin/python -m compileall -q /srv/handover

FROM ${PYTHON} AS product
RUN groupadd --gid 10001 handover \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin handover \
 && install -d -o handover -g handover -m 0700 \
    /var/lib/handover /var/lib/handover/files /var/lib/handover/backups /var/lib/handover-keys /var/lib/handover-copy
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/static /srv/static
COPY --from=build /srv/handover /srv/handover
WORKDIR /srv/handover
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HANDOVER_HOST=0.0.0.0 \
    HANDOVER_PORT=8000 \
    HANDOVER_STATE=/var/lib/handover \
    KEYRING_DIR=/var/lib/handover-keys/keyring \
    STATIC_ROOT=/srv/static
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["python", "-m", "stand.probe"]
CMD ["python", "-m", "gunicorn", "handover.wsgi:application", "--config", "python:handover.serving"]

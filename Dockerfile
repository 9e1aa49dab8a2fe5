# The panel for Google's cloud. The demo ComfyUI is not in it: its frontend is GPL-3.0, and a server has no use for it.
#
#   docker build -t gpubox .
#
# Behind a proxy with a certificate of its own, or with a package mirror, two optional secrets reach pip and stay out
# of the image: --secret id=pip_conf,src=pip.conf --secret id=ca,src=ca-certificates.crt
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY requirements/run.txt .
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/run/ca.crt \
    python3 -m venv /venv \
    && if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
    && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r run.txt \
    && /venv/bin/python -m pip uninstall --yes --quiet pip \
    && printf '%s\n' '#!/bin/sh' 'exec /venv/bin/python -m manager "$@"' > /venv/bin/gpubox \
    && chmod 755 /venv/bin/gpubox
WORKDIR /app
COPY LICENSE ./
COPY manager manager
COPY startup startup
COPY static static
COPY templates templates
# Compiled here, since the running container cannot write beside the sources.
RUN /venv/bin/python -m compileall -q manager

FROM ${BASE_IMAGE}
RUN groupadd --gid 10001 gpubox \
    && useradd --uid 10001 --gid gpubox --home-dir /data --no-create-home --shell /usr/sbin/nologin gpubox \
    && install -d -o gpubox -g gpubox -m 0700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    CLOUD=gce \
    HOST=0.0.0.0 \
    PORT=8187 \
    STATE_DIR=/data
WORKDIR /data
USER gpubox
VOLUME /data
EXPOSE 8187 8186
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/venv/bin/python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["/venv/bin/python", "-m", "manager"]
CMD ["serve"]

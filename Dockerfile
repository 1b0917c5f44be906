# Both bases must have the same Python: compiled modules and bytecode move from one to the other. A release names them by digest.
ARG BUILD_IMAGE=docker.io/library/python:3.13-slim-trixie
ARG RUNTIME_IMAGE=gcr.io/distroless/python3-debian13:nonroot

FROM ${RUNTIME_IMAGE} AS runtime

FROM ${BUILD_IMAGE} AS build
# Commas between: google signs with service-account files, injector makes certificates, redis is shared by pods. Each is imported
# only where it is configured.
ARG EXTRAS=google,injector,redis
# Of the machine that builds, where it has its own; the image keeps neither.
ARG PIP_CERT
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
WORKDIR /src
COPY requirements-build.lock requirements.lock scripts/image_packages.py ./
# Wheels alone, but for what is published without one: that is built from its hashed source with the hashed setuptools.
RUN python3 -m pip install --quiet --require-hashes --no-deps --only-binary :all: --target /tools -r requirements-build.lock \
 && python3 image_packages.py requirements.lock "$EXTRAS" >/tools/packages.lock \
 && PYTHONPATH=/tools python3 -m pip install --quiet --require-hashes --no-deps --use-pep517 --no-build-isolation \
    --only-binary :all: --no-binary quantile-python --target /image/app -r /tools/packages.lock
COPY LICENSE README.md pyproject.toml setup.cfg ./
COPY proxy proxy
RUN PYTHONPATH=/tools python3 -m pip install --quiet --upgrade --no-index --no-deps --no-build-isolation --target /image/app .
COPY --from=runtime / /image/
COPY scripts/image_bill.py scripts/image_tree.py ./
RUN python3 image_tree.py /image

FROM scratch
LABEL org.opencontainers.image.title="outrider" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build --chown=0:0 /image /
ENV PATH=/usr/bin LANG=C.UTF-8 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1 MALLOC_ARENA_MAX=2
# A number, not a name: the kubelet refuses runAsNonRoot for a name it cannot resolve.
USER 65532:65532
EXPOSE 11411 11412
ENTRYPOINT ["/usr/bin/python", "-P", "-m", "proxy"]
CMD ["serve"]

# Both stages must have the same Python: compiled extensions and bytecode move from one to the other.
ARG BUILD_IMAGE=docker.io/library/python:3.13-slim-trixie
ARG RUNTIME_IMAGE=gcr.io/distroless/python3-debian13:nonroot
# Optional parts, with commas between: `google` signs with service-account files. Each is imported only where it is configured.
ARG EXTRAS=google

FROM ${BUILD_IMAGE} AS build
ARG EXTRAS
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY LICENSE README.md constraints.txt pyproject.toml setup.cfg ./
COPY proxy proxy
# unchecked-hash: the bytecode is used as it stands, so nothing is compiled or written when the container starts.
RUN python -m pip install --constraint constraints.txt --target /app ".${EXTRAS:+[$EXTRAS]}" \
 && rm -rf /app/bin \
 && find /app \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' \) -delete \
 && find /app -name __pycache__ -type d -prune -exec rm -rf {} + \
 && python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="outrider" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build --chown=0:0 /app /app
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1 MALLOC_ARENA_MAX=2
# A number, not a name: the kubelet refuses runAsNonRoot for a name it cannot resolve.
USER 65532:65532
EXPOSE 11411 11412
ENTRYPOINT ["python", "-P", "-m", "proxy"]
CMD ["serve"]

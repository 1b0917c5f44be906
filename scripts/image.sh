#!/usr/bin/env bash
# Build the container image with docker, where a daemon runs, else with buildah. Run by `make image`.
#
#   scripts/image.sh NAME FOLDER
#
# tags it NAME and leaves it in FOLDER/oci as an OCI layout, from which tests/image reads it and any runtime loads it. BUILD_IMAGE and
# RUNTIME_IMAGE name other bases, EXTRAS other optional parts (see the Dockerfile); PIP_CERT and PIP_INDEX_URL go on to pip.
# Where the registries of the bases cannot be reached, both are made of Debian's packages, and that is said.
set -euo pipefail
cd "$(dirname "$0")/.."

NAME=$1
FOLDER=$(mkdir -p "$2" && cd "$2" && pwd)
STORE=${OUTRIDER_CACHE:-$HOME/.cache/outrider}/images
SUITE=trixie
# The time of everything in the image, so that the same sources give the same image.
EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)

say() { echo "make image: $*" >&2; }

# vfs works on any file system, chroot isolation where containers do not nest; neither needs a daemon or a runtime.
BUILDAH=(buildah --log-level error --root "$STORE/storage" --runroot "$STORE/run" --storage-driver vfs)
BUILD=("${BUILDAH[@]}" build --quiet --isolation chroot --network host --format oci --timestamp "$EPOCH")

build_() { if [ "$BUILDER" = docker ]; then docker build "$@"; else "${BUILD[@]}" "$@" >/dev/null; fi; }
pull_() { if [ "$BUILDER" = docker ]; then docker pull --quiet "$1"; else timeout 120 "${BUILDAH[@]}" pull --quiet "$1"; fi; }
has_() { if [ "$BUILDER" = docker ]; then docker image inspect "$1"; else "${BUILDAH[@]}" inspect --type image "$1"; fi; }

if docker info >/dev/null 2>&1; then BUILDER=docker
elif command -v buildah >/dev/null; then BUILDER=buildah
else say "needs buildah, or docker with a running daemon; neither was found."; exit 1; fi
mkdir -p "$STORE"
# One at a time: what a build leaves in the store is removed behind it.
if [ "$BUILDER" = buildah ]; then exec 9>"$STORE/lock" && flock 9; fi

base() { sed -n "s/^ARG $1=//p" Dockerfile; }
BUILD_IMAGE=${BUILD_IMAGE:-$(base BUILD_IMAGE)}
RUNTIME_IMAGE=${RUNTIME_IMAGE:-$(base RUNTIME_IMAGE)}

for image in "$BUILD_IMAGE" "$RUNTIME_IMAGE"; do
	has_ "$image" >/dev/null 2>&1 && continue
	if ! why=$(pull_ "$image" 2>&1 >/dev/null); then
		say "$image cannot be had ($(tail -n 1 <<<"$why" | cut -c 1-200))"
		say "the bases are made of packages of Debian $SUITE instead"
		scripts/image_bases.sh "$STORE/bases" "$SUITE"
		BUILD_IMAGE=localhost/outrider-build:$SUITE RUNTIME_IMAGE=localhost/outrider-runtime:$SUITE
		build_ --tag "$BUILD_IMAGE" --file "$STORE/bases/build/Containerfile" "$STORE/bases/build"
		build_ --tag "$RUNTIME_IMAGE" --file "$STORE/bases/runtime/Containerfile" "$STORE/bases/runtime"
		break
	fi
done

ARGUMENTS=(--build-arg "BUILD_IMAGE=$BUILD_IMAGE" --build-arg "RUNTIME_IMAGE=$RUNTIME_IMAGE")
for name in EXTRAS PIP_INDEX_URL; do test -z "${!name+set}" || ARGUMENTS+=(--build-arg "$name=${!name}"); done
# A file of certificates is on this machine only: it is mounted for the build.
if [ -n "${PIP_CERT:-}" ] && [ "$BUILDER" = buildah ]; then
	ARGUMENTS+=(--volume "$PIP_CERT:/tmp/pip-certificates.pem:ro" --build-arg PIP_CERT=/tmp/pip-certificates.pem)
fi
say "building $NAME on $RUNTIME_IMAGE with $BUILDER"
build_ "${ARGUMENTS[@]}" --tag "$NAME" --file Dockerfile .

rm -rf "$FOLDER/oci" && mkdir -p "$FOLDER/oci"
if [ "$BUILDER" = docker ]; then docker save "$NAME" | tar -x -C "$FOLDER/oci"; else
	"${BUILDAH[@]}" push --quiet "$NAME" "oci:$FOLDER/oci:$NAME"
	"${BUILDAH[@]}" rm --all >/dev/null && "${BUILDAH[@]}" rmi --prune >/dev/null
fi
say "$NAME is in $FOLDER/oci: $(($(du -sk "$FOLDER/oci" | cut -f 1) * 1024 / 1000000)) MB compressed"

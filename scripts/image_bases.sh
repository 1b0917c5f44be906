#!/usr/bin/env bash
# Make the two bases of the image of Debian's packages, where no registry can be reached.
#
#   scripts/image_bases.sh FOLDER [SUITE]
#
# leaves FOLDER/build and FOLDER/runtime, each a root with a Containerfile: the first has sh and pip. The runtime is what a distroless
# image of the same suite is: Python and its libraries, certificates, time zones, no shell, no package manager. apt verifies what it
# fetches against Debian's keys; its lists stay in FOLDER and the system is left as it is. Any machine with apt and Debian's keyring does.
set -euo pipefail

FOLDER=$(mkdir -p "$1" && cd "$1" && pwd)
SUITE=${2:-trixie}
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
# Of what Python's two packages depend on, all but debconf, and the libraries of readline, curses, dbm and sqlite3.
WANTED='^(python3\.[0-9]+-minimal|libpython3.*|libc6|libcrypt1|libexpat1|libffi[0-9].*|libbz2-1.0|liblzma5|libuuid1|libgcc-s1|libssl3.*|libzstd1|zlib1g|media-types|netbase|tzdata)$'
UNLOADABLE='_curses* _dbm* _gdbm* _sqlite3* readline* nis*'

test -r "$KEYS" || { echo "image_bases.sh needs $KEYS (package debian-archive-keyring)." >&2; exit 1; }
mkdir -p "$FOLDER/lists/partial" "$FOLDER/cache"
printf 'deb [signed-by=%s] http://deb.debian.org/%s main\n' \
	"$KEYS" "debian $SUITE" "$KEYS" "debian-security $SUITE-security" >"$FOLDER/sources.list"
OPTIONS=(-o "Dir::State::Lists=$FOLDER/lists" -o "Dir::Cache=$FOLDER/cache" -o Dir::State::status=/dev/null
	-o "Dir::Etc::SourceList=$FOLDER/sources.list" -o Dir::Etc::SourceParts=- -o APT::Sandbox::User= -o Acquire::Languages=none)

depends() { apt-cache "${OPTIONS[@]}" depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@"; }

# fetch FOLDER PACKAGE...: the packages' files.
fetch() {
	rm -rf "$1" && mkdir -p "$1"
	(cd "$1" && apt-get "${OPTIONS[@]}" download -qq "${@:2}")
}

# unpack FOLDER ROOT: base-files goes first, for its links from /lib to /usr/lib.
unpack() {
	for file in "$1"/base-files_*.deb "$1"/*.deb; do
		test -e "$file" || continue
		dpkg-deb -x "$file" "$2"
		mkdir -p "$2/var/lib/dpkg/status.d"
		dpkg-deb -f "$file" >"$2/var/lib/dpkg/status.d/$(dpkg-deb -f "$file" Package)"
	done
}

finish() { # ROOT: what Debian's scripts would have done, as far as it matters here
	local python=${PYTHON%-minimal}
	ln -sf "$python" "$1/usr/bin/python3" && ln -sf "$python" "$1/usr/bin/python"
	mkdir -p "$1/etc/ssl/certs" "$1/tmp" "$1/proc" "$1/dev" "$1/sys"
	cat "$1"/usr/share/ca-certificates/mozilla/*.crt >"$1/etc/ssl/certs/ca-certificates.crt"
	rm -rf "$1/usr/share/ca-certificates" "$1/usr/sbin/update-ca-certificates" "$1/etc/ca-certificates" "$1/etc/update-motd.d"
	printf 'root:x:0:0::/:/none\nnonroot:x:65532:65532::/:/none\n' >"$1/etc/passwd"
	printf 'root:x:0:\nnonroot:x:65532:\n' >"$1/etc/group"
	for name in $UNLOADABLE; do rm -f "$1/usr/lib/$python/lib-dynload/"$name; done
}

apt-get "${OPTIONS[@]}" update -qq
PYTHON=$(depends python3-minimal | grep -o 'python3\.[0-9]*-minimal' | head -n 1)
RUNTIME=$(depends --recurse "$PYTHON" "lib${PYTHON%-minimal}-stdlib" | grep -E "$WANTED" | sort -u)

rm -rf "$FOLDER/runtime" "$FOLDER/build"
mkdir -p "$FOLDER/runtime/root"
# shellcheck disable=SC2086 # a list of words
fetch "$FOLDER/packages" base-files ca-certificates $RUNTIME
unpack "$FOLDER/packages" "$FOLDER/runtime/root"
finish "$FOLDER/runtime/root"

mkdir -p "$FOLDER/build"
cp -a "$FOLDER/runtime/root" "$FOLDER/build/root"
fetch "$FOLDER/packages" dash python3-pip-whl
unpack "$FOLDER/packages" "$FOLDER/build/root"
ln -sf dash "$FOLDER/build/root/bin/sh"
python3 -m zipfile -e "$FOLDER"/build/root/usr/share/python-wheels/pip-*.whl "$FOLDER/build/root/usr/lib/python3/dist-packages"

for base in build runtime; do printf 'FROM scratch\nCOPY root /\n' >"$FOLDER/$base/Containerfile"; done
rm -rf "$FOLDER/packages"

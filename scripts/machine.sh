# What the scripts need of a machine, sourced by them: installed on Debian when missing, named
# otherwise.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# as_root runs a command as root, or says why it cannot. It never waits for a password without a
# terminal.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif ! command -v sudo >/dev/null; then die "needs root (or sudo) for: $*"
  elif [ -t 0 ]; then sudo "$@"
  else sudo -n "$@"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >&2
}

# install_debian installs packages. A stale package list is the usual reason of a failure, so it
# is renewed first; a mirror that is away is no reason to stop while the old list may do.
install_debian() {
  command -v apt-get >/dev/null || die "please install what Debian calls: $*"
  say "installing $* ..."
  apt_get update || say "apt-get update failed; going on with the lists at hand"
  apt_get install -y --no-install-recommends "$@" || die "apt-get could not install: $*"
}

# need_go checks that Go is there, and lets it build where git cannot tell the commit (a checkout
# of another user, or none yet): without the flag `go build` fails there.
need_go() {
  command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || die "Go is missing; go.mod tells the version (https://go.dev/dl)"
  git rev-parse HEAD >/dev/null 2>&1 || export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
}

# race are the flags of go test with the race detector. The translated C of SQLite is its authors'
# to look through: under the detector it is 40 times slower.
# shellcheck disable=SC2034
race=(-race '-gcflags=modernc.org/...=-race=false')

# need_build adds what Go lacks on a bare Debian: a C compiler with its headers for H3 and for
# -race, and the certificates to download modules.
need_build() {
  need_go
  local missing=()
  printf '#include <math.h>\nint main(void){return 0;}\n' |
    "${CC:-gcc}" -x c -o /dev/null - -lm 2>/dev/null || missing+=(gcc libc6-dev)
  [ -s /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/ssl/cert.pem ] ||
    ! command -v apt-get >/dev/null || missing+=(ca-certificates)
  [ ${#missing[@]} = 0 ] || install_debian "${missing[@]}"
}

# need_data exports HEXHAIL_DATA, where the real data is (default ../shared/data); without it its
# tests skip.
need_data() {
  [ -n "${HEXHAIL_DATA:-}" ] || [ ! -d ../shared/data ] || HEXHAIL_DATA=$(cd ../shared/data && pwd)
  export HEXHAIL_DATA=${HEXHAIL_DATA:-}
}

# install_quietly installs packages whose services Debian would start for the whole system: while it
# does, the system's policy is that none is started.
install_quietly() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  install_debian "$@"
)

# need_clients adds what the tests of foreign clients need: Node with npm, Prometheus with promtool,
# and grpcurl and ghz, which have a module of their own (the first build takes some minutes). Where
# nothing can be installed those tests skip visibly, in CI they fail.
need_clients() {
  local missing=()
  command -v node >/dev/null && command -v npm >/dev/null || missing+=(nodejs npm)
  command -v prometheus >/dev/null && command -v promtool >/dev/null || missing+=(prometheus)
  [ ${#missing[@]} = 0 ] || ! command -v apt-get >/dev/null || install_quietly "${missing[@]}"
  mkdir -p bin/tools
  say "building grpcurl and ghz ..."
  go -C tools/clients build -o "$PWD/bin/tools/" tool
}

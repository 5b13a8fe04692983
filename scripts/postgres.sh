# A Postgres of our own for one run of the tests, sourced by the scripts: a cluster in a temporary
# folder, reached by a socket in that folder only, gone when the script ends. fsync stays on, which
# the service insists on.
# shellcheck shell=bash

pg_dir= pg_bin=

# find_postgres prints the folder of the newest server's programs: Debian keeps them off the PATH.
find_postgres() {
  local dir
  for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
    "$(pg_config --bindir 2>/dev/null || true)" \
    "$(dirname "$(command -v initdb 2>/dev/null || echo /)")"; do
    [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/createdb" ] || continue
    printf '%s\n' "$dir"
    return
  done
  return 1
}

# install_postgres installs the server. Debian would also create and start a cluster of the whole
# system on the usual port; the fragment of configuration says no, and goes again.
install_postgres() {
  local conf=/etc/postgresql-common/createcluster.d/hexhail-tests.conf
  command -v apt-get >/dev/null || die "Postgres is missing; please install its server programs"
  as_root mkdir -p "${conf%/*}"
  printf 'create_main_cluster = false\n' | as_root tee "$conf" >/dev/null
  install_debian postgresql
  as_root rm -f "$conf"
}

# as_postgres runs a command as somebody who is not root, since the server refuses root. setpriv
# execs, so in the background its pid is the server's.
as_postgres() {
  [ "$(id -u)" = 0 ] || { "$@"; return; }
  local user=postgres
  id -u "$user" >/dev/null 2>&1 || user=nobody
  setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- env HOME="$pg_dir" "$@"
}

# start_postgres starts the cluster and exports HEXHAIL_POSTGRES, the URL of an empty database
# whose user may create others. With HEXHAIL_POSTGRES set already that one is used. The folder it
# is given is where the cluster lies: a disk, unless told otherwise.
start_postgres() {
  export HEXHAIL_REQUIRE_POSTGRES=1 # a test that finds no Postgres fails, it does not skip
  [ -z "${HEXHAIL_POSTGRES:-}" ] || return 0
  find_postgres >/dev/null || install_postgres
  pg_bin=$(find_postgres) || die "no Postgres server found after installing one"

  # /tmp, not TMPDIR: the other user must reach it, and a socket's path has at most 107 bytes.
  pg_dir=$(mktemp -d "${1:-/tmp}/hexhail-pg.XXXXXX")
  trap stop_postgres EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if [ "$(id -u)" = 0 ]; then chown "$(as_postgres id -u):$(as_postgres id -g)" "$pg_dir"; fi

  say "starting $("$pg_bin/postgres" --version) in $pg_dir"
  (cd "$pg_dir" && as_postgres "$pg_bin/initdb" -D data -U hexhail -A trust -E UTF8 \
    --locale=C --no-sync >"$pg_dir/initdb.log" 2>&1) ||
    { cat "$pg_dir/initdb.log" >&2; die "initdb failed"; }

  # 300 connections: packages are tested side by side, each test with a pool of its own. The
  # folder is closed to others (mktemp, initdb), so trust means its owner and root.
  (cd "$pg_dir" && as_postgres "$pg_bin/pg_ctl" -D data -w -t 60 -l server.log start \
    -o "-k $pg_dir -c listen_addresses= -c max_connections=300" </dev/null >/dev/null) ||
    { cat "$pg_dir/server.log" >&2; die "Postgres did not start"; }
  as_postgres "$pg_bin/createdb" -h "$pg_dir" -U hexhail hexhail
  export HEXHAIL_POSTGRES="postgres://hexhail@/hexhail?host=$pg_dir"
}

# fast_folder prints a folder in memory, if there is one with 4 GiB to spare. Our tests kill our own
# processes and Postgres, never the machine, and nothing that these have written is lost with them:
# a disk would only make the tests wait.
fast_folder() {
  local free
  free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -1) || free=0
  if [ "${free:-0}" -gt 4194304 ]; then echo /dev/shm; else echo /tmp; fi
}

# stop_postgres ends our own server only (pg_ctl takes its pid from our folder): fast at first, at
# once after 20 s.
stop_postgres() {
  [ -n "$pg_dir" ] || return 0
  local mode
  for mode in fast immediate; do
    [ -e "$pg_dir/data/postmaster.pid" ] || break
    (cd "$pg_dir" && as_postgres "$pg_bin/pg_ctl" -D data -w -t 20 -m "$mode" stop) \
      >/dev/null 2>&1 || true
  done
  rm -rf -- "$pg_dir"
}

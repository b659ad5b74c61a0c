# shellcheck shell=bash
#
# A throw-away PostgreSQL cluster. Sourced by scripts/test and scripts/bench, which call
#
#   postgres_start fast|durable   makes and starts a cluster of its own; sets POSTGRES_URL
#   postgres_stop                 stops it and removes every file of it; harmless when none was started
#
# The server listens on a Unix socket only, in a directory that nobody else may enter. So it needs no password, takes no
# port, and cannot collide with another server or another run. It finds the server programs, or installs Debian's package.

# shellcheck disable=SC2034  # read by the scripts that source this one
POSTGRES_URL=
PG_BIN=      # where initdb, pg_ctl and postgres are
PG_DIR=      # the cluster, its socket and its log
PG_OWNER=    # the account that the server runs under; empty: our own

pg_say() { printf '%s\n' "$*" >&2; }

# Sets PG_BIN to the newest place that holds a whole server; fails when there is none.
postgres_find() {
  local place candidates=()
  if command -v pg_config >/dev/null; then candidates+=("$(pg_config --bindir 2>/dev/null)"); fi
  while IFS= read -r place; do candidates+=("$place"); done < <(
    printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort --version-sort --reverse
  )
  if place=$(command -v postgres); then candidates+=("$(dirname "$place")"); fi
  for place in "${candidates[@]}"; do
    if [[ -x $place/initdb && -x $place/pg_ctl && -x $place/postgres ]]; then
      PG_BIN=$place
      return 0
    fi
  done
  return 1
}

# Installs Debian's package, or says what to do instead.
postgres_install() {
  local as_root=()
  if ! command -v apt-get >/dev/null; then
    pg_say "error: no PostgreSQL server was found, and this is not a Debian system." \
      "Install PostgreSQL with its server programs (initdb, pg_ctl, postgres), or name a server in TEST_POSTGRES_URL," \
      "for example TEST_POSTGRES_URL=postgres://user:password@127.0.0.1:5432/postgres (it must be allowed to create databases)."
    return 1
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      pg_say "error: no PostgreSQL server was found, and neither root nor sudo is at hand to install one." \
        "Run as root: apt-get install postgresql. Or name a server in TEST_POSTGRES_URL."
      return 1
    fi
    as_root=(sudo)
    # Without a terminal nobody can type a password: fail at once instead of waiting for one.
    if [[ ! -t 0 ]]; then as_root+=(--non-interactive); fi
  fi
  pg_say "No PostgreSQL server was found: installing Debian's package postgresql."
  if ! "${as_root[@]}" apt-get update --quiet >&2 ||
    ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends postgresql >&2; then
    pg_say "error: PostgreSQL could not be installed. Run as root: apt-get install postgresql." \
      "Or name a server in TEST_POSTGRES_URL."
    return 1
  fi
}

# Runs a command as the account of the server, in a directory that this account can enter.
pg_run() (
  cd / || exit
  if [[ -z $PG_OWNER ]]; then
    exec "$@"
  elif command -v runuser >/dev/null; then
    exec runuser --user "$PG_OWNER" -- "$@"
  else
    exec su -s /bin/sh "$PG_OWNER" -c "$(printf '%q ' "$@")"
  fi
)

# PostgreSQL refuses to run as root. Debian's package brings the account postgres; nobody is everywhere.
pg_choose_owner() {
  PG_OWNER=
  if ((EUID == 0)); then
    for PG_OWNER in postgres nobody; do
      if id "$PG_OWNER" >/dev/null 2>&1; then return 0; fi
    done
    pg_say "error: PostgreSQL does not run as root, and there is no account postgres or nobody to run it under." \
      "Run this as an ordinary user, or: useradd --system postgres"
    return 1
  fi
}

# Where a cluster of that kind may lie, the best place first. One that nobody keeps lies in memory if there is room: each test makes
# and drops a database of 1,500 files, and ext4 takes longer for that than the test for its work.
pg_places() {
  local free
  if [[ $1 == fast && -d /dev/shm ]]; then
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
    if ((${free:-0} >= 4 * 1024 * 1024)); then echo /dev/shm; fi
  fi
  printf '%s\n' "${TMPDIR:-/tmp}" /tmp /var/tmp
}

# Makes PG_DIR. A TMPDIR that is gone, closed to the server's account, or too deep for a socket (107 bytes) is passed over.
pg_make_dir() {
  local base bases
  mapfile -t bases < <(pg_places "$1")
  for base in "${bases[@]}"; do
    base=${base%/}
    if ((${#base} > 60)) || [[ ! $base =~ ^/[A-Za-z0-9/._+-]*$ ]]; then continue; fi
    PG_DIR=$(mktemp --directory "$base/openprm-pg.XXXXXX" 2>/dev/null) || continue
    if [[ -n $PG_OWNER ]]; then chown "$PG_OWNER" "$PG_DIR"; fi
    if pg_run test -w "$PG_DIR" -a -x "$PG_DIR"; then return 0; fi
    rm -rf "$PG_DIR"
  done
  PG_DIR=
  pg_say "error: no temporary directory that ${PG_OWNER:-this user} may write to: tried ${bases[*]}."
  return 1
}

# What every run of ours sets, and what its kind adds. `fast` gives up the safety of data that nobody keeps;
# `durable` is what production runs with, so that a benchmark does not flatter.
pg_settings() {
  cat <<CONF
listen_addresses = ''
unix_socket_directories = '$PG_DIR'
unix_socket_permissions = 0700
port = 5432
max_connections = 300
timezone = 'UTC'
log_timezone = 'UTC'
CONF
  case $1 in
  fast)
    cat <<'CONF'
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 1GB
checkpoint_timeout = 1h
CONF
    ;;
  durable)
    cat <<'CONF'
fsync = on
full_page_writes = on
synchronous_commit = on
shared_buffers = 1GB
effective_cache_size = 4GB
max_wal_size = 4GB
CONF
    ;;
  esac
}

postgres_start() {
  local kind=$1
  if ! postgres_find; then
    postgres_install || return
    if ! postgres_find; then
      pg_say "error: the package postgresql is installed, but initdb, pg_ctl and postgres were not found in /usr/lib/postgresql/*/bin."
      return 1
    fi
  fi
  pg_choose_owner || return
  pg_make_dir "$kind" || return
  # libpq reads these; they must not lead the programs under test elsewhere.
  unset PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE PGOPTIONS PGSSLMODE PGDATA
  if ! pg_run "$PG_BIN/initdb" --pgdata="$PG_DIR/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \
    --no-sync >"$PG_DIR/initdb.log" 2>&1; then
    cat "$PG_DIR/initdb.log" >&2
    pg_say "error: $PG_BIN/initdb failed; its words are above."
    return 1
  fi
  pg_settings "$kind" >>"$PG_DIR/data/postgresql.conf"
  # The server must not hold our output open: whoever reads it through a pipe would wait for the server's end.
  if ! pg_run "$PG_BIN/pg_ctl" start --pgdata="$PG_DIR/data" --log="$PG_DIR/server.log" --wait --timeout=60 \
    </dev/null >"$PG_DIR/start.log" 2>&1; then
    cat "$PG_DIR/start.log" "$PG_DIR/server.log" >&2
    pg_say "error: PostgreSQL did not start; its words are above."
    return 1
  fi
  # The socket's directory stands percent-encoded where the host goes, so the part after the last slash is the database.
  POSTGRES_URL="postgres://postgres@${PG_DIR//\//%2F}:5432/postgres"
  pg_say "$("$PG_BIN/postgres" --version), throw-away cluster ($kind) in $PG_DIR, running as ${PG_OWNER:-$(id --user --name)}"
}

postgres_stop() {
  if [[ -z $PG_DIR ]]; then return 0; fi
  if [[ -e $PG_DIR/data/postmaster.pid ]]; then
    pg_run "$PG_BIN/pg_ctl" stop --pgdata="$PG_DIR/data" --mode=immediate --wait --timeout=60 >/dev/null 2>&1 ||
      pg_say "warning: PostgreSQL in $PG_DIR did not stop within a minute."
  fi
  rm -rf "$PG_DIR"
  PG_DIR=
}

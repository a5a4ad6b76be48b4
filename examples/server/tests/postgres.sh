#!/bin/sh
# A PostgreSQL to try things on: in a temporary folder, reached by a socket in it and by nothing else, until standard input
# ends (Ctrl+D). Prints `listening on postgres://…`. Nothing of it is left then.
set -eu

bin=
for folder in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null || :)" "$(dirname "$(command -v initdb || :)")"; do
  if [ -x "$folder/initdb" ]; then bin=$folder; fi
done
if [ -z "$bin" ]; then
  echo "PostgreSQL's programs (initdb, pg_ctl) are not to be found. On Debian: apt-get install postgresql." >&2
  echo "Elsewhere install PostgreSQL, and have its programs on PATH." >&2
  exit 1
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/relatch-postgres-XXXXXX")
as() { "$@"; }
# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
  user=nobody
  if id -u postgres >/dev/null 2>&1; then user=postgres; fi
  chown "$user" "$folder"
  as() { setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"; }
fi
cd "$folder"

stop() {
  as "$bin/pg_ctl" --pgdata=data --mode=immediate --silent stop || :
  cd /
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

as "$bin/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >/dev/null
# What outlives a crash is of no use here.
options="-c listen_addresses= -c unix_socket_directories=$folder -c max_connections=300 -c fsync=off -c full_page_writes=off"
if ! as "$bin/pg_ctl" --pgdata=data --log=log --options="$options" --silent --wait start; then
  cat log >&2
  exit 1
fi
echo "listening on postgres://postgres@localhost/postgres?host=$folder"
cat >/dev/null

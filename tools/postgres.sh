#!/usr/bin/env bash
# Runs a command beside a throwaway Postgres:  tools/postgres.sh COMMAND [ARGUMENT…]
#
# The command finds the server's address in CLOAKROOM_TEST_POSTGRES. The cluster lives in a temporary directory and on
# a free port of the loopback interface; both are gone when the command ends, and its exit status is ours.
set -euo pipefail

if [ $# -eq 0 ]; then
    echo "usage: tools/postgres.sh COMMAND [ARGUMENT…]" >&2
    exit 2
fi

# Debian keeps the server's programs outside PATH, one directory per version; the newest wins.
programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -type d -name bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$programs" ] && command -v initdb >/dev/null; then
    programs=$(dirname "$(command -v initdb)")
fi
if [ -z "$programs" ]; then
    echo "tools/postgres.sh: no Postgres server here; tools/install.sh installs one" >&2
    exit 1
fi

# Postgres refuses to run as root, and the account that came with the package is made for it.
as_postgres=()
if [ "$(id -u)" -eq 0 ]; then
    as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups --inh-caps=-all)
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/cloakroom-postgres.XXXXXX")
server=
stop() {
    if [ -n "$server" ] && kill -INT "$server" 2>/dev/null; then
        wait "$server" 2>/dev/null || true
    fi
    rm -rf -- "$directory"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ ${#as_postgres[@]} -eq 0 ] || chown postgres:postgres "$directory"
log="$directory/log"
(
    # Its working directory must be one that this account may enter.
    cd "$directory"
    "${as_postgres[@]}" "$programs/initdb" --pgdata="$directory/data" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C --no-sync >"$log" 2>&1
) || { cat "$log" >&2; exit 1; }

# The port is free when it is chosen, but somebody may be quicker: then the next one is tried.
for attempt in 1 2 3 4 5; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 40000))
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        continue
    fi
    # Nothing here outlives a crash, so nothing waits for the disk.
    (
        cd "$directory"
        exec "${as_postgres[@]}" "$programs/postgres" -D "$directory/data" -p "$port" \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
            -c fsync=off -c synchronous_commit=off -c full_page_writes=off
    ) >"$log" 2>&1 &
    server=$!
    for _ in $(seq 300); do
        if "$programs/pg_isready" --quiet --host=127.0.0.1 --port="$port" --username=postgres; then
            break 2
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    kill -INT "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
    server=
    if [ "$attempt" -eq 5 ]; then
        echo "tools/postgres.sh: Postgres does not start:" >&2
        cat "$log" >&2
        exit 1
    fi
done

export CLOAKROOM_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
echo "Postgres: $CLOAKROOM_TEST_POSTGRES"
# In the background and waited for, so that a signal reaches the trap at once.
"$@" &
command=$!
trap 'kill -INT "$command" 2>/dev/null; exit 130' INT
trap 'kill -TERM "$command" 2>/dev/null; exit 143' TERM
status=0
wait "$command" || status=$?
exit "$status"

#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: Chromium, Postgres, PgBouncer, nginx and OpenSSL from the distribution, the web packages.
#
# Needs Rust and Node. Packages are installed only when missing, and only by root or through sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in cargo node npm; do
    if ! command -v "$program" >/dev/null; then
        echo "tools/install.sh: $program is missing; Cloakroom is built with Rust and Node" >&2
        exit 1
    fi
done

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing+=(chromium)
if ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && ! command -v initdb >/dev/null; then
    missing+=(postgresql)
fi
# The pooler that many run before Postgres.
command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light) # a proxy before the server
# The mail server of the tests shows a certificate of its own making.
command -v openssl >/dev/null || missing+=(openssl)
if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "tools/install.sh: please install with your system's tools: ${missing[*]}" >&2
        exit 1
    fi
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "tools/install.sh: as root, please run: apt-get install ${missing[*]}" >&2
            exit 1
        fi
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    # Without a run level the package makes no running cluster of its own: the tests start theirs.
    "${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

make --no-print-directory web/node_modules/.package-lock.json

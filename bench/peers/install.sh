#!/usr/bin/env bash
# Installs the other systems from their registries into bench/.scratch/peers, where `make bench-peers` finds them.
#
# Needs what Cloakroom's own build needs (Rust, Node), and Python 3. What is there already is kept.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
target=$here/../.scratch/peers
mkdir -p "$target"
target=$(cd "$target" && pwd)

if ! command -v python3 >/dev/null; then
    echo "bench/peers/install.sh: python3 is missing; Django needs it" >&2
    exit 1
fi

echo "Peers: axum-login"
cargo build --quiet --release --locked --manifest-path axum-login/Cargo.toml --target-dir "$target/axum-login"

echo "Peers: Django"
[ -x "$target/django/bin/python" ] || python3 -m venv "$target/django"
"$target/django/bin/pip" install --quiet --disable-pip-version-check --requirement django/requirements.txt

echo "Peers: better-auth"
mkdir -p "$target/better-auth"
cp better-auth/package.json better-auth/package-lock.json better-auth/server.mjs "$target/better-auth/"
npm --prefix "$target/better-auth" ci --silent --no-audit --no-fund

{
    "$target/django/bin/pip" freeze | sed -nE 's/^(Django|djangorestframework|gunicorn|psycopg|argon2-cffi)==/\1 /p'
    echo "Python $(python3 -c 'import platform; print(platform.python_version())')"
    echo "better-auth $(node -p 'require(process.argv[1]).version' "$target/better-auth/node_modules/better-auth/package.json")"
    echo "Node.js $(node --version)"
    sed -nE '/^name = "(axum-login|tower-sessions|tower-sessions-moka-store|tower-sessions-sqlx-store)"$/{s/.*"(.*)"/\1/;N;s/\nversion = "(.*)"/ \1/;p}' axum-login/Cargo.lock
} >"$target/versions"

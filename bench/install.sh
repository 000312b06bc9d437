#!/usr/bin/env bash
# Installs what the bench needs beside what the tests need: valgrind, from the distribution, when it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install.sh
command -v valgrind >/dev/null && exit 0
if ! command -v apt-get >/dev/null; then
    echo "bench/install.sh: please install with your system's tools: valgrind" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "bench/install.sh: as root, please run: apt-get install valgrind" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing valgrind"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends valgrind >/dev/null

#!/bin/bash
# Makes crates/cloakroom/src/http/inter.woff2: the typeface of our pages, with the letters and weights that they use.
# Needs npm and Python 3. The letters are those of English, German, French and Spanish (Latin-1, and œ), with
# typographic punctuation and arrows; any other letter comes from a font of the reader's system.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"

npm pack --silent @fontsource-variable/inter@5.3.0 >/dev/null
tar xzf ./*.tgz
python3 -m venv tools
tools/bin/pip install --quiet fonttools==4.60.1 brotli==1.1.0

tools/bin/fonttools varLib.instancer package/files/inter-latin-wght-normal.woff2 wght=400:600 -o weights.ttf
tools/bin/pyftsubset weights.ttf --flavor=woff2 --output-file="$here/crates/cloakroom/src/http/inter.woff2" \
  --layout-features=kern,ccmp,locl,mark,tnum --name-IDs=0,1,2,13,14 \
  --unicodes='U+20-7E,U+A0-FF,U+152-153,U+2010-2015,U+2018-201E,U+2022,U+2026,U+202F,U+2039-203A,U+20AC,U+2190-2193,U+2212'
cp package/LICENSE "$here/crates/cloakroom/src/http/inter.LICENSE.txt"

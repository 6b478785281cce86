#!/usr/bin/env bash
# Builds sdist and wheel into a folder, the same bytes wherever the same commit is built, and checks
# what an index will show of them. Needs `build` and `twine`.
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
output=$(realpath -m "$1")
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) python -m build --outdir "$output" .
twine check --strict "$output"/*.whl "$output"/*.tar.gz
(cd "$output" && sha256sum -- *.whl *.tar.gz)

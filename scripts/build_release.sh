#!/usr/bin/env bash
# Builds sdist and wheel of the last commit into a folder, the same bytes wherever that commit is built, and checks what an
# index will show of them. Needs `build` and `twine`. REPOSITORY_URL, which only a release knows, becomes the address of
# source, issues and changelog, and of what the README links to.
set -euo pipefail
[ $# = 1 ] || { echo "usage: [REPOSITORY_URL=https://HOST/OWNER/NAME] $0 DIRECTORY" >&2; exit 2; }
output=$(realpath -m "$1")
cd "$(dirname "$0")/.."
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
git archive "$commit" | tar -x -C "$source"
if [ -n "${REPOSITORY_URL:-}" ]; then
  cd "$source"
  grep -q '^\[project\.urls\]$' pyproject.toml || printf '\n[project.urls]\n' >>pyproject.toml
  sed -i '/^\[project\.urls\]$/r /dev/stdin' pyproject.toml <<END
Source = "$REPOSITORY_URL"
Issues = "$REPOSITORY_URL/issues"
Changelog = "$REPOSITORY_URL/blob/$commit/CHANGELOG.md"
END
  sed -i -E "s#\]\(([A-Za-z]+[^):]*)\)#](${REPOSITORY_URL}/blob/${commit}/\1)#g" README.md
fi
python -m build --outdir "$output" "$source"
twine check --strict "$output"/*.whl "$output"/*.tar.gz
(cd "$output" && sha256sum -- *.whl *.tar.gz)

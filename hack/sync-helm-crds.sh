#!/usr/bin/env bash
# Copies crds/*.yaml to helm/charter/crds, where Helm wants them. crds/ is the truth; tests/tidy compares.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

copy=$ROOT/helm/charter/crds
shopt -s nullglob
crds=("$ROOT"/crds/*.yaml)
[ ${#crds[@]} -gt 0 ] || die "no crds/*.yaml to copy" "is the checkout complete? see: git status"
mkdir -p "$copy"
for old in "$copy"/*; do
  if [ ! -e "$ROOT/crds/$(basename "$old")" ]; then rm -f "$old"; fi
done
cp "${crds[@]}" "$copy/"
say "helm/charter/crds: ${#crds[@]} files"

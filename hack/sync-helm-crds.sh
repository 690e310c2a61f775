#!/usr/bin/env bash
# Copies crds/*.yaml to helm/charter/crds, where Helm wants them, and the actors' roles beside its templates; renders the
# chart's defaults into manifests/operator, for people without Helm. crds/ and helm/ are the truth; tests/tidy and
# tests/e2e/chart_test.py compare.
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
mkdir -p "$ROOT/helm/charter/files"
cp "$ROOT/crds/roles/actors.yaml" "$ROOT/helm/charter/files/actors.yaml"
helm=$TOOLS/helm
if [ -x "$helm" ]; then
  "$helm" template charter "$ROOT/helm/charter" --namespace charter-system > "$ROOT/manifests/operator/operator.yaml"
  say "manifests/operator/operator.yaml"
else
  say "no $helm: manifests/operator/operator.yaml is left as it is"
fi

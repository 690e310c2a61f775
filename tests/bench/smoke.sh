#!/usr/bin/env bash
# The ctest smoke test: charter_bench CHARTER charter_billing_bench on a temporary data directory, tiny sizes, no time gates.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" --charter "$2" --data-dir "$dir/data" --smoke || { status=$?; tail -n 20 "$dir/data/server.log" >&2; exit "$status"; }
"$3" "$dir/ledger" 1000

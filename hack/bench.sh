#!/usr/bin/env bash
# Measures a release build next to the goals: starts servers of its own on a temporary data directory and stops them.
#
#   hack/bench.sh [--keep] [charter_bench options, e.g. --instances 10000 --phases api,watch]
#
#   hack/bench.sh --billing [INTERVALS]      the bill of so many (1,000,000) intervals
#
#   hack/bench.sh --libvirt                  real guests: starts, looks, counters, and how soon the host hears of a change
#                                           (of $CHARTER_BINARY, or of this checkout)
#
#   --keep   do not delete the data directory (and the server's log in it) at the end
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

keep=no
case "${1:-}" in
  -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  --keep) keep=yes; shift ;;
esac
targets=(charter charter_bench)
if [ "${1:-}" = --billing ]; then targets=(charter_billing_bench); fi
if [ "${1:-}" = --libvirt ]; then
  targets=(charter_libvirt_bench)
  if [ -z "${CHARTER_BINARY:-}" ]; then targets+=(charter); fi
fi
build_preset release "${targets[@]}" || die "the build failed" "the compiler's messages are above"

# Not below /tmp by default: it may be a tmpfs, whose fdatasync costs nothing and would flatter every write.
mkdir -p "$ROOT/.charter"
dir=$(mktemp -d "$ROOT/.charter/bench.XXXXXX")
cleanup() { if [ $keep = yes ]; then say "data and log: $dir"; else rm -rf "$dir"; fi; }
trap cleanup EXIT
say "$(nproc) cores, load $(cut -d' ' -f1-3 /proc/loadavg), commit $(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo none)"
if [ "${1:-}" = --billing ]; then
  "$ROOT/build/release/tests/bench/charter_billing_bench" "$dir/data" "${2:-1000000}"
  exit
fi
if [ "${1:-}" = --libvirt ]; then
  "$ROOT/build/release/tests/bench/charter_libvirt_bench" --gtest_brief=1 --gtest_also_run_disabled_tests \
    --gtest_filter='LibvirtStart.*:LibvirtLookAtMany.*'
  CHARTER_BINARY=${CHARTER_BINARY:-$ROOT/build/release/charter} python3 -B "$ROOT/tests/bench/libvirt_latency.py"
  exit
fi
"$ROOT/build/release/tests/bench/charter_bench" --charter "$ROOT/build/release/charter" --data-dir "$dir/data" "$@" || {
  status=$?
  tail -n 20 "$dir/data/server.log" >&2 || true
  exit "$status"
}

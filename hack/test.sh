#!/usr/bin/env bash
# Builds the dev preset (ASan+UBSan) once and runs every test in it: unit, simulation, fuzz and tidy tests,
# then the end-to-end tests with a real kubectl; what measures seconds runs alone.
#
#   hack/test.sh [--quick]      --quick leaves out the end-to-end tests
#
# The last line is "N passed, N failed"; the exit code is not 0 when anything failed or nothing ran.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quick=no
case "${1-}" in
  "") ;;
  --quick) quick=yes ;;
  -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) die "unknown argument: $1" "usage: hack/test.sh [--quick]" ;;
esac

passed=0
failed=0

# Whatever ends this script, the count is its last line and a failure never ends with 0.
finish() {
  local status=$?
  if [ $((passed + failed)) -eq 0 ] || { [ $status -ne 0 ] && [ "$failed" -eq 0 ]; }; then failed=1; fi
  printf '==> total %s s\n' "$SECONDS" >&2
  printf '%s passed, %s failed\n' "$passed" "$failed"
  if [ "$failed" -ne 0 ]; then exit 1; fi
}
trap finish EXIT

# count_results JUNIT REPORTS: prints "PASSED FAILED". Of a shard of unit tests its report in REPORTS says how many it
# ran. A test that could not start is a failure, one that skipped itself or is disabled is neither.
count_results() {
  python3 - "$1" "$2" <<'PYTHON'
import pathlib
import sys
import xml.etree.ElementTree as xml

passed = failed = 0
for entry in xml.parse(sys.argv[1]).getroot().iter("testcase"):
    report = pathlib.Path(sys.argv[2], entry.get("name") + ".xml")
    if report.exists():
        cases = [case for case in xml.parse(report).getroot().iter("testcase") if case.get("result") == "completed"]
        bad = sum(case.find("failure") is not None for case in cases)
        passed += len(cases) - bad
        failed += max(bad, entry.get("status") != "run")  # a shard can fail without a test: a leak, found at its end
        continue
    skipped = entry.find("skipped")
    if entry.get("status") == "run":
        passed += 1
    elif entry.get("status") == "disabled":
        continue
    elif skipped is not None and skipped.get("message", "").startswith("SKIP_"):
        continue
    else:
        failed += 1
print(passed, failed)
PYTHON
}

# show_untested BUILD: what the last run left out, and why, so that nobody takes it for tested.
show_untested() {
  python3 - "$1" >&2 <<'PYTHON'
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

build = pathlib.Path(sys.argv[1])
left_out = collections.Counter()
for report in (build / "reports").glob("*.xml"):
    for case in xml.parse(report).getroot().iter("testcase"):
        if case.get("result") == "skipped":
            reason = (case.find("skipped").get("message") or "").split("\n", 1)[-1]
            left_out[f"{case.get('classname').split('/')[-1]}: {reason}"] += 1
log = build / "Testing/Temporary/LastTest.log"
test = ""
for line in log.read_text(errors="replace").splitlines() if log.exists() else ():
    if found := re.match(r"\d+/\d+ Testing: (\S+)", line):
        test = found.group(1)
    elif found := re.match(r"\*\*\* NOT TESTED: (.*)|OK \(skipped=(\d+)\)", line):
        left_out[f"{test}: {found.group(1) or 'see its file'}"] += int(found.group(2) or 1)
for what, count in left_out.items():
    print(f"*** NOT TESTED: {count} of {what}")
PYTHON
}

# show_ctest: the interesting part of ctest's output.
show_ctest() { grep --line-buffered -vE '^ *Start +[0-9]+: ' | thin '^ *[0-9]+/[0-9]+ Test +#.* Passed '; }

# run_tests BUILD NAME CTEST-ARGUMENT...: runs ctest in build/BUILD and adds to the totals.
run_tests() {
  local build=$ROOT/build/$1 name=$2 began=$SECONDS junit status=0 ok bad
  shift 2
  junit=$build/junit-$name.xml
  rm -rf "$junit" "$build/reports"
  say "run $name tests"
  ctest --test-dir "$build" --output-on-failure --output-junit "$junit" "$@" 2>&1 | tee "$build/ctest-$name.log" |
    show_ctest || status=$?
  if [ -s "$junit" ]; then
    read -r ok bad < <(count_results "$junit" "$build/reports")
  else
    ok=0 bad=1
  fi
  if [ $((ok + bad)) -eq 0 ]; then
    printf 'error: no %s tests were found in %s\n' "$name" "$build" >&2
    bad=1
  elif [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
    printf 'error: ctest ended with %s, see %s\n' "$status" "$build/ctest-$name.log" >&2
    bad=1
  fi
  show_untested "$build"
  passed=$((passed + ok))
  failed=$((failed + bad))
  say "$name tests: $ok passed, $bad failed in $((SECONDS - began)) s"
}

"$ROOT/hack/install-deps.sh"
if [ "$quick" = no ]; then
  # Before the long build, so that a machine without these hears of it at once. The tests find it on PATH.
  ensure_kubectl
  ensure_test_clients
  if [ "$(command -v kubectl || true)" != "$KUBECTL" ]; then PATH=$(dirname "$KUBECTL"):$PATH; fi
  export PATH KUBECTL
fi

build_preset dev || die "the dev build failed" "the compiler's messages are above"
run_tests dev unit -j "$JOBS" -LE '^(e2e|bench)$'

if [ "$quick" = no ]; then
  run_tests dev e2e -j "$JOBS" -L '^e2e$'
fi

#!/usr/bin/env bash
# Checks the rules of the tree (walls, include arrows, sizes, names …) in seconds, without a build.
# Pass --stats for figures on file and function lengths and comments.
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/../tests/tidy/tidy.py" "$@"

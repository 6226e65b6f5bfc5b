#!/usr/bin/env bash
# From a fresh clone to a home that a simulated robot has mapped live, scored against the truth, drawn, and asked about.
# Arguments go to `spatial-perception demo`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup_venv.sh
setup_venv demo models
# Ctrl-C while Python itself starts would show its traceback: let the interrupt wait until the program can take it.
start=(env --block-signal=INT)
"${start[@]}" true 2>/dev/null || start=()
exec "${start[@]}" .venv/bin/spatial-perception demo "$@"

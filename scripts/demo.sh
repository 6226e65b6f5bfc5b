#!/usr/bin/env bash
# From a fresh clone to a layout computed from a point cloud, scored against the truth and drawn. Arguments go to `spatial-perception demo`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup_venv.sh
setup_venv demo ""
exec .venv/bin/spatial-perception demo "$@"

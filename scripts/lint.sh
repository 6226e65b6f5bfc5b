#!/usr/bin/env bash
# Style and types, as pre-commit and continuous integration run them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup_venv.sh
setup_venv test "${SPATIAL_PERCEPTION_TEST_EXTRAS:-dev,models,viewer,foxglove,evaluation}"
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy

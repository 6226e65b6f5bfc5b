#!/usr/bin/env bash
# Set up .venv and run the tests. --setup-only stops after the set-up, --all runs the slow tests too; other arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup_venv.sh
setup_only=0 marker=(-m "not slow") arguments=()
for argument in "$@"; do
    case $argument in
        --setup-only) setup_only=1 ;;
        --all) marker=() ;;
        *) arguments+=("$argument") ;;
    esac
done
setup_venv test "${SPATIAL_PERCEPTION_TEST_EXTRAS:-dev,models,viewer,foxglove,evaluation}"
if [ "$setup_only" = 1 ]; then
    say "Ready: .venv holds everything that the tests need"
    exit 0
fi
# One thread a worker: the tests run side by side, and sums over threads would differ from machine to machine.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
run() { .venv/bin/python -m pytest -q -n auto --dist worksteal "${marker[@]}" "$@"; }
if [ "${#arguments[@]}" -gt 0 ]; then
    run "${arguments[@]}"
    exit
fi
status=0
if [ -d embedded_ros/test ]; then
    say "Tests of embedded_ros"
    (cd embedded_ros && ../.venv/bin/python -m pytest -q -n auto --dist worksteal "${marker[@]}") || status=$?
fi
say "Tests of spatial_perception"
run || status=$?
exit "$status"

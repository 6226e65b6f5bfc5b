#!/usr/bin/env bash
# Train the small model in the box as it was trained, from nothing: scripts/train_nano.sh [FOLDER]. Can be interrupted and
# started again. Two processes with one thread each; about two hours on two busy cores. The result is FOLDER/trained.
set -euo pipefail
folder=${1:-nano}
recipes=$(cd "$(dirname "$0")/../spatial_perception/training/recipes" && pwd)
export OMP_NUM_THREADS=1
train() { spatial-perception train "$@" --set dataset="$folder/scans"; }
last() { ls -d "$folder"/trained/checkpoint-* 2>/dev/null | sed 's/.*-//' | sort -n | tail -1; }

train "$recipes/nano_start.yaml" --set output="$folder/start" --set stop_at=1250
go_on() { train "$recipes/nano.yaml" --set model="$folder/start" --set output="$folder/trained" "$@"; }
# The schedule was changed on the way, as the time at hand had it; the parts are told apart by the steps that are done.
[ "$(last || true)" ] || go_on --set batch_size=16 --set learning_rate=1e-3 --set max_steps=2300 --set scans.easy_share=0.4 --set stop_at=250
[ "$(last)" -ge 1000 ] || go_on --set max_steps=2350 --set scans.easy_share=0.65 --set stop_at=1000
go_on

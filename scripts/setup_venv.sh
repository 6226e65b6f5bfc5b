# Sourced by demo.sh, test.sh and lint.sh: `setup_venv NAME EXTRAS` installs this package into .venv at the repository root.
# Quick when nothing is left to do: a stamp holds the checksum of the files that say what is needed.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 2; }

good_python() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10; do
        if good_python "$candidate"; then printf '%s' "$candidate"; return; fi
    done
    die "no Python 3.10 to 3.13 found; install one (Debian/Ubuntu: sudo apt-get install python3 python3-venv) or name it: PYTHON=/path/to/python3"
}

# pyenv and the like put a shim on the PATH that answers only inside some folders: ask it for the real file.
real_path() { "$1" -c 'import sys; print(sys.executable)' 2>/dev/null; }

# `until_interrupt CLEANUP COMMAND...`: run a command in a process group of its own, so that Ctrl-C reaches this shell alone: it then
# ends the group without a word from it, cleans up, and exits with 130.
until_interrupt() {
    local cleanup=$1 job status=0
    shift
    set -m
    "$@" </dev/null &
    job=$!
    set +m
    trap "kill -KILL -- -$job 2>/dev/null; wait $job 2>/dev/null || true; $cleanup; say; say 'interrupted'; exit 130" INT TERM
    wait "$job" || status=$?
    trap - INT TERM
    return "$status"
}

make_venv() {
    local python
    python=$(find_python) || exit 2
    python=$(real_path "$python")
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        local version
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
        die "Python's venv module is missing; install it: sudo apt-get install python3-venv (or python${version}-venv), then run this again"
    fi
    say "Creating .venv with $("$python" --version 2>/dev/null)"
    rm -rf .venv
    # Half an environment would be taken for a whole one by the next call.
    until_interrupt 'rm -rf .venv' "$python" -m venv .venv || die "could not create .venv; see the lines above"
}

checksum() { { cat pyproject.toml setup.py constraints.txt spatial_perception/_version.py embedded_ros/pyproject.toml 2>/dev/null || true; } | cksum | tr " " "-"; }

setup_venv() {
    local name=$1 extras=$2 stamp
    [ -x .venv/bin/python ] && good_python .venv/bin/python || make_venv
    stamp=".venv/.installed-$name-$(checksum)"
    # An environment that moved with its folder points at the old place.
    if [ -f "$stamp" ] && .venv/bin/python -c "import sys, spatial_perception as s; sys.exit(not s.__file__.startswith(sys.argv[1]))" "$PWD/" 2>/dev/null; then return; fi
    say "Installing spatial_perception${extras:+ [$extras]} into .venv (once)"
    local packages=(-e ".${extras:+[$extras]}")
    [ -f embedded_ros/pyproject.toml ] && packages+=(-e ./embedded_ros)
    until_interrupt : .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt "${packages[@]}" \
        || die "pip could not install what is needed; see the lines above (no network? set PIP_INDEX_URL or PIP_FIND_LINKS to a reachable index)"
    touch "$stamp"
}

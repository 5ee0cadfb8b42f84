#!/bin/sh
# Runs the release build of kraftlog under a tool's name, and makes the build when it is absent.
# Usage: kraftlog-run.sh <tool> [arguments]
set -eu

# The directory this script is in, through links.
script=$0
while [ -L "$script" ]; do
    target=$(readlink "$script")
    case $target in
        /*) script=$target ;;
        *) script=$(dirname "$script")/$target ;;
    esac
done
root=$(CDPATH='' cd "$(dirname "$script")/.." && pwd -P)

# An installed tree keeps the program beside its scripts; a source tree builds it.
program=$root/bin/kraftlog
if [ ! -x "$program" ]; then
    program=${CARGO_TARGET_DIR:-$root/target}/release/kraftlog
    if [ ! -x "$program" ]; then
        echo "kraftlog: building the release program; this happens once" >&2
        (cd "$root" && cargo build --release --quiet --package kraftlog) >&2
    fi
fi
exec "$program" "$@"

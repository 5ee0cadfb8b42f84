#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/kraftlog-run.sh" consumer-groups "$@"

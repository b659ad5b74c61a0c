# shellcheck shell=bash
#
# One long-running command that ends when its script is told to end. Sourced by scripts/test and scripts/bench.
#
#   child_forward_signals      on INT, TERM or HUP: end the command, then exit (so that the EXIT trap cleans up)
#   child_run COMMAND…         runs a command or function and gives its exit status
#   child_stop                 ends the command if it still runs
#
# A shell that waits for a command in the foreground looks at its signals only when that command has ended. Run in the
# background, as a process group of its own, the command can be ended with all that it started.

CHILD=

child_run() {
  local status=0
  set -m
  "$@" &
  CHILD=$!
  set +m
  wait "$CHILD" || status=$?
  CHILD=
  return "$status"
}

child_stop() {
  if [[ -z $CHILD ]]; then return 0; fi
  kill -TERM -- "-$CHILD" 2>/dev/null || true
  wait "$CHILD" 2>/dev/null || true
  CHILD=
}

child_forward_signals() {
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

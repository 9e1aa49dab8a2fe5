# shellcheck shell=bash
# Which step the box is at: /run/gpubox/progress.json and the guest attribute of the same content.

PROGRESS_STEPS=(bundle disk driver packages agent entrance comfyui python requirements nodes start models)
PROGRESS_LOG_BYTES=2000

declare -gA STEP_STATE STEP_TOOK STEP_BEGAN STEP_SHARE
STEP_NOW=

progress_begin() {
  local code
  for code in "${PROGRESS_STEPS[@]}"; do
    STEP_STATE[$code]=todo
  done
  tell boot starting
  tell_problem_first "$(problem_current)"
}

# step CODE COMMAND…: runs the command as that step. Its exit status is the step's.
step() {
  local code=$1
  shift
  step_begin "$code"
  if "$@"; then
    step_done "$code"
  else
    step_failed "$code"
    return 1
  fi
}

step_begin() {
  STEP_NOW=$1
  STEP_STATE[$1]=now
  STEP_BEGAN[$1]=$(uptime_s)
  progress_write
}

step_done() {
  step_end "$1" "done"
}

step_failed() {
  step_end "$1" failed
}

step_skip() {
  local code
  for code in "$@"; do
    STEP_STATE[$code]=skipped
  done
  progress_write
}

step_end() {
  local now tenths
  now=$(uptime_s)
  # Both have two decimals.
  tenths=$(((10#${now/./} - 10#${STEP_BEGAN[$1]/./} + 5) / 10))
  STEP_STATE[$1]=$2
  STEP_TOOK[$1]=$((tenths / 10)).$((tenths % 10))
  unset "STEP_SHARE[$1]"
  STEP_NOW=
  # What costs nothing is not worth a line on the console.
  if [ "$2" = failed ] || [ "${STEP_TOOK[$1]%.*}" -ge 1 ]; then
    say "$1 $2 after ${STEP_TOOK[$1]} s"
  fi
  # That a step is done is written with the beginning of the next, or at the end.
  [ "$2" != failed ] || progress_write
}

# The share of the present step, from 0 to 1.
step_share() {
  [ -n "$STEP_NOW" ] || return 0
  STEP_SHARE[$STEP_NOW]=$1
  progress_write
}

progress_write() {
  local text
  text=$(progress_json "$PROGRESS_LOG_BYTES")
  printf '%s\n' "$text" >"$RUN/.progress.$BASHPID" && mv -f "$RUN/.progress.$BASHPID" "$RUN/progress.json"
  tell progress "$text"
}

# {"boot", "at", "steps": [{"code", "state", "took_s"?, "share"?}], "log", "problem": {"code", "detail"} or null}
progress_json() {
  local code separator='' problem
  printf '{"boot":"%s","at":%s,"steps":[' "$(boot_id)" "$(uptime_s)"
  for code in "${PROGRESS_STEPS[@]}"; do
    printf '%s{"code":"%s","state":"%s"' "$separator" "$code" "${STEP_STATE[$code]:-todo}"
    [ -z "${STEP_TOOK[$code]:-}" ] || printf ',"took_s":%s' "${STEP_TOOK[$code]}"
    [ -z "${STEP_SHARE[$code]:-}" ] || printf ',"share":%s' "${STEP_SHARE[$code]}"
    printf '}'
    separator=,
  done
  printf '],"log":%s,"problem":' "$(json_string "$(log_tail "$1")")"
  problem=$(problem_current)
  if [ -n "$problem" ]; then
    printf '{"code":%s,"detail":%s}}' "$(json_string "${problem%%: *}")" "$(json_string "${problem#*: }")"
  else
    printf 'null}'
  fi
}

# The last lines of what this run wrote into the log: no colours, no overwritten lines, no secrets.
log_tail() {
  [ -f "$LOG" ] || return 0
  tail -c "+$LOG_FROM" "$LOG" | tail -c "$1" | sed -E 's/\x1b\[[0-9;]*[A-Za-z]//g; s/.*\r//' | redact
}

# shellcheck shell=bash
# Runs checks, one line each, and keeps count. What a check prints is shown where it fails.

PASSED=0
FAILED=0
SKIPPED=0
FAILURES=()

# check NAME COMMAND…
check() {
  local name=$1 began=$EPOCHREALTIME output
  shift
  output=$(mktemp)
  if "$@" >"$output" 2>&1; then
    PASSED=$((PASSED + 1))
    printf 'ok    %-34s %s\n' "$name" "$(seconds_since "$began")"
  else
    FAILED=$((FAILED + 1))
    FAILURES+=("$name")
    printf 'FAIL  %-34s %s\n' "$name" "$(seconds_since "$began")"
    tail -n 200 "$output" | sed 's/^/      /'
  fi
  rm -f "$output"
}

# skip NAME REASON
skip() {
  SKIPPED=$((SKIPPED + 1))
  printf 'skip  %-34s %s\n' "$1" "$2"
}

# check_with COMMAND NAME COMMAND…: as check, where the first command is installed.
check_with() {
  local needed=$1
  shift
  if command -v "$needed" >/dev/null; then
    check "$@"
  else
    skip "$1" "$needed is not installed"
  fi
}

# tests NAME COMMAND…: a run of pytest or bats, shown as it goes; each of its tests counts.
tests() {
  local name=$1 began=$EPOCHREALTIME output status=0 failed
  shift
  output=$(mktemp)
  printf '\n%s\n' "$name"
  "$@" 2>&1 | tee "$output" || status=$?
  failed=$(($(count_of failed "$output") + $(count_of error "$output")))
  if [ "$status" != 0 ]; then
    FAILURES+=("$name")
    [ "$failed" != 0 ] || failed=1
  fi
  PASSED=$((PASSED + $(count_of passed "$output")))
  FAILED=$((FAILED + failed))
  SKIPPED=$((SKIPPED + $(count_of skipped "$output")))
  printf '%s: %s\n' "$name" "$(seconds_since "$began")"
  rm -f "$output"
}

# How many tests passed, failed, were skipped or had an error: from pytest's last line, or from bats's numbered ones.
count_of() {
  local word=$1 output=$2 closing
  closing=$(grep -E '[0-9]+ [a-z]+.* in [0-9.]+s' "$output" | tail -n 1)
  if [ -n "$closing" ]; then
    closing=$(grep -oE "[0-9]+ $word" <<<"$closing" || true)
    printf '%d' "${closing%% *}"
    return
  fi
  case $word in
    passed) grep -E '^ok [0-9]+ ' "$output" | grep -vc '# skip' || true ;;
    failed) grep -cE '^not ok [0-9]+ ' "$output" || true ;;
    skipped) grep -cE '^ok [0-9]+ .*# skip' "$output" || true ;;
    *) echo 0 ;;
  esac
}

seconds_since() {
  local took=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
  printf '%d.%d s' $((took / 1000000)) $((took / 100000 % 10))
}

# The closing line, and whether all is well.
verdict() {
  if [ "${#FAILURES[@]}" != 0 ]; then
    printf '\nFailed: %s\n' "$(
      IFS=,
      printf '%s' "${FAILURES[*]}" | sed 's/,/, /g'
    )"
  fi
  printf '\n%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
  [ "$FAILED" = 0 ]
}

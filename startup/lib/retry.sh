# shellcheck shell=bash
# What failed for want of something outside the box is tried again while it runs, with growing pauses, and not for ever.

RETRY_PAUSES_MIN=(1 2 5 10 20 30)
RETRY_WORTH='^(bundle|packages|agent|comfyui|python|requirements|update_failed)$'

retry_later() {
  local tried code
  code=$(retry_cause)
  if [ -z "$code" ]; then
    rm -f "$RUN/retries"
    return 0
  fi
  tried=$(cat "$RUN/retries" 2>/dev/null || echo 0)
  [ "$tried" -lt ${#RETRY_PAUSES_MIN[@]} ] || return 0
  echo $((tried + 1)) >"$RUN/retries"
  say "trying again in ${RETRY_PAUSES_MIN[$tried]} min"
  systemd-run --quiet --collect --unit="gpubox-retry-$tried" --on-active="${RETRY_PAUSES_MIN[$tried]}min" \
    systemctl start --no-block gpubox-provision.service
}

# Prints the code of a problem that may be gone the next time, or nothing. An installation that did not answer is not put
# in force a second time.
retry_cause() {
  local file code
  for file in "$RUN"/problems/*; do
    [ -f "$file" ] || continue
    code=$(sed -n '1s/: .*//p' "$file")
    [[ $code =~ $RETRY_WORTH ]] || continue
    [ "$code" != update_failed ] || ! grep -q ': start: ' "$file" || continue
    echo "$code"
    return
  done
}

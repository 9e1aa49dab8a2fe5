# shellcheck shell=bash
# Trying again by itself, with growing pauses.

# retry_pause CODE TRY: how many seconds to wait after this try (the first is 1); nothing where waiting cannot help.
retry_pause() {
  local first longest=3600 pause
  case $1 in
    # A look-up costs nobody anything, and somebody may be setting the record right now.
    entrance_dns) first=20 longest=900 ;;
    # Let's Encrypt allows five failures an hour, and then none for an hour.
    entrance_acme) first=900 ;;
    # Somebody may upload another file.
    entrance_certificate | entrance_key | entrance_tunnel) first=60 ;;
    *) return 0 ;;
  esac
  pause=$((first << ($2 < 12 ? $2 - 1 : 11)))
  echo $((pause < longest ? pause : longest))
}

# retry_later CODE
retry_later() {
  local before="" tried=0 pause unit
  retry_cancel
  [ ! -f "$RUN/entrance-tries" ] || read -r before tried <"$RUN/entrance-tries"
  # Another trouble than the last time is no reason to wait longer.
  [ "$before" = "$1" ] || tried=0
  tried=$((tried + 1))
  pause=$(retry_pause "$1" "$tried")
  [ -n "$pause" ] || return 0
  echo "$1 $tried" >"$RUN/entrance-tries"
  say "the entrance is tried again in $pause s"
  # A name of its own for each: this may run in the one before.
  unit=gpubox-retry-${1//_/-}-$tried
  systemd-run --quiet --collect --unit "$unit" --description "gpubox: the entrance, once more" \
    --on-active "$pause" --timer-property AccuracySec=1s \
    /bin/bash "$OPT/bundle/lib/entrance.sh" renew && echo "$unit.timer" >"$RUN/entrance-retry"
}

# One that still waits is no longer needed.
retry_cancel() {
  [ ! -f "$RUN/entrance-retry" ] || systemctl --quiet stop "$(<"$RUN/entrance-retry")" 2>/dev/null
  rm -f "$RUN/entrance-retry"
}

retry_no_more() {
  retry_cancel
  rm -f "$RUN/entrance-tries"
}

# shellcheck shell=bash
# Telling the manager: guest attributes, at most one in eight seconds, the last state always.
#
# A value is put into an outbox, one file a key; gpubox-report.service sends what lies there. A newer value replaces an
# older one that has not gone out yet.

TELL_PAUSE_S=8

# Puts VALUE of KEY into the outbox, unless that is what was told last.
tell() {
  local key=$1 value=$2
  [ -f "$RUN/told/$key" ] && [ ! -e "$RUN/outbox/$key" ] && [ "$(file_text "$RUN/told/$key")" = "$value" ] && return
  printf %s "$value" >"$RUN/.tell-$key.$BASHPID" && mv -f "$RUN/.tell-$key.$BASHPID" "$RUN/outbox/$key"
}

# Sends what lies in the outbox until it is empty, what is urgent first.
outbox_send() {
  local key
  mkdir -p "$RUN/told"
  while key=$(outbox_next); do
    tell_wait
    mv -f "$RUN/outbox/$key" "$RUN/told/.$key"
    if tell_now "$key" "$RUN/told/.$key"; then
      mv -f "$RUN/told/.$key" "$RUN/told/$key"
    else
      # Not told, so it goes back, unless something newer lies there by now.
      mv -n "$RUN/told/.$key" "$RUN/outbox/$key"
    fi
  done
}

# A problem goes first; that there is none can wait for the word that the box starts, or it would cost that word eight
# seconds at each boot.
outbox_next() {
  local key file
  [ -s "$RUN/outbox/problem" ] && echo problem && return
  for key in boot problem; do
    [ -e "$RUN/outbox/$key" ] && echo "$key" && return
  done
  for file in "$RUN"/outbox/*; do
    [ -e "$file" ] && echo "${file##*/}" && return
  done
  return 1
}

# All writers share the ten queries a minute, so the last moment is kept in a file.
tell_wait() {
  local last now
  last=$(cat "$RUN/told/.at" 2>/dev/null)
  now=$(uptime_s)
  awk -v now="$now" -v last="${last:-0}" -v pause="$TELL_PAUSE_S" 'BEGIN {
    wait = last > 0 && last <= now ? last + pause - now : 0
    if (wait > 0) system("sleep " wait)
  }'
}

tell_now() {
  local sent
  curl -fsS --noproxy '*' --connect-timeout 2 --max-time 10 -o /dev/null -X PUT -H "Metadata-Flavor: Google" \
    --data-binary "@$2" "$METADATA/guest-attributes/gpubox/$1"
  sent=$?
  uptime_s >"$RUN/told/.at"
  return "$sent"
}

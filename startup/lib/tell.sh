# shellcheck shell=bash
# Telling the manager: guest attributes, at most ten a minute, the last state always.
#
# A value is put into an outbox, one file a key; gpubox-report.service sends what lies there. A newer value replaces an
# older one that has not gone out yet.

# One word in so many seconds, counted over a minute. A few may go before their time, the more urgent the more of them:
# that the box is ready waits for nothing that was said before.
TELL_GAP_S=10

# Puts VALUE of KEY into the outbox, unless that is what was told last.
tell() {
  local key=$1 value=$2
  [ -f "$RUN/told/$key" ] && [ ! -e "$RUN/outbox/$key" ] && [ "$(file_text "$RUN/told/$key")" = "$value" ] && return
  printf %s "$value" >"$RUN/.tell-$key.$BASHPID" && mv -f "$RUN/.tell-$key.$BASHPID" "$RUN/outbox/$key"
}

# What the last boot told may still stand there. Where it is known that no problem does, that need not be said again.
tell_problem_first() {
  [ -e "$RUN/told/problem" ] || [ ! -f "$VAR/problem-told" ] ||
    { mkdir -p "$RUN/told" && cp "$VAR/problem-told" "$RUN/told/problem"; }
  tell problem "$1"
}

# Sends what lies in the outbox until it is empty, what is urgent first.
outbox_send() {
  local key
  mkdir -p "$RUN/told"
  while key=$(outbox_next); do
    # While one waits for its turn, another may come that need not.
    tell_may "$key" || {
      sleep 0.5
      continue
    }
    mv -f "$RUN/outbox/$key" "$RUN/told/.$key"
    [ "$key" != problem ] || rm -f "$VAR/problem-told"
    if tell_now "$key" "$RUN/told/.$key"; then
      mv -f "$RUN/told/.$key" "$RUN/told/$key"
      [ "$key" != problem ] || write_whole "$VAR/problem-told" <"$RUN/told/problem"
    else
      # Not told, so it goes back, unless something newer lies there by now.
      mv -n "$RUN/told/.$key" "$RUN/outbox/$key"
    fi
  done
}

# A problem goes first; that there is none can wait. Progress changes all the time, and still lets others have their turn.
outbox_next() {
  local key file last='' waiting=()
  [ -s "$RUN/outbox/problem" ] && echo problem && return
  [ ! -e "$RUN/told/.last" ] || last=$(file_text "$RUN/told/.last")
  for key in boot entrance progress; do
    [ -e "$RUN/outbox/$key" ] && waiting+=("$key")
  done
  for file in "$RUN"/outbox/*; do
    [ -e "$file" ] && waiting+=("${file##*/}")
  done
  for key in "${waiting[@]}"; do
    [ "$key" = progress ] && [ "$last" = progress ] && continue
    echo "$key" && return
  done
  [ ${#waiting[@]} -gt 0 ] && echo "${waiting[0]}"
}

# tell_may KEY: whether it may be said now. All writers share the queries of a minute, so what has been used up is kept in
# a file: the moment at which it is made good, in hundredths of seconds since the kernel booted.
tell_may() {
  local early=1
  case $1 in
    boot) early=3 ;;
    problem) [ ! -s "$RUN/outbox/problem" ] || early=3 ;;
    entrance) early=2 ;;
    # Until a boot's first progress has come, the manager takes all words for those of the boot before; and a person who
    # reads of a problem looks at the steps.
    progress) [ -e "$RUN/told/progress" ] && ! grep -qF '"failed"' "$RUN/outbox/progress" || early=2 ;;
  esac
  [ "$(tell_good)" -le $(($(tell_clock) + early * TELL_GAP_S * 100)) ]
}

tell_good() {
  [ -e "$RUN/told/.good" ] && file_text "$RUN/told/.good" || echo 0
}

tell_clock() {
  local now
  now=$(uptime_s)
  echo $((10#${now/./}))
}

tell_now() {
  local sent now good
  curl -fsS --noproxy '*' --connect-timeout 2 --max-time 10 -o /dev/null -X PUT -H "Metadata-Flavor: Google" \
    --data-binary "@$2" "$METADATA/guest-attributes/gpubox/$1"
  sent=$?
  now=$(tell_clock) good=$(tell_good)
  echo $(((good > now ? good : now) + TELL_GAP_S * 100)) >"$RUN/told/.good"
  printf %s "$1" >"$RUN/told/.last"
  return "$sent"
}

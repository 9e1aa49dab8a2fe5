#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034 # bodies of stand-ins; variables that the libraries read
# Progress, problems, and guest attributes.

bats_require_minimum_version 1.5.0

setup() {
  load helper
  provision_setup
}

json() {
  python3 -c 'import json, sys; print(eval(sys.argv[1], {"it": json.load(sys.stdin)}))' "$1"
}

@test "any text is a JSON string" {
  local text=$'a "quoted" \\ line\n\ttab \e[31mred\e[0m caf\xc3\xa9 broken\xff'
  [ "$(json_string "$text" | json 'it')" = $'a "quoted" \\ line\n\ttab [31mred[0m caf\xc3\xa9 broken' ]
}

@test "progress names every step in its order, with what each took" {
  progress_begin
  step bundle true
  calm step disk false || true
  step_begin driver
  step_share 0.25
  [ "$(json '[s["code"] for s in it["steps"]][:4]' <"$RUN/progress.json")" = "['bundle', 'disk', 'driver', 'packages']" ]
  [ "$(json '[s["state"] for s in it["steps"]][:4]' <"$RUN/progress.json")" = "['done', 'failed', 'now', 'todo']" ]
  [ "$(json 'it["steps"][2]["share"]' <"$RUN/progress.json")" = 0.25 ]
  [ "$(json 'it["steps"][0]["took_s"] >= 0' <"$RUN/progress.json")" = True ]
  [ "$(json 'it["boot"]' <"$RUN/progress.json")" = "$(boot_id)" ]
  cmp "$RUN/progress.json" <(
    cat "$RUN/outbox/progress"
    echo
  )
}

@test "the log's tail is short, and without secrets and colours" {
  {
    head -c 100000 /dev/zero | tr '\0' x
    printf '\n\e[32mDownloading\e[0m https://me:hunter2@pypi.example.com/simple?token=abc123 10%%\rpassword: swordfish\n'
  } >>"$LOG"
  progress_begin
  step_begin bundle
  local log
  log=$(json 'it["log"]' <"$RUN/progress.json")
  [ ${#log} -le 2000 ]
  [[ $log != *hunter2* && $log != *abc123* && $log != *swordfish* && $log != *$'\e'* ]]
}

@test "the problem that matters most is told, and none once all is well" {
  problem_set space disk_space "The data disk has 1 GB free"
  problem_set disk disk_damaged "fsck gives up."
  [ "$(cat "$RUN/outbox/problem")" = "disk_damaged: fsck gives up." ]
  problem_clear disk
  [ "$(cat "$RUN/outbox/problem")" = "disk_space: The data disk has 1 GB free." ]
  problem_clear space
  [ -z "$(cat "$RUN/outbox/problem")" ]
}

@test "a long problem is cut between letters" {
  problem_set comfyui comfyui "$(printf 'ü%.0s' {1..300})"
  iconv -f UTF-8 -t UTF-8 "$RUN/outbox/problem" >/dev/null
  problem_set comfyui comfyui "x$(printf 'ü%.0s' {1..300})"
  iconv -f UTF-8 -t UTF-8 "$RUN/outbox/problem" >/dev/null
}

# Seconds pass only while something sleeps. still_clock [BODY]: what else a sleep does.
still_clock() {
  echo 0.00 >"$RUN/clock"
  uptime_s() { cat "$RUN/clock"; }
  stand_in sleep 'now=$(awk -v slept="$1" "{ printf \"%.2f\", \$1 + slept }" "$GPUBOX_RUN/clock")
    echo "$now" >"$GPUBOX_RUN/clock"; '"${1:-}"
}

# The metadata server takes everything, and writes down when.
taking_server() {
  stand_in curl 'for word; do case $word in @*) text=$(cat "${word#@}") ;; esac; done
    echo "$(cat "$GPUBOX_RUN/clock") ${word##*/} $text" >>"$GPUBOX_RUN/sent"'
}

@test "of one key the last value is sent, what is urgent first and before its time" {
  still_clock
  taking_server
  tell progress one
  tell progress two
  tell problem ""
  tell boot starting
  tell entrance "{}"
  calm outbox_send
  [ "$(cat "$RUN/sent")" = $'0.00 boot starting\n0.00 entrance {}\n0.00 progress two\n20.00 problem ' ]
  tell boot ready
  tell problem "disk_damaged: fsck gives up."
  calm outbox_send
  [ "$(tail -n 2 "$RUN/sent")" = $'20.00 problem disk_damaged: fsck gives up.\n20.00 boot ready' ]
  [ -z "$(ls "$RUN/outbox")" ]
}

@test "of many words no minute sees more than ten" {
  still_clock
  taking_server
  local turn
  for turn in {1..30}; do
    tell boot "$turn"
    tell entrance "$turn"
    tell progress "$turn"
    tell problem "p: $turn"
    calm outbox_send
  done
  [ "$(wc -l <"$RUN/sent")" = 120 ]
  awk '{ at[NR] = $1 } NR > 10 && at[NR] - at[NR - 10] < 60 { exit 1 }' "$RUN/sent"
}

@test "that a step has failed is told before its time" {
  still_clock
  taking_server
  tell progress '{"state":"now"}'
  tell boot starting
  calm outbox_send
  tell problem "comfyui: no such tag."
  tell progress '{"state":"failed"}'
  calm outbox_send
  [ "$(tail -n 2 "$RUN/sent")" = $'0.00 problem comfyui: no such tag.\n10.00 progress {"state":"failed"}' ]
}

@test "progress that changes all the time lets others have their turn" {
  still_clock
  stand_in curl 'for word; do :; done; echo "${word##*/}" >>"$GPUBOX_RUN/sent"
    [ "$(wc -l <"$GPUBOX_RUN/sent")" -gt 3 ] || printf newer >"$GPUBOX_RUN/outbox/progress"'
  tell progress one
  tell problem ""
  calm outbox_send
  [ "$(head -n 3 "$RUN/sent" | tr '\n' ' ')" = "progress problem progress " ]
}

@test "what comes while another waits for its turn need not wait" {
  still_clock '[ "$now" != 3.00 ] || printf ready >"$GPUBOX_RUN/outbox/boot"'
  taking_server
  local turn
  for turn in 1 2 3; do
    tell progress "$turn"
    calm outbox_send
  done
  grep -qx "3.00 boot ready" "$RUN/sent"
}

@test "that there is no problem is said at a boot only where another boot's may still stand there" {
  still_clock
  taking_server
  progress_begin
  calm outbox_send
  grep -q ' problem $' "$RUN/sent"
  rm -r "$RUN/told" "$RUN/sent"
  progress_begin
  calm outbox_send
  [ "$(cat "$RUN/sent")" = "0.00 boot starting" ]
  tell problem "disk_damaged: fsck gives up."
  calm outbox_send
  rm -r "$RUN/told" "$RUN/sent"
  progress_begin
  calm outbox_send
  grep -q ' problem $' "$RUN/sent"
}

@test "what was not taken is sent again, unless there is something newer" {
  still_clock
  stand_in curl '[ -e "$0.up" ] || { touch "$0.up"; printf newer >"$GPUBOX_RUN/outbox/boot"; exit 22; }'
  tell boot older
  calm outbox_send
  [ "$(grep -c '^curl' "$CALLS")" = 2 ]
  [ "$(cat "$RUN/told/boot")" = newer ]
}

@test "the same value is not told twice" {
  stand_in curl
  stand_in sleep
  tell boot ready
  calm outbox_send
  tell boot ready
  [ -z "$(ls "$RUN/outbox")" ]
}

@test "space is low only where it is little in itself and for the disk" {
  local gib=$((1 << 30))
  space_is_low $((4 * gib)) $((100 * gib))
  run ! space_is_low $((9 * gib)) $((100 * gib))
  run ! space_is_low $((300 << 20)) $((1 * gib))
  space_is_low $((50 << 20)) $((1 * gib))
}

@test "a low disk is told with figures, and told again only when they change" {
  stand_in df 'echo "   Avail    Size"; cat "$GPUBOX_RUN/df"'
  echo "2000000000 200000000000" >"$RUN/df"
  space_check
  [ "$(cat "$RUN/outbox/problem")" = "disk_space: The data disk has 2.0 GB free of 200.0 GB." ]
  rm "$RUN/outbox/problem"
  space_check
  [ ! -e "$RUN/outbox/problem" ]
  echo "90000000000 200000000000" >"$RUN/df"
  space_check
  [ -z "$(cat "$RUN/outbox/problem")" ]
}

@test "what may be gone the next time is tried again, with growing pauses, and not for ever" {
  stand_in systemd-run
  local try
  problem_set comfyui comfyui "Could not be cloned."
  for try in 1 2 3 4 5 6 7 8; do
    retry_later
  done
  [ "$(grep -o 'on-active=[0-9]*min' "$CALLS" | tr '\n' ' ')" = "on-active=1min on-active=2min on-active=5min on-active=10min on-active=20min on-active=30min " ]
}

@test "what a person has to see to is not tried again" {
  stand_in systemd-run
  problem_set disk disk_locked "The data disk is encrypted (LUKS)."
  problem_set update update_failed "v2: start: ComfyUI does not answer."
  retry_later
  [ ! -s "$CALLS" ]
}

# shellcheck shell=bash
# Where things are, and how files are written. Sourced first; every path can be moved by tests.

# shellcheck disable=SC2034 # others read them
OPT=${GPUBOX_OPT:-/opt/gpubox}
ETC=${GPUBOX_ETC:-/etc/gpubox}
RUN=${GPUBOX_RUN:-/run/gpubox}
VAR=${GPUBOX_VAR:-/var/lib/gpubox/provision}
LOGS=${GPUBOX_LOGS:-/var/log/gpubox}
DATA=${GPUBOX_DATA:-/mnt/comfyui}
UNITS=${GPUBOX_UNITS:-/etc/systemd/system}
BUNDLE=${GPUBOX_BUNDLE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}

LOG=$LOGS/provision.log
LOG_BYTES=$((5 << 20))
# Where this run's part of it begins, counted from 1.
LOG_FROM=1

# Folders that everything else takes for granted.
folders_ensure() {
  mkdir -p "$OPT" "$ETC" "$RUN/outbox" "$RUN/problems" "$VAR" "$LOGS"
}

# From here on everything goes into the log, and only `say` reaches the serial console: the runner that Google ships
# breaks on lines beyond 64 KB, and people read the console.
log_open() {
  if [ -f "$LOG" ] && [ "$(stat -c %s "$LOG")" -gt "$LOG_BYTES" ]; then
    mv -f "$LOG" "$LOG.1"
  fi
  LOG_FROM=$(($(stat -c %s "$LOG" 2>/dev/null || echo 0) + 1))
  exec 3>&1 >>"$LOG" 2>&1 </dev/null
  echo "=== $(date -u +%FT%TZ) boot $(boot_id)"
}

# One short line for the console and the log.
say() {
  echo "gpubox: $*"
  { echo "gpubox: $*" >&3; } 2>/dev/null || true
}

boot_id() {
  file_text /proc/sys/kernel/random/boot_id
}

# Prints a small file. Without a program, as much in here: each costs a millisecond or two, and a boot asks for hundreds.
file_text() {
  local text=
  IFS= read -r -d '' text <"$1" || true
  printf %s "${text%$'\n'}"
}

# Seconds since the kernel booted, with decimals: CLOCK_BOOTTIME, which on a VM that is never suspended is
# CLOCK_MONOTONIC.
uptime_s() {
  local up
  read -r up _ </proc/uptime
  echo "$up"
}

# Writes standard input to FILE, whole or not at all, also across a power cut. Mode 644 unless told otherwise.
write_whole() {
  local file=$1 mode=${2:-644} partial
  partial=$(mktemp "$(dirname "$file")/.${file##*/}.XXXXXX") || return 1
  if cat >"$partial" && chmod "$mode" "$partial" && sync "$partial" && mv -fT "$partial" "$file"; then
    return 0
  fi
  rm -f "$partial"
  return 1
}

# The same, but leaves an equal file alone. Returns 0 where it wrote, 1 where nothing had to change.
write_changed() {
  local file=$1 new='' old=''
  IFS= read -r -d '' new || true
  [ -f "$file" ] && {
    IFS= read -r -d '' old <"$file" || true
    [ "$old" = "$new" ]
  } && return 1
  printf %s "$new" | write_whole "$file"
}

# Points LINK at TARGET in one step.
link_switch() {
  local link=$1 target=$2
  [ "$(readlink "$link")" = "$target" ] && return
  ln -sfn "$target" "$link.new" && mv -fT "$link.new" "$link" && sync -f "$(dirname "$link")"
}

have() {
  command -v "$1" >/dev/null
}

# shellcheck shell=bash
# How full the disks are. Reported before it hurts: a full disk breaks saving pictures, and at last the login.

SPACE_LOW_BYTES=$((5 << 30))
SPACE_LOW_PERCENT=10

# space_is_low FREE TOTAL, in bytes: little in absolute figures and for a disk of this size.
space_is_low() {
  [ "$1" -lt "$SPACE_LOW_BYTES" ] && [ $(($1 * 100)) -lt $(($2 * SPACE_LOW_PERCENT)) ]
}

# Looks at the data disk and the boot disk, and sets or clears the problem.
space_check() {
  local name path free total
  while read -r name path; do
    read -r free total < <(df --block-size=1 --output=avail,size "$path" 2>/dev/null | tail -n 1)
    if [ -n "${total:-}" ] && space_is_low "$free" "$total"; then
      problem_set_once space disk_space "The ${name/-/ } has $(space_words "$free") free of $(space_words "$total")."
      return
    fi
  done <<<"data-disk $DATA
boot-disk /"
  problem_clear space
}

# Bytes as people say them.
space_words() {
  awk -v bytes="$1" 'BEGIN { if (bytes < 1e9) printf "%.0f MB", bytes / 1e6; else printf "%.1f GB", bytes / 1e9 }'
}

# space_for BYTES WHAT: is there room for it? Says why, and fails, where there is not.
space_for() {
  local free
  free=$(df --block-size=1 --output=avail "$DATA" | tail -n 1)
  [ "$free" -ge "$1" ] && return
  fail disk_space "$2 needs $(space_words "$1"), and the data disk has $(space_words "$free") free"
}

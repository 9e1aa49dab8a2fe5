# shellcheck shell=bash
# The step `disk`: from a device name to a mounted file system that can be written, without ever losing one.

DISK_NAME=persistent-comfyui
DISK_DEVICE=${GPUBOX_DISK:-/dev/disk/by-id/google-$DISK_NAME}
DISK_WAIT_S=${GPUBOX_DISK_WAIT_S:-60}

disk_ready() {
  if ! disk_wait; then
    disk_without
    return
  fi
  disk_is_right && disk_prepare && disk_mounted && disk_can_be_written || return 1
  problem_clear disk
  disk_grow
  data_folders_made
}

# Waits for the device, as long as somebody says that there is one.
disk_wait() {
  local left=$DISK_WAIT_S
  [ -e "$DISK_DEVICE" ] && return
  disk_is_attached || return 1
  say "waiting for the data disk"
  while [ "$left" -gt 0 ]; do
    have udevadm && udevadm settle --timeout=1 2>/dev/null
    [ -e "$DISK_DEVICE" ] && return
    sleep 1
    left=$((left - 1))
  done
  return 1
}

# Does the metadata server know of a disk with that name? A silent one may hide it, so that counts as yes; one that
# answers with an error (22 in curl's words) knows of no disks.
disk_is_attached() {
  local disks
  disks=$(metadata_get 'disks/?recursive=true&alt=json')
  case $? in
    0) ;;
    22) return 1 ;;
    *) return 0 ;;
  esac
  grep -q "\"deviceName\": *\"$DISK_NAME\"" <<<"$disks"
}

# There is none. Going on without one loses everything with the VM, so that has to be asked for; and a box that had one
# before never goes on without it.
disk_without() {
  if [ -f /etc/systemd/system/mnt-comfyui.mount ]; then
    problem_set disk disk_missing "The data disk that was here before is gone."
    return 1
  fi
  if [ "$(attribute gpubox-root-disk refuse)" != allow ]; then
    problem_set disk disk_missing "There is no disk with the device name $DISK_NAME."
    return 1
  fi
  say "THERE IS NO DATA DISK: models and pictures lie on the boot disk and are lost with the VM"
  problem_clear disk
  data_folders_made
}

# A device of that name that is no whole disk, or that the system itself runs from, is never touched.
disk_is_right() {
  local root
  if [ ! -b "$DISK_DEVICE" ]; then
    problem_set disk disk_foreign "$DISK_DEVICE is no disk."
    return 1
  fi
  root=$(findmnt -rno MAJ:MIN /)
  if [ "$(disk_number)" = "$root" ] || disk_is_parent_of "$root"; then
    problem_set disk disk_foreign "The disk named $DISK_NAME is the one that the system runs from."
    return 1
  fi
}

disk_number() {
  local hex
  hex=$(stat -L -c '%t:%T' "$DISK_DEVICE")
  echo "$((16#${hex%:*})):$((16#${hex#*:}))"
}

# Is the partition NUMBER (major:minor) on the data disk?
disk_is_parent_of() {
  local parent
  parent=$(cat "/sys/dev/block/$1/../dev" 2>/dev/null) && [ "$parent" = "$(disk_number)" ]
}

# Inspect, decide, act: formats what is blank, checks what is used, leaves everything else alone.
disk_prepare() {
  local kind refusal
  mount_awaited
  # Mounted by systemd already: fsck has run, and there is nothing to decide.
  disk_is_mounted && return
  if mountpoint -q "$DATA"; then
    problem_set disk disk_foreign "Another disk than $DISK_NAME is mounted at $DATA."
    return 1
  fi
  kind=$(disk_inspect "$DISK_DEVICE")
  echo "the data disk holds: $kind"
  case $(disk_decision "$kind") in
    use) disk_check "$kind" ;;
    format) disk_format_once ;;
    *)
      refusal=$(disk_refusal "$kind")
      problem_set disk "${refusal%%: *}" "${refusal#*: }"
      return 1
      ;;
  esac
}

disk_format_once() {
  if [ "$(blockdev --getro "$DISK_DEVICE")" = 1 ]; then
    problem_set disk disk_read_only "The data disk is attached read-only."
    return 1
  fi
  say "formatting the new data disk"
  if ! disk_format "$DISK_DEVICE"; then
    problem_set disk other "The new data disk could not be formatted: $(tail -n 1 "$LOG")"
    return 1
  fi
}

# Repairs what can be repaired without asking anybody; what cannot is left for a person.
disk_check() {
  local status
  if [ "$(blockdev --getro "$DISK_DEVICE")" = 1 ]; then
    problem_set disk disk_read_only "The data disk is attached read-only."
    return 1
  fi
  [[ $1 == ext* ]] || return 0
  disk_mark_clear "$DISK_DEVICE"
  fsck.ext4 -p "$DISK_DEVICE"
  status=$?
  [ "$status" -lt 4 ] && return
  problem_set disk disk_damaged "fsck cannot repair it unasked (status $status)."
  return 1
}

# shellcheck shell=bash
# Mounting, growing, and what lies on the data disk.

MOUNT_UNIT=mnt-comfyui.mount
COMFYUI_UID=961

# Is the data disk itself what is mounted?
disk_is_mounted() {
  [ "$(findmnt -rno MAJ:MIN --mountpoint "$DATA" 2>/dev/null | tail -n 1)" = "$(disk_number)" ]
}

# At a boot systemd may be checking and mounting it just now, and a second check beside that would find it busy. Where it
# fails, or the unit names another disk, everything goes on as if there were no unit.
mount_awaited() {
  local source
  source=$(sed -n 's/^What=//p' "$UNITS/$MOUNT_UNIT" 2>/dev/null)
  [ -z "$source" ] || [ ! -e "$source" ] || disk_is_mounted || systemctl start "$MOUNT_UNIT"
}

# By a unit, so that systemd does it at the next boot without waiting for anybody.
disk_mounted() {
  local type uuid why
  type=$(blkid --probe --output value --match-tag TYPE -- "$DISK_DEVICE")
  uuid=$(blkid --probe --output value --match-tag UUID -- "$DISK_DEVICE")
  mkdir -p "$DATA"
  if mount_unit "$(disk_source "$uuid")" "$type" | write_changed "$UNITS/$MOUNT_UNIT"; then
    systemctl daemon-reload
    systemctl enable --quiet "$MOUNT_UNIT"
  fi
  disk_is_mounted && return
  # A second try, because links to disks are made anew after fsck or mkfs has written to them.
  for _ in 1 2; do
    systemctl reset-failed gpubox-fsck.service "$MOUNT_UNIT" 2>/dev/null
    systemctl start "$MOUNT_UNIT" && disk_is_mounted && return
    sleep 1
  done
  why=$(journalctl --boot --unit "$MOUNT_UNIT" --lines 8 --output cat 2>/dev/null | sed -n 's/^mount: [^:]*: //p' | tail -n 1)
  problem_set disk disk_damaged "The data disk ($type) could not be mounted: ${why:-systemd does not say why}."
  return 1
}

# The UUID names the file system wherever the disk is attached. Where nothing makes links by UUID (a container has no
# udev), the device's own name has to do.
disk_source() {
  local tenths=30
  while [ ! -e "/dev/disk/by-uuid/$1" ] && [ "$tenths" -gt 0 ]; do
    sleep 0.1
    tenths=$((tenths - 1))
  done
  if [ -e "/dev/disk/by-uuid/$1" ]; then
    echo "/dev/disk/by-uuid/$1"
  else
    echo "$DISK_DEVICE"
  fi
}

mount_unit() {
  sed -e "s|@SOURCE@|$1|" -e "s|@TYPE@|$2|" "$BUNDLE/systemd/$MOUNT_UNIT.template"
}

disk_can_be_written() {
  local options probe=$DATA/.gpubox-write
  options=$(findmnt -rno OPTIONS --mountpoint "$DATA" | tail -n 1)
  if [[ ,$options, == *,ro,* ]]; then
    problem_set disk disk_read_only "The data disk can only be read: it is attached so, or Linux found damage and protected it."
    return 1
  fi
  # A full disk still makes folders of no size, and is a matter of its own (space.sh).
  if ! mkdir -p "$probe" 2>/dev/null || ! rmdir "$probe"; then
    [ "$(df --output=avail "$DATA" | tail -n 1)" -lt 64 ] && return
    problem_set disk disk_read_only "The data disk cannot be written."
    return 1
  fi
}

# After the disk was made larger in the cloud. Small differences are the file system's own.
disk_grow() {
  local type device file_system
  type=$(findmnt -rno FSTYPE --mountpoint "$DATA" | tail -n 1)
  device=$(disk_bytes "$DISK_DEVICE")
  case $type in
    ext*)
      file_system=$(dumpe2fs -h "$DISK_DEVICE" 2>/dev/null | awk '/^Block count:/ { n = $3 } /^Block size:/ { s = $3 } END { printf "%.0f", n * s }')
      [ $((device - ${file_system:-device})) -gt $((16 << 20)) ] || return 0
      say "growing the data disk's file system"
      resize2fs "$DISK_DEVICE" || say "it could not be grown; see the log"
      ;;
    xfs) ! have xfs_growfs || xfs_growfs -d "$DATA" >/dev/null || say "the data disk's XFS could not be grown; see the log" ;;
    btrfs) ! have btrfs || btrfs filesystem resize max "$DATA" >/dev/null || say "the data disk's btrfs could not be grown" ;;
  esac
  return 0
}

data_folders_made() {
  data_folders && return
  problem_set disk other "A folder that ComfyUI needs could not be made: $(tail -n 1 "$LOG")"
  return 1
}

# The folders of docs/box.md, and the user that ComfyUI runs as.
data_folders() {
  local folder
  user_ensure || return 1
  for folder in releases gpubox; do
    mkdir -p "$DATA/$folder" || return 1
  done
  for folder in home base base/models base/input base/output base/temp base/user base/custom_nodes; do
    mkdir -p "$DATA/$folder" && owned_by_comfyui "$DATA/$folder" || return 1
  done
}

# Its number is fixed, because the data disk outlives the boot disk that names it.
user_ensure() {
  local group
  id comfyui >/dev/null 2>&1 && return
  groupadd --system --gid "$COMFYUI_UID" comfyui 2>/dev/null || groupadd --system comfyui 2>/dev/null
  useradd --system --uid "$COMFYUI_UID" --gid comfyui --home-dir "$DATA/home" --no-create-home \
    --shell /usr/sbin/nologin comfyui 2>/dev/null ||
    useradd --system --gid comfyui --home-dir "$DATA/home" --no-create-home --shell /usr/sbin/nologin comfyui || return 1
  for group in video render; do
    getent group "$group" >/dev/null && usermod --append --groups "$group" comfyui
  done
  return 0
}

# Folders of millions of files are not walked at each boot: what belongs to ComfyUI at the top does so below. A link that
# ComfyUI's user put there is not followed, or it could be given anything.
owned_by_comfyui() {
  [ "$(stat -c %U "$1")" = comfyui ] && return
  if [ "$1" = "$DATA/base" ] || [ "$1" = "$DATA/home" ]; then
    chown -R --no-dereference comfyui:comfyui "$1"
  else
    chown --no-dereference comfyui:comfyui "$1"
  fi
}

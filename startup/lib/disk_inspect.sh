# shellcheck shell=bash
# What lies on a device. Reads only, decides only: nothing in this file changes a disk.

# Disks are read in pieces of this size where they are looked at for being wholly empty.
DISK_PIECE=$((1 << 20))
# How much at the start and at the end, and how many pieces in between.
DISK_EDGE_PIECES=16
DISK_SAMPLES=64

# disk_inspect DEVICE: prints one word.
#   missing      no such device, or nothing that is a disk
#   blank        no signature of anything, and all that was looked at is zero: as a new disk comes
#   unfinished   our own formatting, cut off before the file system was ever mounted (disk_format.sh)
#   ext2|ext3|ext4|xfs|btrfs|…   a file system
#   luks|lvm|raid|swap|partitions   something that is no file system
#   unknown      data, or several signatures, or a disk that cannot be read
disk_inspect() {
  local device=$1 found status
  [ -b "$device" ] || [ -f "$device" ] || {
    echo missing
    return
  }
  found=$(LC_ALL=C blkid --probe --output export -- "$device" 2>/dev/null)
  status=$?
  case $status in
    0) disk_named "$device" "$found" ;;
    2) disk_without_name "$device" ;;
    *) echo unknown ;;
  esac
}

# blkid knows it: the word for what it says.
disk_named() {
  local device=$1 type usage table
  type=$(disk_field TYPE "$2")
  usage=$(disk_field USAGE "$2")
  table=$(disk_field PTTYPE "$2")
  case $type in
    crypto_LUKS) echo luks ;;
    LVM*_member) echo lvm ;;
    *_raid_member) echo raid ;;
    swap | swsuspend) echo swap ;;
    "") [ -n "$table" ] && echo partitions || echo unknown ;;
    ext4) disk_unfinished "$device" && echo unfinished || echo ext4 ;;
    *) [ "$usage" = filesystem ] && [[ $type =~ ^[a-zA-Z0-9_-]+$ ]] && echo "$type" || echo unknown ;;
  esac
}

# blkid found nothing, which it also says where it could not read; so the disk has to be seen empty.
disk_without_name() {
  if [ -n "$(wipefs --no-act --noheadings "$1" 2>&1)" ]; then
    echo unknown
  elif [ -n "$(disk_mark_read "$1")" ]; then
    echo unfinished
  elif disk_is_zero "$1"; then
    echo blank
  else
    echo unknown
  fi
}

disk_field() {
  sed -n "s/^$1=//p" <<<"$2"
}

disk_bytes() {
  if [ -b "$1" ]; then
    blockdev --getsize64 "$1"
  else
    stat -L -c %s "$1"
  fi
}

# Is all of it zero, as far as it is looked at: both edges, and pieces spread evenly between them?
disk_is_zero() {
  local device=$1 pieces edge piece
  pieces=$(($(disk_bytes "$device") / DISK_PIECE)) || return 1
  [ "$pieces" -gt 0 ] || return 1
  edge=$((pieces < DISK_EDGE_PIECES ? pieces : DISK_EDGE_PIECES))
  disk_piece_is_zero "$device" 0 "$edge" && disk_piece_is_zero "$device" $((pieces - edge)) "$edge" || return 1
  for ((piece = 1; piece < DISK_SAMPLES; piece++)); do
    disk_piece_is_zero "$device" $((pieces * piece / DISK_SAMPLES)) 1 || return 1
  done
}

# disk_piece_is_zero DEVICE FIRST COUNT, in pieces. Short reads are no zeros.
disk_piece_is_zero() {
  dd if="$1" bs="$DISK_PIECE" skip="$2" count="$3" iflag=fullblock status=none |
    cmp -s -n $(($3 * DISK_PIECE)) - /dev/zero
}

# What is to be done with what disk_inspect said: format, use, or refuse.
disk_decision() {
  case $1 in
    blank | unfinished) echo format ;;
    ext2 | ext3 | ext4 | xfs | btrfs) echo use ;;
    *) echo refuse ;;
  esac
}

# A code and a sentence for a disk that is refused.
disk_refusal() {
  case $1 in
    missing) echo "disk_missing: There is no disk with the device name persistent-comfyui." ;;
    luks) echo "disk_locked: The data disk is encrypted (LUKS)." ;;
    lvm | raid | swap) echo "disk_foreign: The data disk is part of something else (${1^^})." ;;
    partitions) echo "disk_foreign: The data disk has a partition table." ;;
    unknown) echo "disk_foreign: The data disk is neither blank nor does it hold a file system that is known here." ;;
    *) echo "disk_foreign: The data disk has the file system $1, which is not used here." ;;
  esac
}

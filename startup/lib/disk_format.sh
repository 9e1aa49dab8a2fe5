# shellcheck shell=bash
# Formatting, the only place that does it, and only what disk_inspect called blank or unfinished.
#
# A power cut in the middle of mkfs leaves a disk that is neither blank nor a file system, and such a disk is otherwise
# never touched. So before the first byte of the file system is written, a mark goes into the last MiB of the wholly empty
# disk, outside of what mkfs is given, and it is taken away when the file system stands. While the mark is there, nothing
# but an unfinished file system of ours can be on the disk:
#   - no signature at all: mkfs was cut off. Format again.
#   - ext4 with the very UUID of the mark, never mounted, and not sound: likewise.
#   - ext4 with that UUID, sound: only taking the mark away was cut off. It is used as it is.
#   - anything else: somebody else's. The mark means nothing then.
# The mark travels with the disk, so another disk under the same name is never mistaken for the one being formatted.

DISK_MARK="gpubox is formatting this disk as"
DISK_MARK_BYTES=4096
DISK_TAIL=$((1 << 20))
DISK_BLOCK=4096

disk_mark_at() {
  echo $(($(disk_bytes "$1") / DISK_BLOCK * DISK_BLOCK - DISK_TAIL))
}

# Prints the UUID of the mark, or nothing.
disk_mark_read() {
  dd if="$1" bs="$DISK_MARK_BYTES" iflag=skip_bytes,fullblock skip="$(disk_mark_at "$1")" count=1 status=none 2>/dev/null |
    tr -d '\0' | sed -n "1s/^$DISK_MARK \([0-9a-f-]\{36\}\)\$/\1/p"
}

# disk_mark_write DEVICE TEXT: an empty TEXT takes the mark away.
disk_mark_write() {
  { printf '%s' "$2" && head -c $((DISK_MARK_BYTES - ${#2})) /dev/zero; } |
    dd of="$1" bs="$DISK_MARK_BYTES" oflag=seek_bytes seek="$(disk_mark_at "$1")" iflag=fullblock \
      conv=notrunc,fsync status=none
}

# Is the ext4 on DEVICE one that we were making, and did not finish?
disk_unfinished() {
  local uuid head
  uuid=$(disk_mark_read "$1")
  [ -n "$uuid" ] || return 1
  head=$(LC_ALL=C dumpe2fs -h "$1" 2>/dev/null)
  # Where its own tool cannot read the superblock, the UUID that blkid sees decides.
  [ "$uuid" = "$(blkid --probe --output value --match-tag UUID -- "$1")" ] || return 1
  [ -z "$head" ] || grep -q '^Last mount time: *n/a' <<<"$head" || return 1
  ! fsck.ext4 -n -f "$1" >/dev/null 2>&1
}

disk_format() {
  local device=$1 uuid
  uuid=$(disk_mark_read "$device")
  [ -n "$uuid" ] || uuid=$(cat /proc/sys/kernel/random/uuid)
  disk_mark_write "$device" "$DISK_MARK $uuid" || return 1
  disk_make "$device" "$uuid" && sync && disk_mark_write "$device" ""
}

# Without -F, so that mkfs.ext4 itself still refuses a device that is in use. The inode tables and the journal are zeroed
# later, in the background: a new disk is zero anyway.
disk_make() {
  local blocks=$((($(disk_mark_at "$1")) / DISK_BLOCK))
  echo "formatting $1 as ext4 $2"
  mkfs.ext4 -q -b "$DISK_BLOCK" -L gpubox -U "$2" -m 1 -e remount-ro \
    -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$1" "$blocks"
}

# Takes the mark away that a power cut left behind on a file system of ours that is whole; nobody else's disk is touched.
disk_mark_clear() {
  local uuid
  uuid=$(disk_mark_read "$1")
  [ -n "$uuid" ] || return 0
  [ "$uuid" != "$(blkid --probe --output value --match-tag UUID -- "$1")" ] || disk_mark_write "$1" ""
}

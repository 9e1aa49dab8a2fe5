#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034 # bodies of stand-ins; variables that the libraries read
# Formatting, and power cuts in the middle of it.

bats_require_minimum_version 1.5.0

setup() {
  load helper
  provision_setup
  DISK=$(image 96M)
}

uuid_of() {
  blkid --probe --output value --match-tag UUID "$1"
}

@test "a blank disk becomes ext4 without a mark" {
  disk_format "$DISK"
  [ "$(disk_inspect "$DISK")" = ext4 ]
  [ -z "$(disk_mark_read "$DISK")" ]
  fsck.ext4 -n -f "$DISK"
}

@test "marked and not begun: formatted, as the mark says" {
  disk_mark_write "$DISK" "$DISK_MARK 11111111-2222-4333-8444-555555555555"
  [ "$(disk_inspect "$DISK")" = unfinished ]
  disk_format "$DISK"
  [ "$(uuid_of "$DISK")" = 11111111-2222-4333-8444-555555555555 ]
}

@test "cut off at any write of mkfs: found unfinished, or whole" {
  local whole=$BATS_TEST_TMPDIR/whole.img uuid=11111111-2222-4333-8444-555555555555 part kind
  cp --sparse=always "$DISK" "$whole"
  disk_mark_write "$whole" "$DISK_MARK $uuid"
  cp --sparse=always "$whole" "$DISK"
  disk_make "$whole" "$uuid"
  # The first PART tenths of what it wrote reached the disk, and the rest did not.
  for part in 0 1 3 5 7 9 10; do
    cp --sparse=always "$DISK" "$DISK.cut"
    dd if="$whole" of="$DISK.cut" bs=1M count=$((95 * part / 10)) conv=notrunc status=none
    kind=$(disk_inspect "$DISK.cut")
    [ "$(disk_decision "$kind")" != refuse ]
    [ "$kind" != blank ]
  done
  # The other way round: everything but the first block, which mkfs writes last.
  cp --sparse=always "$whole" "$DISK.cut"
  dd if=/dev/zero of="$DISK.cut" bs=4096 count=1 conv=notrunc status=none
  [ "$(disk_inspect "$DISK.cut")" = unfinished ]
}

@test "finished, with the mark still there: used as it is, and the mark goes" {
  disk_mark_write "$DISK" "$DISK_MARK 11111111-2222-4333-8444-555555555555"
  disk_make "$DISK" 11111111-2222-4333-8444-555555555555
  [ "$(disk_inspect "$DISK")" = ext4 ]
  disk_mark_clear "$DISK"
  [ -z "$(disk_mark_read "$DISK")" ]
  [ "$(disk_inspect "$DISK")" = ext4 ]
}

@test "a mark on somebody else's file system means nothing" {
  mkfs.ext4 -q -b 4096 "$DISK" $((95 << 8))
  disk_mark_write "$DISK" "$DISK_MARK 11111111-2222-4333-8444-555555555555"
  # Damaged as well, which is no reason either.
  dd if=/dev/urandom of="$DISK" bs=4096 seek=1 count=20 conv=notrunc status=none
  [ "$(disk_inspect "$DISK")" = ext4 ]
  disk_mark_clear "$DISK"
  [ -n "$(disk_mark_read "$DISK")" ]
}

@test "a file system of ours that was mounted once is never formatted again, however damaged" {
  local uuid=11111111-2222-4333-8444-555555555555
  disk_mark_write "$DISK" "$DISK_MARK $uuid"
  disk_make "$DISK" "$uuid"
  debugfs -w -R "set_super_value mtime now" "$DISK" 2>/dev/null
  dd if=/dev/urandom of="$DISK" bs=4096 seek=20 count=20 conv=notrunc status=none
  [ "$(disk_inspect "$DISK")" = ext4 ]
}

@test "mkfs itself still refuses a disk that is in use" {
  [ "$(id -u)" = 0 ] || skip "needs root"
  needs losetup
  local loop
  mkfs.ext4 -q "$DISK"
  loop=$(losetup --find --show "$DISK") || skip "no loop devices here"
  mkdir -p "$BATS_TEST_TMPDIR/mnt"
  mount "$loop" "$BATS_TEST_TMPDIR/mnt" || {
    losetup -d "$loop"
    skip "no mounts here"
  }
  run disk_make "$loop" 11111111-2222-4333-8444-555555555555
  umount "$BATS_TEST_TMPDIR/mnt"
  losetup -d "$loop"
  [ "$status" -ne 0 ]
}

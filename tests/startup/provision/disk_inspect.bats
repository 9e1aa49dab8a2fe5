#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034 # bodies of stand-ins; variables that the libraries read
# What is on a disk, and what may be done with it.

bats_require_minimum_version 1.5.0

setup() {
  load helper
  provision_setup
}

inspected() {
  disk_inspect "$1"
}

@test "a new disk is blank" {
  [ "$(inspected "$(image 64M)")" = blank ]
}

@test "one byte anywhere that is looked at makes it unknown" {
  local disk at
  for at in 0 1000000 33554432 67108863; do
    disk=$(image 64M)
    printf x | dd of="$disk" bs=1 seek="$at" conv=notrunc status=none
    [ "$(inspected "$disk")" = unknown ]
  done
}

@test "data without a signature in the middle of a large disk is seen" {
  local disk
  disk=$(image 4G)
  dd if=/dev/urandom of="$disk" bs=1M seek=2000 count=128 conv=notrunc status=none
  [ "$(inspected "$disk")" = unknown ]
}

@test "ext4 is ext4, and stays as it was" {
  local disk before
  disk=$(image 64M)
  mkfs.ext4 -q "$disk"
  before=$(sha256sum <"$disk")
  [ "$(inspected "$disk")" = ext4 ]
  [ "$(sha256sum <"$disk")" = "$before" ]
}

@test "XFS is xfs" {
  needs mkfs.xfs
  local disk
  disk=$(image 320M)
  mkfs.xfs -q "$disk"
  [ "$(inspected "$disk")" = xfs ]
}

@test "LUKS is luks" {
  needs cryptsetup
  local disk
  disk=$(image 64M)
  printf secret | cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$disk" -
  [ "$(inspected "$disk")" = luks ]
}

@test "swap is swap" {
  needs mkswap
  local disk
  disk=$(image 64M)
  mkswap "$disk" >/dev/null 2>&1
  [ "$(inspected "$disk")" = swap ]
}

@test "the end of somebody's partition table alone is unknown" {
  local disk
  disk=$(image 64M)
  printf 'EFI PART' | dd of="$disk" bs=1 seek=$((67108864 - 512)) conv=notrunc status=none
  [ "$(inspected "$disk")" = unknown ]
}

@test "a partition table is no place for a file system" {
  needs sfdisk
  local disk
  disk=$(image 64M)
  echo 'label: gpt' | sfdisk --quiet "$disk"
  [ "$(inspected "$disk")" = partitions ]
  disk=$(image 64M)
  echo ',,L' | sfdisk --quiet --label dos "$disk"
  [ "$(inspected "$disk")" = partitions ]
}

@test "what is no disk is missing" {
  [ "$(inspected "$BATS_TEST_TMPDIR/nothing")" = missing ]
  [ "$(inspected "$BATS_TEST_TMPDIR")" = missing ]
}

@test "a disk that cannot be read is never blank" {
  stand_in dd 'exit 1'
  [ "$(inspected "$(image 64M)")" = unknown ]
}

@test "only what is blank or our own unfinished work is formatted" {
  local kind
  for kind in blank unfinished; do
    [ "$(disk_decision "$kind")" = format ]
  done
  for kind in ext2 ext3 ext4 xfs btrfs; do
    [ "$(disk_decision "$kind")" = use ]
  done
  for kind in missing luks lvm raid swap partitions unknown vfat ntfs squashfs "" "blank blank"; do
    [ "$(disk_decision "$kind")" = refuse ]
  done
}

@test "each refusal has a code that the manager knows, and a sentence" {
  local kind refusal
  for kind in missing luks lvm raid swap partitions unknown vfat; do
    refusal=$(disk_refusal "$kind")
    grep -q "^    \"${refusal%%: *}\": (" "$STARTUP/../manager/messages/box.py"
    [[ $refusal =~ ^[a-z_]+:\ [A-Z].*\.$ ]]
  done
}

@test "a disk that systemd is just checking and mounting is waited for, and not called damaged" {
  local mounted=$BATS_TEST_TMPDIR/mounted
  DISK_DEVICE=$(image 64M)
  mkfs.ext4 -q "$DISK_DEVICE"
  printf '[Mount]\nWhat=%s\n' "$DISK_DEVICE" >"$UNITS/$MOUNT_UNIT"
  disk_is_mounted() { [ -e "$mounted" ]; }
  stand_in systemctl '[ "$*" != "start mnt-comfyui.mount" ] || touch "'"$mounted"'"'
  stand_in mountpoint 'exit 1'
  stand_in blockdev 'echo 0'
  # What it says of a disk that another one checks, or that is mounted.
  stand_in fsck.ext4 'exit 8'
  calm disk_prepare
  [ ! -e "$RUN/problems/disk" ]
  # Another disk than the unit's is no business of systemd's.
  rm "$mounted"
  : >"$CALLS"
  printf '[Mount]\nWhat=/dev/disk/by-uuid/gone\n' >"$UNITS/$MOUNT_UNIT"
  run ! disk_prepare
  run ! was_called systemctl
}

@test "a folder that cannot be made on the data disk is told" {
  user_ensure() { :; }
  disk_is_attached() { return 1; }
  set_attribute gpubox-root-disk allow
  stand_in chown
  mkdir -p "$DATA/base"
  # Where somebody's other disk is missing, for one.
  ln -s "$BATS_TEST_TMPDIR/gone/models" "$DATA/base/models"
  run ! disk_ready
  [[ $(cat "$RUN/problems/disk") == "other: "* ]]
}

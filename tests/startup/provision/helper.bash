# shellcheck shell=bash
# A box of its own for each test: every path lies in the test's folder, and programs that act on a machine are stand-ins
# on the PATH that write down how they were called.

provision_setup() {
  STARTUP=$(cd "$BATS_TEST_DIRNAME/../../../startup" && pwd)
  export GPUBOX_BUNDLE=$STARTUP
  export GPUBOX_OPT=$BATS_TEST_TMPDIR/opt GPUBOX_ETC=$BATS_TEST_TMPDIR/etc GPUBOX_RUN=$BATS_TEST_TMPDIR/run
  export GPUBOX_VAR=$BATS_TEST_TMPDIR/var GPUBOX_LOGS=$BATS_TEST_TMPDIR/log GPUBOX_DATA=$BATS_TEST_TMPDIR/data
  export GPUBOX_UNITS=$BATS_TEST_TMPDIR/units GPUBOX_PCI=$BATS_TEST_TMPDIR/pci
  # Nothing answers there.
  export GCE_METADATA_HOST=127.0.0.1:9
  STAND_INS=$BATS_TEST_TMPDIR/bin
  CALLS=$BATS_TEST_TMPDIR/calls
  mkdir -p "$STAND_INS" "$GPUBOX_DATA" "$GPUBOX_UNITS" "$GPUBOX_PCI"
  : >"$CALLS"
  PATH=$STAND_INS:$PATH:/usr/sbin:/sbin
  local part
  for part in base json metadata tell problem progress retry units disk_inspect disk_format disk_mount disk space \
    driver packages uv agent release release_build comfyui; do
    # shellcheck source=/dev/null
    . "$STARTUP/lib/$part.sh"
  done
  folders_ensure
  : >"$LOG"
}

# stand_in NAME [BODY]: a program that notes its call, and then does BODY.
stand_in() {
  printf '#!/usr/bin/env bash\necho "%s $*" >>"%s"\n%s\n' "$1" "$CALLS" "${2:-}" >"$STAND_INS/$1"
  chmod +x "$STAND_INS/$1"
}

# set_attribute KEY VALUE: as if metadata had said so.
set_attribute() {
  mkdir -p "$VAR/attributes"
  printf %s "$2" >"$VAR/attributes/$1"
}

# calm COMMAND…: without errexit, which the scripts do without too, and in this shell, unlike `run`.
calm() {
  local status
  set +e
  "$@"
  status=$?
  set -e
  return "$status"
}

needs() {
  local name
  for name in "$@"; do
    command -v "$name" >/dev/null || skip "$name is not installed"
  done
}

# image SIZE: an empty disk, as a file.
image() {
  local file=$BATS_TEST_TMPDIR/disk.img
  rm -f "$file"
  truncate -s "$1" "$file"
  echo "$file"
}

was_called() {
  grep -qF -- "$1" "$CALLS"
}

#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034 # bodies of stand-ins; variables that the libraries read
# startup.sh: from metadata to an unpacked bundle, whatever is broken on the way.

bats_require_minimum_version 1.5.0

setup() {
  load helper
  provision_setup
  set +e
  # shellcheck source=/dev/null
  . "$STARTUP/startup.sh"
  set -e
  SERVED=$BATS_TEST_TMPDIR/served
  mkdir -p "$SERVED" "$OPT"
  # The metadata server: a folder, one file a key.
  stand_in curl 'file='"$SERVED"'/${!#}; file='"$SERVED"'/${file##*/}; [ -f "$file" ] || exit 22; cat "$file"'
}

# serve NAME: a bundle whose script says NAME.
serve() {
  local folder=$BATS_TEST_TMPDIR/bundle
  rm -rf "$folder" && mkdir -p "$folder"
  printf '#!/bin/sh\necho %s\n' "$1" >"$folder/provision"
  chmod +x "$folder/provision"
  tar -C "$folder" -cJf "$SERVED/packed" provision
  base64 "$SERVED/packed" >"$SERVED/gpubox-bundle"
  sha256sum "$SERVED/packed" | cut -c 1-64 >"$SERVED/gpubox-bundle-sha256"
}

@test "the bundle is unpacked under its hash and linked to" {
  serve one
  calm bundle_install
  [ "$(readlink "$OPT/bundle")" = "$OPT/bundles/$(cut -c 1-16 "$SERVED/gpubox-bundle-sha256")" ]
  [ "$("$OPT/bundle/provision")" = one ]
}

@test "one that is there already is not fetched again" {
  serve one
  calm bundle_install
  rm "$SERVED/gpubox-bundle"
  calm bundle_install
}

@test "a newer one takes its place, and the one before stays for a while" {
  local version
  for version in one two three; do
    serve "$version"
    calm bundle_install
  done
  [ "$("$OPT/bundle/provision")" = three ]
  [ "$(find "$OPT/bundles" -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]
}

@test "a damaged one changes nothing" {
  serve one
  calm bundle_install
  serve two
  printf 'AAAA' >>"$SERVED/gpubox-bundle"
  run ! bundle_install
  [ "$("$OPT/bundle/provision")" = one ]
}

@test "one that was cut off while it was unpacked is unpacked again" {
  serve one
  mkdir -p "$OPT/bundles/$(cut -c 1-16 "$SERVED/gpubox-bundle-sha256").partial/rest"
  calm bundle_install
  [ "$("$OPT/bundle/provision")" = one ]
  [ ! -e "$OPT/bundle/rest" ]
}

@test "without one in metadata the last one is used, and knows why" {
  serve one
  calm bundle_install
  rm "$SERVED"/*
  run ! bundle_install
  calm bundle_fall_back
  [ -n "$GPUBOX_BUNDLE_PROBLEM" ]
}

@test "without any it says so and ends" {
  run -1 bundle_fall_back
  [[ $output == *"nothing can be installed"* ]]
  was_called "guest-attributes/gpubox/problem"
}

@test "the backstops are armed: no guard after an hour, and the run limit" {
  stand_in systemd-run
  echo 2.5 >"$SERVED/gpubox-max-run-hours"
  calm backstop_arm
  calm run_limit_arm
  was_called "--on-boot=1h --on-unit-active=10min"
  was_called "--on-boot=2.5h 5min systemctl poweroff"
}

@test "no run limit where none is wanted, or where it is no number" {
  stand_in systemd-run
  local hours
  for hours in 0 0.0 "" "1; reboot"; do
    echo "$hours" >"$SERVED/gpubox-max-run-hours"
    calm run_limit_arm
  done
  run ! was_called systemd-run
}

#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034 # bodies of stand-ins; variables that the libraries read
# The GPU and its driver, with stand-ins for both.

bats_require_minimum_version 1.5.0

setup() {
  load helper
  provision_setup
  stand_in systemctl
  stand_in sleep
}

gpu() {
  mkdir -p "$PCI_DEVICES/0000:00:04.0"
  echo 0x10de >"$PCI_DEVICES/0000:00:04.0/vendor"
  echo 0x030200 >"$PCI_DEVICES/0000:00:04.0/class"
}

driver() {
  stand_in nvidia-smi "echo $1"
}

problem() {
  cat "$RUN/outbox/problem" 2>/dev/null
}

@test "a driver that works names the builds of torch" {
  gpu
  driver 580.95.05
  driver_ready
  [ "$TORCH_VARIANT" = cu130 ]
  [ "$GPU" = yes ]
  [ "$(torch_variant 550.90.07)" = cu126 ]
  [ "$(torch_variant 590.1)" = cu130 ]
}

@test "a GPU that CUDA 13 has left behind gets the builds before it, also beside a newer one" {
  gpu
  stand_in nvidia-smi 'case $* in *compute_cap*) printf "580.95.05, 8.9\n580.95.05, 7.0\n" ;; *) echo 580.95.05 ;; esac'
  driver_ready
  [ "$TORCH_VARIANT" = cu126 ]
  [ "$(torch_variant 580.95.05 7.5)" = cu130 ]
  [ "$(torch_variant 580.95.05 12.0)" = cu130 ]
  [ "$(torch_variant 580.95.05 6.1)" = cu126 ]
}

@test "a driver that does not know of generations is asked for its version alone" {
  gpu
  stand_in nvidia-smi 'case $* in *compute_cap*) exit 2 ;; *) echo 470.82.01 ;; esac'
  driver_ready
  [ "$TORCH_VARIANT" = cu126 ]
}

@test "without a GPU the box refuses, and says so" {
  mkdir -p "$PCI_DEVICES/0000:00:01.0"
  echo 0x8086 >"$PCI_DEVICES/0000:00:01.0/vendor"
  run -1 driver_ready
  [[ $(problem) == "no_gpu: This machine has no NVIDIA GPU." ]]
}

@test "without a GPU it goes on where it is told to" {
  set_attribute gpubox-without-gpu cpu
  driver_ready
  [ "$TORCH_VARIANT" = cpu ]
  [ "$GPU" = no ]
}

@test "the image's own installer is used" {
  gpu
  stand_in install-driver.sh 'printf "#!/bin/sh\necho 570.1\n" >"'"$STAND_INS"'/nvidia-smi"; chmod +x "'"$STAND_INS"'/nvidia-smi"'
  DLVM_INSTALLER=$STAND_INS/install-driver.sh
  driver_ready
  [ "$TORCH_VARIANT" = cu126 ]
  [ ! -e "$DRIVER_STATE" ]
}

@test "elsewhere Google's installer is fetched and run, and the reboot in its middle is survived" {
  gpu
  stand_in curl 'while [ "$1" != -o ]; do shift; done; echo installer >"$2"'
  # As at the first boot: it reboots, so nothing after it happens.
  stand_in python3 'kill -KILL $PPID'
  run ! bash -c '. "$1/lib/base.sh"; for part in json metadata tell problem progress driver; do . "$1/lib/$part.sh"; done
    LOG=/dev/null; folders_ensure; driver_ready' _ "$STARTUP"
  [ "$(cat "$DRIVER_STATE/tries")" = 1 ]
  # The next boot: it is through, and the driver works.
  stand_in python3 'printf "#!/bin/sh\necho 580.1\n" >"'"$STAND_INS"'/nvidia-smi"; chmod +x "'"$STAND_INS"'/nvidia-smi"'
  driver_ready
  [ "$TORCH_VARIANT" = cu130 ]
  was_called "install_driver"
  [ ! -e "$DRIVER_STATE" ]
}

@test "a driver that never works does not reboot the box for ever" {
  gpu
  driver "NVIDIA-SMI has failed"
  stand_in curl 'while [ "$1" != -o ]; do shift; done; echo installer >"$2"'
  stand_in python3
  local boot
  for boot in 1 2 3 4 5; do
    run driver_ready
  done
  [ "$(grep -c '^python3' "$CALLS")" = 3 ]
  [ "$(grep -c '^systemctl reboot' "$CALLS")" = 2 ]
  [[ $(problem) == "driver: The NVIDIA driver still does not work after 3 tries"* ]]
}

@test "an installer that fails is reported" {
  gpu
  stand_in curl 'exit 22'
  run -1 driver_ready
  [[ $(problem) == "driver: The installer of the NVIDIA driver failed"* ]]
}

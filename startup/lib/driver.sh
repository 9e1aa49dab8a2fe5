# shellcheck shell=bash
# The step `driver`: is there a GPU that works, and which builds of torch fit it?

PCI_DEVICES=${GPUBOX_PCI:-/sys/bus/pci/devices}
DRIVER_STATE=$VAR/driver
DRIVER_TRIES=3
DLVM_INSTALLER=${GPUBOX_DLVM_INSTALLER:-/opt/deeplearning/install-driver.sh}
CUDA_INSTALLER_URL=https://storage.googleapis.com/compute-gpu-installation-us/installer/latest/cuda_installer.pyz

# What torch is installed for: cu130, cu126, or cpu.
TORCH_VARIANT=cpu
# Whether a GPU can be used: yes or no.
GPU=no

driver_ready() {
  if ! gpu_present; then
    driver_without no_gpu "This machine has no NVIDIA GPU"
    return
  fi
  if driver_works; then
    rm -rf "$DRIVER_STATE"
    driver_found
    return
  fi
  driver_install && driver_works && rm -rf "$DRIVER_STATE" && driver_found && return
  driver_without driver "${DRIVER_DETAIL:-The NVIDIA driver does not work.}"
}

# NVIDIA is vendor 10de; display controllers are class 03.
gpu_present() {
  local device
  for device in "$PCI_DEVICES"/*; do
    [ "$(cat "$device/vendor" 2>/dev/null)" = 0x10de ] && [[ $(cat "$device/class" 2>/dev/null) == 0x03* ]] && return
  done
  return 1
}

# Asks the driver for its version and for the generation of the GPU, of several that of the oldest. One that hangs is one
# that does not work.
driver_works() {
  local said
  have nvidia-smi || return 1
  said=$(driver_query driver_version,compute_cap)
  case $? in
    0) ;;
    124) return 1 ;;
    # Older drivers do not know of generations.
    *) said=$(driver_query driver_version) ;;
  esac
  said=$(sort -V -t , -k 2 <<<"$said" | head -n 1)
  DRIVER_VERSION=${said%%,*}
  GPU_GENERATION=${said#"$DRIVER_VERSION"}
  GPU_GENERATION=${GPU_GENERATION#, }
  [[ $DRIVER_VERSION =~ ^[0-9]+\.[0-9.]+$ ]]
}

driver_query() {
  timeout 60 nvidia-smi --query-gpu="$1" --format=csv,noheader 2>/dev/null
}

driver_found() {
  TORCH_VARIANT=$(torch_variant "$DRIVER_VERSION" "$GPU_GENERATION")
  # shellcheck disable=SC2034 # the installation depends on it
  GPU=yes
  echo "driver $DRIVER_VERSION, torch for $TORCH_VARIANT"
  problem_clear driver
}

# torch_variant DRIVER [GENERATION]: CUDA 13 needs a driver of the 580s, and a GPU from Turing (7.5, as a T4) on: P4, P100 and
# V100 are older. CUDA 12.6 is the newest that runs all others.
torch_variant() {
  local major minor
  IFS=. read -r major minor <<<"${2:-}"
  if [[ ${1%%.*} -ge 580 ]] && ! [[ $major$minor =~ ^[0-9]+$ && $major$minor -lt 75 ]]; then
    echo cu130
  else
    echo cu126
  fi
}

# driver_without CODE DETAIL: goes on only if told to do without a GPU.
driver_without() {
  TORCH_VARIANT=cpu
  if [ "$(attribute gpubox-without-gpu refuse)" = cpu ]; then
    echo "going on without a GPU: $2"
    problem_clear driver
    return 0
  fi
  problem_set driver "$1" "$2"
  return 1
}

# Runs the installer that the image wants. It may reboot the machine in the middle and is run again after that; the count
# is on disk before it starts, so that a driver that never works cannot reboot a box for ever.
driver_install() {
  local tries
  tries=$(cat "$DRIVER_STATE/tries" 2>/dev/null || echo 0)
  if [ "$tries" -ge "$DRIVER_TRIES" ]; then
    DRIVER_DETAIL="The NVIDIA driver still does not work after $tries tries at installing it"
    return 1
  fi
  mkdir -p "$DRIVER_STATE"
  echo $((tries + 1)) | write_whole "$DRIVER_STATE/tries" && sync -f "$DRIVER_STATE"
  say "installing the NVIDIA driver (try $((tries + 1)) of $DRIVER_TRIES)"
  if ! driver_installer; then
    DRIVER_DETAIL="The installer of the NVIDIA driver failed; see the log"
    return 1
  fi
  driver_works && return
  DRIVER_DETAIL="The NVIDIA driver does not work, although its installer reported no error"
  [ $((tries + 1)) -lt "$DRIVER_TRIES" ] || return 1
  say "restarting, so that the new driver is used"
  systemctl reboot
  # What comes next happens after the restart.
  sleep infinity
}

driver_installer() {
  if [ -x "$DLVM_INSTALLER" ]; then
    timeout 30m "$DLVM_INSTALLER"
    return
  fi
  curl -fsSL --retry 3 --max-time 300 -o "$OPT/cuda_installer.pyz.new" "$CUDA_INSTALLER_URL" &&
    mv -f "$OPT/cuda_installer.pyz.new" "$OPT/cuda_installer.pyz" || return 1
  (cd "$DRIVER_STATE" && timeout 30m python3 "$OPT/cuda_installer.pyz" install_driver \
    --installation-mode=repo --installation-branch=prod)
}

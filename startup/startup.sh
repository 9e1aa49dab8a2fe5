#!/usr/bin/env bash
# Runs at every boot, as root, from instance metadata: fetches the bundle, checks it, unpacks it, and hands over to it.
# It says little, because every line goes to the serial console.
set -uo pipefail

METADATA="http://${GCE_METADATA_HOST:-169.254.169.254}/computeMetadata/v1/instance"
OPT=${GPUBOX_OPT:-/opt/gpubox}

main() {
  backstop_arm
  tools_ensure
  run_limit_arm
  bundle_install || bundle_fall_back
  exec "$OPT/bundle/provision"
}

say() {
  echo "gpubox: $*"
}

# Prints a value of the instance's metadata; waits for a metadata server that is not up yet, but not for ever.
metadata() {
  curl -fsS --noproxy '*' --connect-timeout 2 --max-time 30 --retry 8 --retry-delay 1 --retry-connrefused \
    -H "Metadata-Flavor: Google" "$METADATA/attributes/$1" 2>/dev/null
}

# A box whose installation fails must not bill for ever: without a guard an hour after boot, it powers itself off.
# The second look spares a guard that is just being restarted. No semicolons: systemd garbles them when it reads the
# unit again.
backstop_arm() {
  local running="systemctl is-active --quiet gpubox-guard.service"
  systemd-run --quiet --unit=gpubox-backstop --on-boot=1h --on-unit-active=10min \
    sh -c "$running || (sleep 20 && $running) || systemctl poweroff" 2>/dev/null ||
    systemctl is-active --quiet gpubox-backstop.timer || say "no timer could be set that powers off a box without a guard"
}

# The provider's own limit comes first; this one is for a box that was started without it.
run_limit_arm() {
  local hours
  hours=$(metadata gpubox-max-run-hours) || return 0
  [[ $hours =~ ^[0-9]+(\.[0-9]+)?$ && ! $hours =~ ^0+(\.0+)?$ ]] || return 0
  systemd-run --quiet --unit=gpubox-run-limit --on-boot="${hours}h 5min" systemctl poweroff 2>/dev/null ||
    systemctl is-active --quiet gpubox-run-limit.timer || say "no timer could be set that powers off after $hours hours"
}

# Google's images have both; others may not.
tools_ensure() {
  local missing=()
  command -v curl >/dev/null || missing+=(curl ca-certificates)
  command -v xz >/dev/null || missing+=(xz-utils)
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  {
    dpkg --configure -a
    apt-get -q update -o Acquire::Retries=3
    apt-get -q install -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "${missing[@]}"
  } >>/var/log/gpubox-startup.log 2>&1 || say "could not install ${missing[*]}; see /var/log/gpubox-startup.log"
}

# The bundle that metadata names, unpacked under its hash. A folder with that name is whole, because renaming comes last.
bundle_install() {
  local sha256 folder partial
  sha256=$(metadata gpubox-bundle-sha256) || return 1
  [[ $sha256 =~ ^[0-9a-f]{64}$ ]] || return 1
  folder=$OPT/bundles/${sha256:0:16}
  if [ ! -d "$folder" ]; then
    partial=$folder.partial
    rm -rf "$partial" && mkdir -p "$partial" || return 1
    metadata gpubox-bundle | base64 -d >"$partial.tar.xz" || return 1
    sha256sum --quiet -c <<<"$sha256  $partial.tar.xz" >/dev/null 2>&1 || return 1
    tar -xJf "$partial.tar.xz" -C "$partial" --no-same-owner && rm -f "$partial.tar.xz" || return 1
    sync -f "$partial" && mv -T "$partial" "$folder" && sync -f "$OPT/bundles" || return 1
  fi
  bundle_use "$folder"
}

# Switches the link in one step, and leaves the folder it named before for a look back.
bundle_use() {
  local before other
  before=$(readlink "$OPT/bundle")
  [ "$before" = "$1" ] && return
  ln -sfn "$1" "$OPT/bundle.new" && mv -T "$OPT/bundle.new" "$OPT/bundle" || return 1
  for other in "$OPT"/bundles/*; do
    [ "$other" = "$1" ] || [ "$other" = "$before" ] || rm -rf "$other"
  done
}

bundle_fall_back() {
  export GPUBOX_BUNDLE_PROBLEM="the files in metadata are missing or damaged"
  if [ -x "$OPT/bundle/provision" ]; then
    say "$GPUBOX_BUNDLE_PROBLEM; going on with those of the last boot"
    return
  fi
  say "$GPUBOX_BUNDLE_PROBLEM; nothing can be installed"
  curl -fsS --noproxy '*' --max-time 10 -X PUT -H "Metadata-Flavor: Google" \
    --data "bundle: The files in metadata are missing or damaged." "$METADATA/guest-attributes/gpubox/problem" >/dev/null 2>&1
  exit 1
}

# Sourced by tests, run by everybody else; Google's runner executes a copy of this file.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main
fi

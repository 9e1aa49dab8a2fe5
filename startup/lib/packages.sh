# shellcheck shell=bash
# The step `packages`: what Debian or Ubuntu has to bring, and uv.

PACKAGES=(ca-certificates curl e2fsprogs git jq python3 python3-venv tar xz-utils)
APT_TRIES=3
APT_LISTS_WAIT_S=300

packages_ready() {
  local missing
  mapfile -t missing < <(packages_missing)
  if [ ${#missing[@]} -gt 0 ] && ! packages_install "${missing[@]}"; then
    problem_set packages packages "These packages could not be installed: ${missing[*]}"
    return 1
  fi
  if ! uv_ready; then
    problem_set packages packages "uv, which installs Python packages, could not be installed; see the log"
    return 1
  fi
  problem_clear packages
}

# Names what is not installed; asks dpkg once for all.
packages_missing() {
  local wanted=("${PACKAGES[@]}") installed name
  # Any of its builds will do.
  have nginx || [ -x /usr/sbin/nginx ] || echo nginx-light
  [ "$(findmnt -rno FSTYPE --mountpoint "$DATA" 2>/dev/null)" != xfs ] || wanted+=(xfsprogs)
  [ -z "$(attribute ssl_email)" ] || wanted+=(certbot)
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/ ii *$//p')
  for name in "${wanted[@]}"; do
    grep -qxF "$name" <<<"$installed" || echo "$name"
  done
}

# One call for all of them. Servers are not started by their own packages: they are not configured yet.
packages_install() {
  local try
  say "installing ${*}"
  export DEBIAN_FRONTEND=noninteractive
  services_hold
  for ((try = 1; try <= APT_TRIES; try++)); do
    dpkg --configure -a
    lists_update && apt_get install -y --no-install-recommends "$@" && break
    [ "$try" -lt "$APT_TRIES" ] && sleep $((try * 5))
  done
  services_release
  [ "$try" -le "$APT_TRIES" ]
}

# apt waits for dpkg's lock, but not for that of its lists, which the system's own daily update holds at many a first boot.
lists_update() {
  local waited said
  for ((waited = 0; waited < APT_LISTS_WAIT_S; waited += 5)); do
    said=$(apt_get update 2>&1) && echo "$said" && return
    echo "$said"
    [[ $said == *"/lists/lock"* ]] || return 1
    sleep 5
  done
  return 1
}

apt_get() {
  apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Acquire::http::Timeout=30 \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"
}

SERVICES_HELD=/usr/sbin/policy-rc.d
SERVICES_HELD_BY="# gpubox is installing packages"

services_hold() {
  [ -e "$SERVICES_HELD" ] && return
  printf '#!/bin/sh\n%s\nexit 101\n' "$SERVICES_HELD_BY" | write_whole "$SERVICES_HELD" 755
}

# Also called at each start of the script, because a power cut may have left it.
services_release() {
  ! grep -qxsF "$SERVICES_HELD_BY" "$SERVICES_HELD" || rm -f "$SERVICES_HELD"
}

#!/usr/bin/env bash
# shellcheck disable=SC1090,SC1091,SC2034 # the parts stand beside this file, and callers read ENTRANCE_PROBLEM
# The entrance: how browsers reach ComfyUI on this box, one of four ways (docs/box.md). Provisioning sources this file
# and calls `entrance_apply` at each boot; systemd runs it as a program, to try again and to renew.

ENTRANCE_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for ENTRANCE_PART in base json metadata tell problem; do
  # Provisioning has them already.
  declare -F tell problem_set >/dev/null || . "$ENTRANCE_LIB/$ENTRANCE_PART.sh"
done
. "$ENTRANCE_LIB/tls.sh"
for ENTRANCE_PART in paths answer retry fetch address cloudflare values render nginx letsencrypt origin tunnel relay; do
  . "$ENTRANCE_LIB/entrance/$ENTRANCE_PART.sh"
done

# Make the entrance what the settings say; idempotent. 0: it serves. 1: it does not, or not wholly; then
# ENTRANCE_PROBLEM holds "code: what is wrong", and guest attributes tell it too. What can heal is tried again later.
entrance_apply() {
  local way lock
  entrance_folders || return 1
  # Not two at once: a boot, a retry and the timer may meet.
  exec {lock}>"$RUN/entrance.lock" && flock --timeout 300 "$lock" || return 1
  ENTRANCE_PROBLEM=""
  way=$(entrance_way)
  case $way in
    tunnel) tunnel_apply ;;
    origin) origin_apply ;;
    letsencrypt) letsencrypt_apply ;;
    *) relay_apply ;;
  esac
  [ "$way" = tunnel ] || tunnel_stop
  entrance_tell
  local status=$?
  # Said aloud: a daemon that was started meanwhile has the descriptor too.
  flock --unlock "$lock"
  exec {lock}>&-
  return "$status"
}

# What the timer asks for: a fresh certificate where the one in use nears its end, newer ranges of Cloudflare's.
entrance_renew() {
  entrance_folders || return 1
  cloudflare_refresh
  ENTRANCE_RENEWS=yes entrance_apply
}

# Which of the four: the manager says domain, tunnel or relay; a domain is one of two.
entrance_way() {
  local way domain
  way=$(entrance_setting gpubox-entrance)
  domain=$(entrance_setting domain_name)
  [ -n "$domain" ] || way=relay
  if [ "$way" = domain ]; then
    way=letsencrypt
    [ -z "$(entrance_setting cf_cert_path)" ] || way=origin
  fi
  printf '%s\n' "${way:-relay}"
}

# entrance_setting KEY [DEFAULT]: on one line, without blanks around it.
entrance_setting() {
  local value
  value=$(attribute "$1" | tr '\n\r\t' '   ' | sed 's/^ *//; s/ *$//')
  printf '%s\n' "${value:-${2:-}}"
}

entrance_folders() {
  umask 022
  mkdir -p "$RUN" "$ENTRANCE_RENDERINGS" "$ENTRANCE_LOGS" "$ENTRANCE_CACHE" "$ENTRANCE_ACME" "$ENTRANCE_NGINX_RUN" &&
    install -d -m 0700 "$ENTRANCE_TLS"
}

# Run as a program rather than sourced.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -uo pipefail
  case ${1:-} in
    apply) entrance_apply ;;
    renew) entrance_renew ;;
    *)
      echo "usage: entrance.sh apply | renew" >&2
      exit 2
      ;;
  esac
fi

# shellcheck shell=bash disable=SC2015 # both lead to the same answer
# A Cloudflare Tunnel: cloudflared connects outwards, so no port of the box is open. In Cloudflare's settings, the
# tunnel's service is http://127.0.0.2:80.

TUNNEL_PATIENCE=${GPUBOX_TUNNEL_PATIENCE:-30}
TUNNEL_VERSION=2026.9.1
TUNNEL_SOURCE=${GPUBOX_TUNNEL_SOURCE:-https://github.com/cloudflare/cloudflared/releases/download/$TUNNEL_VERSION}

tunnel_apply() {
  local domain
  domain=$(entrance_setting domain_name)
  install -d -m 0700 "$RUN/tunnel"
  own_certificate || return 1
  values_begin
  # On this machine's own addresses there is nobody but cloudflared.
  values_cloudflare $'127.0.0.1\n127.0.0.2'
  hosts_name "$domain"
  nginx_apply tunnel || true
  entrance_answer tunnel "" ""
  if tunnel_token "$RUN/tunnel/token" && tunnel_binary && tunnel_start; then
    entrance_answer tunnel "https://$domain" ""
  elif systemctl is-active --quiet gpubox-tunnel.service && tunnel_ready; then
    # What went wrong is told; the connection from before stands.
    entrance_answer tunnel "https://$domain" ""
  fi
}

# tunnel_token FILE: fetched into its place; 1, and a problem, where the one from before stays.
tunnel_token() {
  local address sentence
  address=$(entrance_setting cf_tunnel_token_path)
  sentence=$(fetch_private "$address" "$1.new") || {
    entrance_problem entrance_tunnel "$sentence"
    return 1
  }
  tunnel_token_take "$1" || entrance_problem entrance_tunnel "What lies at $address is no tunnel's token."
}

# tunnel_token_take TOKEN: the new one into its place, without blanks; it is base64 of JSON that names a tunnel.
tunnel_token_take() {
  local text
  text=$(tr -d '[:space:]' <"$1.new") || return 1
  rm -f "$1.new"
  [ "$(base64 --decode <<<"$text" 2>/dev/null | jq '(.a and .t and .s)' 2>/dev/null)" = true ] || return 1
  if [ -f "$1" ] && [ "$(<"$1")" = "$text" ]; then
    return 0
  fi
  (umask 077 && printf '%s' "$text" >"$1")
  touch "$RUN/tunnel/changed"
}

# The program: where it is not there yet, the pinned one from Cloudflare, held against the sum that came with its release.
tunnel_binary() {
  local binary=$OPT/cloudflared/cloudflared sum arch new
  case $(uname -m) in
    x86_64) arch=amd64 sum=${GPUBOX_TUNNEL_SHA256:-03f1f25d1cc93b9ad6c60569d44060bc4f17ed97075760ed8cfca4b12dcd68cc} ;;
    aarch64) arch=arm64 sum=${GPUBOX_TUNNEL_SHA256:-3d97437c71848bd8df68041e12436b484a661d95073ea1937f01a845ce88faa3} ;;
    *)
      entrance_problem entrance_tunnel "There is no cloudflared for $(uname -m)."
      return 1
      ;;
  esac
  [ ! -x "$binary" ] || ! tunnel_is "$binary" "$sum" || return 0
  mkdir -p "$OPT/cloudflared"
  new=$(mktemp "$OPT/cloudflared/.new.XXXXXX")
  if ! curl --silent --fail --location --max-time 300 --retry 3 --output "$new" "$TUNNEL_SOURCE/cloudflared-linux-$arch"; then
    entrance_problem entrance_tunnel "cloudflared could not be downloaded from $(url_host "$TUNNEL_SOURCE")."
  elif ! tunnel_is "$new" "$sum"; then
    entrance_problem entrance_tunnel "The cloudflared that was downloaded is not version $TUNNEL_VERSION: its SHA-256 differs."
  else
    chmod 755 "$new" && mv -f "$new" "$binary" && touch "$RUN/tunnel/changed"
    return
  fi
  rm -f "$new"
  return 1
}

# tunnel_is FILE SUM
tunnel_is() {
  [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ]
}

# Start it, or restart it where something has changed, and wait until it is connected.
tunnel_start() {
  local verb=start deadline=$((SECONDS + TUNNEL_PATIENCE)) said
  [ ! -e "$RUN/tunnel/changed" ] || verb=restart
  if systemctl "$verb" gpubox-tunnel.service; then
    until tunnel_ready; do
      [ "$SECONDS" -lt "$deadline" ] && systemctl is-active --quiet gpubox-tunnel.service || break
      sleep 0.2
    done
    if tunnel_ready; then
      rm -f "$RUN/tunnel/changed"
      return 0
    fi
  fi
  said=$(journalctl --quiet --no-pager --output cat --lines 20 --unit gpubox-tunnel.service 2>/dev/null |
    grep -E ' (ERR|FTL) |error' | tail -n 1 | redact)
  said=${said//"$(<"$RUN/tunnel/token")"/***}
  entrance_problem entrance_tunnel "cloudflared does not connect.${said:+ It says: ${said:0:200}}"
}

# Bound to the address that cloudflared may hear from (gpubox-tunnel.service).
tunnel_ready() {
  curl --silent --fail --max-time 2 --output /dev/null --interface "$ENTRANCE_TUNNEL_ADDRESS" \
    "http://$ENTRANCE_TUNNEL_ADDRESS:$ENTRANCE_TUNNEL_METRICS_PORT/ready"
}

# For the other ways.
tunnel_stop() {
  ! systemctl is-active --quiet gpubox-tunnel.service || systemctl stop gpubox-tunnel.service
  rm -rf "$RUN/tunnel"
}

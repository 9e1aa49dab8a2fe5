# shellcheck shell=bash
# Neither domain nor tunnel: the manager relays, and knows the box by a certificate that the box made itself.

relay_apply() {
  local address
  address=$(box_address) || address=""
  own_certificate || return 1
  values_begin
  hosts_forget
  nginx_apply relay || true
  entrance_answer relay "$(own_url "$address")" "$ENTRANCE_TLS/own.pem"
  [ -n "$address" ] || entrance_problem entrance_certificate "The metadata server does not say the box's address."
}

# own_url ADDRESS
own_url() {
  local port=""
  [ "$ENTRANCE_HTTPS_PORT" = 443 ] || port=:$ENTRANCE_HTTPS_PORT
  [ -z "$1" ] || printf 'https://%s%s\n' "$1" "$port"
}

# Made once for the box; again where it ends within 30 days. It names no address, so that the manager knows a box that has
# moved by what it was told in an earlier boot, and need not wait for a word of this one.
own_certificate() {
  local name certificate=$ENTRANCE_TLS/own.pem key=$ENTRANCE_TLS/own.key
  if tls_judge_pair "$certificate" "$key" >/dev/null 2>&1 && tls_judge_dates "$certificate" $((30 * 86400)) >/dev/null; then
    return 0
  fi
  name=$(entrance_setting gpubox-box gpubox)
  tls_self_signed "$certificate" "$key" "$name" ||
    entrance_problem entrance_certificate "The box could not write a certificate of its own to $ENTRANCE_TLS; the log says why."
}

# shellcheck shell=bash disable=SC2001,SC2020 # one line each is what sed does, one separator what tr does
# What stands in the templates' places: names in ENTRANCE_VALUES, each used as @NAME@.

declare -gA ENTRANCE_VALUES=()

# The values that all ways share.
values_begin() {
  local panel
  panel=$(values_panel)
  ENTRANCE_VALUES=(
    [USER]=$ENTRANCE_USER [RUN]=$RUN [NGINX_RUN]=$ENTRANCE_NGINX_RUN [NGINX_PID]=$ENTRANCE_NGINX_PID
    [CONF]=$ENTRANCE_CONF [LOGS]=$ENTRANCE_LOGS [CACHE]=$ENTRANCE_CACHE [ACME]=$ENTRANCE_ACME
    [COMFYUI]=$ENTRANCE_COMFYUI [HTTP_PORT]=$ENTRANCE_HTTP_PORT [TUNNEL_ADDRESS]=$ENTRANCE_TUNNEL_ADDRESS
    [PANEL]=${panel:-\'none\'} [FIRST_PANEL]=${panel%% *} [CURVES]=$(values_curves)
    [OWN_CERTIFICATE]=$ENTRANCE_TLS/own.pem [OWN_KEY]=$ENTRANCE_TLS/own.key
    [DOMAIN]=$(entrance_setting domain_name _) [CERTIFICATE]="" [KEY]="" [STAPLING]="" [REAL_IP]=""
    # Where nobody but the manager sees it, the manager keeps it from browsers.
    [HSTS]='add_header Strict-Transport-Security "max-age=63072000" always;'
    [PLAIN_ANSWER]="return 503;" [HTTP2]="" [UNASKED_RATE]=${GPUBOX_UNASKED_RATE:-10}
    [LISTEN_NAMED]=$(values_listen "$ENTRANCE_HTTPS_PORT" "ssl$(values_http2_flag)")
    [LISTEN_DEFAULT]=$(values_listen "$ENTRANCE_HTTPS_PORT" "ssl$(values_http2_flag) default_server $VALUES_KEEPALIVE")
    [LISTEN_PLAIN]=$(values_listen "$ENTRANCE_HTTP_PORT" "default_server")
  )
  nginx_before 1.25.1 || ENTRANCE_VALUES[HTTP2]="http2 on;"
  values_allowed
}

# Dead visitors are found out by TCP, since nothing else cuts a silent WebSocket; Google's network forgets a connection
# that is silent for ten minutes.
VALUES_KEEPALIVE="so_keepalive=60s:15s:4"

# Origins that may frame ComfyUI, with blanks; what is no origin is left out.
values_panel() {
  entrance_setting gpubox-panel-origin | tr ', ' '\n' | grep -xE 'https?://[A-Za-z0-9._:[-]+\]?(:[0-9]+)?' | paste -sd' ' -
}

# Mozilla's groups; the first needs OpenSSL 3.5.
values_curves() {
  local curves=X25519:prime256v1:secp384r1 version
  version=$(nginx -V 2>&1 | sed -n 's/.*built with OpenSSL \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  [ -z "$version" ] || [ "$((${version% *} * 100 + ${version#* }))" -lt 305 ] || curves=X25519MLKEM768:$curves
  echo "$curves"
}

# values_listen PORT FLAGS: for IPv4, and for IPv6 where there is any; the size of that file is always 0.
values_listen() {
  echo "  listen $1 $2;"
  ! read -r _ 2>/dev/null </proc/net/if_inet6 || echo "  listen [::]:$1 $2;"
}

# Since 1.25.1 a directive of its own.
values_http2_flag() {
  ! nginx_before 1.25.1 || printf ' http2'
}

# nginx_before VERSION
nginx_before() {
  local here
  here=$(nginx -v 2>&1 | sed -n 's,.*nginx/\([0-9.]*\).*,\1,p')
  [ "$here" != "$1" ] && [ "$(printf '%s\n' "$here" "$1" | sort -V | head -n 1)" = "$here" ]
}

# ALLOWED_IP as the box was started with.
values_allowed() {
  local listed
  listed=$(entrance_setting allowed_ip | tr ', ' '\n\n' | grep .)
  ENTRANCE_VALUES[LISTED]=1
  ENTRANCE_VALUES[ALLOWED]=""
  [ -n "$listed" ] || return 0
  ENTRANCE_VALUES[LISTED]=0
  ENTRANCE_VALUES[ALLOWED]=$(networks_read "$listed" | sed 's/.*/  & 1;/')
}

# A way behind Cloudflare, or possibly so: a visitor's address is what Cloudflare says, and only Cloudflare.
values_cloudflare() {
  ENTRANCE_VALUES[REAL_IP]=$(sed 's/.*/set_real_ip_from &;/' <<<"${1:-$(cloudflare_ranges)}")$'\n'"real_ip_header CF-Connecting-IP;"
}

# A way under a name of its own, with a certificate that browsers accept. values_domain CERTIFICATE KEY
values_domain() {
  local port=""
  [ "$ENTRANCE_HTTPS_PORT" = 443 ] || port=:$ENTRANCE_HTTPS_PORT
  ENTRANCE_VALUES[CERTIFICATE]=$1
  ENTRANCE_VALUES[KEY]=$2
  ENTRANCE_VALUES[PLAIN_ANSWER]="return 308 https://${ENTRANCE_VALUES[DOMAIN]}$port\$request_uri;"
  if tls_has_responder "$1"; then
    ENTRANCE_VALUES[STAPLING]=$'  ssl_stapling on;\n  resolver 169.254.169.254 ipv6=off valid=300s;'
  fi
}

# shellcheck shell=bash
# A domain and an e-mail address: a certificate from Let's Encrypt, or from another authority that speaks ACME. It lies on
# the data disk, so that a boot asks for none: authorities give out few for the same name.

LETSENCRYPT_SERVER=https://acme-v02.api.letsencrypt.org/directory
# A failed renewal is said aloud only from then on: there are days enough to try again.
LETSENCRYPT_WORRY_S=$((14 * 86400))

letsencrypt_apply() {
  local domain sentence ready=""
  domain=$(entrance_setting domain_name)
  own_certificate || return 1
  values_begin
  values_cloudflare
  entrance_answer letsencrypt "" "$ENTRANCE_TLS/own.pem"
  if letsencrypt_usable "$domain"; then
    ready=yes
  else
    hosts_forget
    # Without a certificate, port 80 is there for the authority's question, and refuses everything else.
    nginx_apply stranger plain || return 1
  fi
  if ! sentence=$(dns_judge "$domain"); then
    entrance_problem entrance_dns "$sentence"
  elif [ -z "$ready" ]; then
    letsencrypt_first "$domain" && ready=yes
  elif [ -n "${ENTRANCE_RENEWS:-}" ] || ! letsencrypt_same_authority "$domain"; then
    letsencrypt_renew "$domain"
  fi
  [ -n "$ready" ] || return 1
  values_domain "$(letsencrypt_path "$domain" fullchain)" "$(letsencrypt_path "$domain" privkey)"
  hosts_name "$domain"
  nginx_apply stranger domain plain || true
  entrance_answer letsencrypt "https://$domain" ""
}

# letsencrypt_path DOMAIN fullchain|privkey
letsencrypt_path() {
  printf '%s\n' "$ENTRANCE_TLS/letsencrypt/live/$1/$2.pem"
}

letsencrypt_usable() {
  letsencrypt_whole "$1" && tls_judge_dates "$(letsencrypt_path "$1" fullchain)" >/dev/null
}

# Whether all is there that certbot writes, the last of it too.
letsencrypt_whole() {
  tls_judge_pair "$(letsencrypt_path "$1" fullchain)" "$(letsencrypt_path "$1" privkey)" >/dev/null &&
    [ -s "$ENTRANCE_TLS/letsencrypt/renewal/$1.conf" ]
}

# Somebody who first tried with an authority for tests wants real certificates from then on.
letsencrypt_same_authority() {
  grep -qxF "server = $(letsencrypt_server)" "$ENTRANCE_TLS/letsencrypt/renewal/$1.conf"
}

letsencrypt_server() {
  entrance_setting gpubox-acme-directory "$LETSENCRYPT_SERVER"
}

# letsencrypt_first DOMAIN: 1, and a problem, where none came.
letsencrypt_first() {
  local sentence
  say "asking for a certificate for $1"
  letsencrypt_set_aside "$1"
  sentence=$(letsencrypt_ask "$1") || entrance_problem entrance_acme "$sentence"
}

# letsencrypt_renew DOMAIN: where it nears its end, which certbot decides. What is in use stays where nothing new comes.
letsencrypt_renew() {
  local sentence ends another=""
  letsencrypt_same_authority "$1" || another=--force-renewal
  sentence=$(letsencrypt_ask "$1" $another) && return 0
  say "the certificate could not be renewed: $sentence"
  if ! ends=$(tls_judge_dates "$(letsencrypt_path "$1" fullchain)" "$LETSENCRYPT_WORRY_S") || [ -n "$another" ]; then
    entrance_problem entrance_acme "${ends:+$ends }$sentence"
  fi
}

# letsencrypt_ask DOMAIN [OPTION]: for a certificate; 1 with a sentence where none came.
letsencrypt_ask() {
  local domain=$1 email said
  shift
  email=$(entrance_setting ssl_email)
  [ -n "$email" ] || {
    echo "A certificate needs an e-mail address: set SSL_EMAIL."
    return 1
  }
  have certbot || {
    echo "certbot is not installed."
    return 1
  }
  said=$(certbot certonly --webroot --webroot-path "$ENTRANCE_ACME" --domain "$domain" --cert-name "$domain" \
    --email "$email" --agree-tos --no-eff-email --key-type ecdsa --non-interactive \
    --config-dir "$ENTRANCE_TLS/letsencrypt" --work-dir "$ENTRANCE_STATE/certbot" \
    --logs-dir "$ENTRANCE_STATE/certbot/log" --server "$(letsencrypt_server)" "$@" 2>&1) && return 0
  printf '%s\n' "$said" | redact >&2
  letsencrypt_cause "$said"
  return 1
}

# What went wrong, out of certbot's many lines: the authority's own words, or that it said nothing.
letsencrypt_cause() {
  local detail
  if detail=$(grep -m 1 -oE '(Detail: |urn:ietf:params:acme:error:[a-zA-Z]+ :: ).*' <<<"$1"); then
    detail=${detail#Detail: }
    printf 'The certificate authority refused: %s\n' "$(cut -c 1-300 <<<"${detail##*urn:ietf:params:acme:error:}")"
  elif grep -qE 'Connection refused|timed out|Max retries exceeded|Name or service not known|Requesting .*: ' <<<"$1"; then
    printf 'The certificate authority at %s does not answer.\n' "$(url_host "$(letsencrypt_server)")"
  else
    printf 'certbot brought no certificate: %s\n' \
      "$(grep -v 'unexpected error occurred' <<<"$1" | grep -m 1 -E '[Ee]rror|failed' | cut -c 1-300)"
  fi
}

# letsencrypt_set_aside DOMAIN: what a power cut has left by halves, out of certbot's way, which would stumble over it.
letsencrypt_set_aside() {
  local folder=$ENTRANCE_TLS/letsencrypt part parts=()
  find "$folder/accounts" -name '*.json' -exec python3 -m json.tool {} /dev/null \; 2>&1 | grep -q . && parts+=(accounts)
  letsencrypt_whole "$1" || parts+=("live/$1" "archive/$1" "renewal/$1.conf")
  rm -rf "$folder/damaged"
  for part in "${parts[@]}"; do
    [ -e "$folder/$part" ] || continue
    mkdir -p "$(dirname "$folder/damaged/$part")" && mv "$folder/$part" "$folder/damaged/$part"
  done
}

# shellcheck shell=bash
# A domain and an e-mail address: a certificate from Let's Encrypt, or from another authority that speaks ACME. It lies on
# the data disk, so that a boot asks for none: authorities give out few for the same name.

letsencrypt_apply() {
  local domain sentence ready=""
  domain=$(entrance_setting domain_name)
  own_certificate "$(box_address)" || return 1
  values_begin
  values_cloudflare
  hosts_forget
  if letsencrypt_usable "$domain"; then
    ready=yes
  else
    # Without a certificate, port 80 is there for the authority's question, and refuses everything else.
    nginx_apply stranger plain || true
  fi
  if ! sentence=$(dns_judge "$domain"); then
    entrance_problem entrance_dns "$sentence"
  elif [ -z "$ready" ] && letsencrypt_ask "$domain"; then
    ready=yes
  fi
  if [ -z "$ready" ]; then
    entrance_answer letsencrypt "" "$ENTRANCE_TLS/own.pem"
    return 1
  fi
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
  local certificate
  certificate=$(letsencrypt_path "$1" fullchain)
  [ -f "$certificate" ] && tls_judge_dates "$certificate" >/dev/null &&
    tls_judge_pair "$certificate" "$(letsencrypt_path "$1" privkey)" >/dev/null
}

# letsencrypt_ask DOMAIN: for a certificate; 1, and a problem, where none came.
letsencrypt_ask() {
  local email said
  email=$(entrance_setting ssl_email)
  [ -n "$email" ] || {
    entrance_problem entrance_acme "A certificate needs an e-mail address: set SSL_EMAIL."
    return 1
  }
  have certbot || {
    entrance_problem entrance_acme "certbot is not installed."
    return 1
  }
  say "asking for a certificate for $1"
  said=$(letsencrypt_certbot certonly --webroot --webroot-path "$ENTRANCE_ACME" --domain "$1" --cert-name "$1" \
    --email "$email" --agree-tos --no-eff-email --key-type ecdsa 2>&1) && return 0
  printf '%s\n' "$said" | redact >&2
  entrance_problem entrance_acme "$(letsencrypt_cause "$said")"
}

# Where it nears its end; certbot decides, and nginx hears of it when the entrance is applied afterwards.
letsencrypt_renew() {
  local said
  have certbot && [ -d "$ENTRANCE_TLS/letsencrypt/renewal" ] || return 0
  said=$(letsencrypt_certbot renew --no-random-sleep-on-renew 2>&1) || {
    printf '%s\n' "$said" | redact >&2
    say "the certificate could not be renewed; the timer tries again"
  }
}

letsencrypt_certbot() {
  local command=$1 server
  shift
  server=$(entrance_setting gpubox-acme-directory https://acme-v02.api.letsencrypt.org/directory)
  certbot "$command" --non-interactive --quiet --config-dir "$ENTRANCE_TLS/letsencrypt" \
    --work-dir "$ENTRANCE_STATE/certbot" --logs-dir "$ENTRANCE_STATE/certbot/log" --server "$server" "$@"
}

# What the authority said, out of certbot's many lines.
letsencrypt_cause() {
  local line
  line=$(grep -m 1 -oE '(Detail|urn:ietf:params:acme:error:[a-zA-Z]+ ::|Some challenges have failed|Connection refused|[A-Za-z.]*Error).*' <<<"$1" |
    cut -c 1-300)
  printf 'The certificate authority gave none. %s\n' "${line:-The log says why.}"
}

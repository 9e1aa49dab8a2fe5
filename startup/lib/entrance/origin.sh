# shellcheck shell=bash
# A Cloudflare origin certificate: fetched at each boot, checked before it is used, and the last good pair kept for the
# boots at which it cannot be fetched.

origin_apply() {
  local domain folder=$ENTRANCE_TLS/origin
  domain=$(entrance_setting domain_name)
  own_certificate || return 1
  install -d -m 0700 "$folder"
  origin_fetch "$domain" "$folder" || true
  cloudflare_refresh
  values_begin
  values_cloudflare
  if ! origin_judge "$domain" "$folder/certificate.pem" "$folder/key.pem" >/dev/null 2>&1; then
    hosts_forget
    nginx_apply stranger plain || true
    entrance_answer origin "" "$ENTRANCE_TLS/own.pem"
    return 1
  fi
  values_domain "$folder/certificate.pem" "$folder/key.pem"
  hosts_name "$domain"
  nginx_apply stranger domain plain || true
  entrance_answer origin "https://$domain" ""
}

# origin_fetch DOMAIN FOLDER: a pair that is good replaces the one that is there.
origin_fetch() {
  local sentence new=$2/new
  rm -rf "$new"
  sentence=$(fetch_private "$(entrance_setting cf_cert_path)" "$new/certificate.pem" &&
    fetch_private "$(entrance_setting cf_key_path)" "$new/key.pem") || {
    entrance_problem entrance_certificate "$sentence"
    rm -rf "$new"
    return 1
  }
  if origin_report "$1" "$new/certificate.pem" "$new/key.pem"; then
    mv -f "$new/key.pem" "$new/certificate.pem" "$2/"
  fi
  rm -rf "$new"
}

# origin_report DOMAIN CERTIFICATE KEY: the judgement as a problem.
origin_report() {
  local sentence code=entrance_certificate
  sentence=$(origin_judge "$@") && return 0
  [ "$sentence" != "The key belongs to another certificate." ] || code=entrance_key
  entrance_problem "$code" "$sentence"
}

# origin_judge DOMAIN CERTIFICATE KEY
origin_judge() {
  tls_judge_pair "$2" "$3" && tls_judge_dates "$2" && tls_judge_name "$2" "$1"
}

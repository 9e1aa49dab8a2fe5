# shellcheck shell=bash
# Certificates and keys, with openssl. Functions that judge print a sentence and return 1 where something is wrong.

# tls_self_signed CERTIFICATE KEY NAME: a pair of its own for the box, for two years; the key for root only.
tls_self_signed() {
  local certificate=$1 key=$2 name=$3 made
  made=$(mktemp -d "$(dirname "$certificate")/.new.XXXXXX") || return 1
  (
    umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 730 \
      -subj "/CN=${name:0:64}" -keyout "$made/key.pem" -out "$made/certificate.pem" \
      -addext "subjectAltName=DNS:$name" -addext "basicConstraints=critical,CA:FALSE" \
      -addext "keyUsage=critical,digitalSignature" -addext "extendedKeyUsage=serverAuth"
  ) 2>/dev/null && mv "$made/key.pem" "$key" && mv "$made/certificate.pem" "$certificate"
  local status=$?
  rm -rf "$made"
  return "$status"
}

# tls_judge_pair CERTIFICATE KEY: whether they belong together.
tls_judge_pair() {
  local of_certificate of_key
  of_certificate=$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null) || {
    echo "The certificate is not one: PEM is expected, beginning with BEGIN CERTIFICATE."
    return 1
  }
  of_key=$(openssl pkey -in "$2" -passin pass: -pubout 2>/dev/null) || {
    echo "The key is not one: PEM without a passphrase is expected, beginning with BEGIN PRIVATE KEY."
    return 1
  }
  [ "$of_certificate" = "$of_key" ] || {
    echo "The key belongs to another certificate."
    return 1
  }
}

# tls_judge_dates CERTIFICATE [SECONDS]: whether it is valid now and for so long.
tls_judge_dates() {
  local said good begins ends
  said=$(openssl x509 -in "$1" -noout -startdate -enddate -checkend "${2:-0}")
  good=$?
  begins=$(sed -n 's/^notBefore=//p' <<<"$said") ends=$(sed -n 's/^notAfter=//p' <<<"$said")
  [ -n "$ends" ] || return 1
  if [ "$(date -d "$begins" +%s)" -gt "$(date +%s)" ]; then
    echo "The certificate is valid only from $begins."
    return 1
  fi
  [ "$good" = 0 ] || {
    echo "The certificate ends, or has ended, at $ends."
    return 1
  }
}

# tls_judge_name CERTIFICATE DOMAIN: whether it covers the name, wildcards included.
tls_judge_name() {
  # Its exit status is 0 whatever it finds.
  openssl x509 -in "$1" -noout -checkhost "$2" 2>/dev/null | grep -q 'does match' || {
    echo "The certificate does not cover $2, but $(tls_names "$1")."
    return 1
  }
}

# The names and addresses a certificate is for, with commas.
tls_names() {
  openssl x509 -in "$1" -noout -ext subjectAltName 2>/dev/null | sed -n '2,$s/^ *//p' | sed 's/DNS://g; s/IP Address://g' |
    paste -sd' ' - | sed 's/^$/no name at all/'
}

# tls_has_responder CERTIFICATE: whether its authority can be asked about its revocation, so that stapling makes sense.
tls_has_responder() {
  [ -n "$(openssl x509 -in "$1" -noout -ocsp_uri 2>/dev/null)" ]
}

# tls_fingerprint CERTIFICATE: the SHA-256 of its DER bytes, in hexadecimal.
tls_fingerprint() {
  openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr '[:upper:]' '[:lower:]'
}

# shellcheck shell=bash
# What the manager is told: the guest attributes `entrance` and `problem` (docs/box.md).

ENTRANCE_PROBLEM=""
ENTRANCE_WAY=none
ENTRANCE_URL=""
ENTRANCE_PEM=""

# entrance_problem CODE SENTENCE: keeps the first one, which is the cause of the others. Always 1.
entrance_problem() {
  if [ -n "$ENTRANCE_PROBLEM" ]; then
    say "$1: $2"
  else
    ENTRANCE_PROBLEM="$1: $2"
  fi
  return 1
}

# entrance_answer WAY URL CERTIFICATE: what is so; an empty URL or certificate is null.
entrance_answer() {
  ENTRANCE_WAY=$1
  ENTRANCE_URL=$2
  ENTRANCE_PEM=$3
}

# Tell it. 1 where there is a problem.
entrance_tell() {
  tell entrance "$(entrance_json)"
  if [ -n "$ENTRANCE_PROBLEM" ]; then
    problem_set entrance "${ENTRANCE_PROBLEM%%:*}" "${ENTRANCE_PROBLEM#*: }"
    retry_later "${ENTRANCE_PROBLEM%%:*}"
    return 1
  fi
  problem_clear entrance
  retry_no_more
}

entrance_json() {
  local url=null pem=null sha256="" problem=null
  [ -z "$ENTRANCE_URL" ] || url=$(json_string "$ENTRANCE_URL")
  if [ -n "$ENTRANCE_PEM" ] && [ -f "$ENTRANCE_PEM" ]; then
    pem=$(json_string "$(openssl x509 -in "$ENTRANCE_PEM")")
    sha256=$(tls_fingerprint "$ENTRANCE_PEM")
  fi
  [ -z "$ENTRANCE_PROBLEM" ] || problem=$(json_string "${ENTRANCE_PROBLEM%%:*}")
  json_object way "$(json_string "$ENTRANCE_WAY")" url "$url" certificate "$pem" sha256 "$(json_string "$sha256")" \
    problem "$problem"
}

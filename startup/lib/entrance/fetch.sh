# shellcheck shell=bash
# Fetching what the settings name: gs://BUCKET/OBJECT, https://…, secret://PROJECT/NAME. Google's are asked as the VM's
# service account. No token and no content ever stands on a command line or in a message.

FETCH_PATIENCE=30

# fetch_private ADDRESS FILE: into a file for root only; 1 with a sentence on standard output.
fetch_private() {
  local address=$1 file=$2 status=0 sentence
  case $address in
    gs://?*/?* | https://?* | secret://?*/?*) ;;
    "")
      echo "An address is missing: gs://BUCKET/OBJECT, https://HOST/PATH or secret://PROJECT/NAME."
      return 1
      ;;
    *)
      echo "$address is none of gs://BUCKET/OBJECT, https://HOST/PATH and secret://PROJECT/NAME."
      return 1
      ;;
  esac
  mkdir -p "$(dirname "$file")"
  sentence=$(
    umask 077
    trap 'rm -f "$file.new"' EXIT
    case $address in
      gs://*) fetch_object "${address#gs://}" >"$file.new" ;;
      secret://*) fetch_secret "${address#secret://}" >"$file.new" ;;
      *) fetch_web "$address" >"$file.new" ;;
    esac 2>&1 && mv "$file.new" "$file"
  ) || status=$?
  [ "$status" = 0 ] || {
    echo "$address could not be read: ${sentence:-no answer}."
    return 1
  }
}

fetch_web() {
  fetch_curl "$1" </dev/null
}

fetch_object() {
  local bucket=${1%%/*} object=${1#*/}
  fetch_as_account "$ENTRANCE_STORAGE/storage/v1/b/$(url_part "$bucket")/o/$(url_part "$object")?alt=media"
}

# Secret Manager answers with JSON around base64.
fetch_secret() {
  local project=${1%%/*} name=${1#*/} answer
  answer=$(fetch_as_account \
    "$ENTRANCE_SECRETS/v1/projects/$(url_part "$project")/secrets/$(url_part "$name")/versions/latest:access") || return 1
  jq -er .payload.data <<<"$answer" | base64 --decode
}

fetch_as_account() {
  local token
  token=$(account_token) || {
    echo "the VM has no service account, or its metadata server does not answer" >&2
    return 1
  }
  printf 'header = "Authorization: Bearer %s"\n' "$token" | fetch_curl "$1"
}

account_token() {
  metadata_get service-accounts/default/token 2>/dev/null | jq -er .access_token 2>/dev/null
}

# Further settings of curl's come on standard input. Says in words what went wrong.
fetch_curl() {
  local body code
  body=$(mktemp) || return 1
  code=$(curl --silent --location --proto '=https,http' --proto-redir '=https' --max-time "$FETCH_PATIENCE" --retry 2 \
    --max-filesize 1000000 --config - --output "$body" --write-out '%{http_code}' "$1") || code=000
  if [ "$code" = 200 ]; then
    cat "$body"
    rm -f "$body"
    return 0
  fi
  rm -f "$body"
  case $code in
    000) echo "no answer from $(url_host "$1")" ;;
    401 | 403) echo "the VM's service account may not read it (HTTP $code)" ;;
    404) echo "there is nothing at this address (HTTP 404)" ;;
    *) echo "HTTP $code" ;;
  esac >&2
  return 1
}

url_part() {
  jq -rn --arg text "$1" '$text | @uri'
}

url_host() {
  local rest=${1#*://}
  printf '%s\n' "${rest%%/*}"
}

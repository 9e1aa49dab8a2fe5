# shellcheck shell=bash
# JSON without a program for it: on a fresh image there is none yet when the first words have to be said.

# Prints TEXT as a JSON string. Bytes that are no UTF-8 and control characters other than tab and newline are left out.
json_string() {
  local text=$1 LC_ALL=C
  # What is plain need not be cleaned.
  if [[ $text == *[!\ -~$'\t\n']* ]]; then
    text=$(printf '%s' "$1" | iconv -c -f UTF-8 -t UTF-8 | tr -d '\000-\010\013-\037\177' && echo .)
    text=${text%.}
  fi
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\t'/\\t}
  printf '"%s"' "${text//$'\n'/\\n}"
}

# Prints KEY VALUE KEY VALUE … as an object whose values are JSON already.
json_object() {
  local separator=
  printf '{'
  while [ $# -gt 1 ]; do
    printf '%s%s:%s' "$separator" "$(json_string "$1")" "$2"
    separator=,
    shift 2
  done
  printf '}'
}

# shellcheck shell=bash
# Templates into files: only names of ENTRANCE_VALUES are replaced, and one that is none of them is an error.

# render_all FOLDER SERVER…: a whole configuration with these servers.
render_all() {
  local folder=$1 template server
  shift
  mkdir -p "$folder/servers" "$folder/pages" || return 1
  render_pages "$folder/pages" || return 1
  for template in "$ENTRANCE_TEMPLATES"/*.template; do
    render_one "$template" "$folder/$(basename "$template" .template)" || return 1
  done
  for server in assets rendered "$@"; do
    render_one "$ENTRANCE_TEMPLATES/servers/$server.conf.template" "$folder/servers/$server.conf" || return 1
  done
}

# The pages, and for each the one policy under which its script and its style may run.
render_pages() {
  local page name
  cp "$ENTRANCE_TEMPLATES"/pages/*.json "$1/" || return 1
  for page in "$ENTRANCE_TEMPLATES"/pages/*.html; do
    name=$(basename "$page" .html)
    render_one "$page" "$1/$name.html" || return 1
    ENTRANCE_VALUES[CSP_${name^^}]="default-src 'none'; script-src '$(render_hash script "$1/$name.html")'; style-src \
'$(render_hash style "$1/$name.html")'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors ${ENTRANCE_VALUES[PANEL]}"
  done
}

# render_hash ELEMENT PAGE: of what the element holds, as a policy names it; 'none' where there is no such element.
render_hash() {
  local text
  text=$(<"$2")
  case $text in
    *"<$1>"*) ;;
    *)
      echo none
      return
      ;;
  esac
  text=${text#*"<$1>"}
  printf 'sha256-%s' "$(printf '%s' "${text%%"</$1>"*}" | openssl dgst -sha256 -binary | base64)"
}

# render_one TEMPLATE FILE
render_one() {
  local text name
  text=$(<"$1") || return 1
  for name in "${!ENTRANCE_VALUES[@]}"; do
    text=${text//"@$name@"/"${ENTRANCE_VALUES[$name]}"}
  done
  if [[ $text =~ @[A-Z][A-Z0-9_]*@ ]]; then
    say "$1 names ${BASH_REMATCH[0]}, which is not known"
    return 1
  fi
  printf '%s\n' "$text" >"$2"
}

# shellcheck shell=bash
# What the metadata server says: read once at each boot into small files, so that every part of the box can read it,
# also where the server is silent.

METADATA="http://${GCE_METADATA_HOST:-169.254.169.254}/computeMetadata/v1/instance"
# Large, and of no use to a service.
METADATA_LEFT_OUT='^(gpubox-bundle|startup-script|shutdown-script|ssh-keys|user-data)$'

metadata_get() {
  curl -fsS --noproxy '*' --connect-timeout 2 --max-time 20 -H "Metadata-Flavor: Google" "$METADATA/$1"
}

# Prints an attribute as it was last read, or DEFAULT.
attribute() {
  if [ -f "$VAR/attributes/$1" ]; then
    file_text "$VAR/attributes/$1"
  else
    printf %s "${2:-}"
  fi
}

# Reads all attributes and writes box.json. With a silent server the last ones stay in force.
metadata_read() {
  local keys new=$VAR/attributes.new
  if ! keys=$(metadata_get attributes/); then
    say "the metadata server is silent; going on with what it said last"
    return 1
  fi
  rm -rf "$new" && mkdir -p "$new"
  keys=$(grep -E '^[A-Za-z0-9_-]+$' <<<"$keys" | grep -vE "$METADATA_LEFT_OUT")
  metadata_fetch "$new" "$keys" || return 1
  rm -rf "$VAR/attributes" && mv -T "$new" "$VAR/attributes"
  box_json | write_changed "$ETC/box.json" || true
}

# All in one call of curl, which keeps its connection: two dozen of them would cost a second. It gives up at the first that
# does not come, or its exit status would be that of the last: without `allowed_ip`, everybody is.
metadata_fetch() {
  local folder=$1 keys=$2 key name
  {
    for key in $keys; do
      printf 'url = "%s/attributes/%s"\noutput = "%s/%s"\n' "$METADATA" "$key" "$folder" "$key"
    done
    for name in id name zone machine-type; do
      printf 'url = "%s/%s"\noutput = "%s/.%s"\n' "$METADATA" "$name" "$folder" "$name"
    done
  } | curl -fsS --fail-early --noproxy '*' --max-time 30 --retry 3 -H "Metadata-Flavor: Google" -K -
}

# What services start from: {"attributes": {…}, "instance": {"id", "name", "zone", "machine-type"}}, all strings.
box_json() {
  local file attributes=() instance=()
  for file in "$VAR"/attributes/*; do
    [ -f "$file" ] && attributes+=("${file##*/}" "$(json_string "$(file_text "$file")")")
  done
  for file in id name zone machine-type; do
    [ -f "$VAR/attributes/.$file" ] || continue
    instance+=("$file" "$(json_string "$(sed 's,.*/,,' "$VAR/attributes/.$file")")")
  done
  json_object attributes "$(json_object "${attributes[@]}")" instance "$(json_object "${instance[@]}")"
  echo
}

# shellcheck shell=bash
# Cloudflare's published ranges: shipped with a date, fetched anew at most daily.

CLOUDFLARE_LISTS=${GPUBOX_CLOUDFLARE_LISTS:-https://www.cloudflare.com/ips-v4 https://www.cloudflare.com/ips-v6}

# One range a line.
cloudflare_ranges() {
  local kept=$ENTRANCE_STATE/cloudflare-ranges.txt
  [ -s "$kept" ] || kept=$ENTRANCE_TEMPLATES/cloudflare-ranges.txt
  grep -v '^#' "$kept"
}

# Fetch newer ones where the list is older than a day. What cannot be fetched, or is no list, changes nothing.
cloudflare_refresh() {
  local kept=$ENTRANCE_STATE/cloudflare-ranges.txt list lists
  [ -z "$(find "$kept" -mmin -1440 2>/dev/null)" ] || return 0
  # shellcheck disable=SC2086 # one word for each list
  lists=$(for list in $CLOUDFLARE_LISTS; do curl --silent --fail --max-time 10 "$list" && echo || exit 1; done) || return 0
  lists=$(grep . <<<"$lists")
  # A range that is missing takes visitors' addresses away, and one that is too wide believes strangers.
  cloudflare_is_list "$lists" || return 0
  mkdir -p "$(dirname "$kept")"
  printf '%s\n' "$lists" >"$kept.new" && mv "$kept.new" "$kept"
}

# cloudflare_is_list LISTS: at least ten ranges, each in full on a line of its own, and none of half the internet.
cloudflare_is_list() {
  local read
  read=$(networks_read "$1" 2>/dev/null)
  [ "$(wc -l <<<"$read")" -ge 10 ] && [ "$read" = "$1" ] && ! grep -qE '/[0-7]$' <<<"$read"
}

# cloudflare_owns ADDRESS
cloudflare_owns() {
  cloudflare_ranges | python3 -c 'import ipaddress, sys
address = ipaddress.ip_address(sys.argv[1])
sys.exit(not any(address in ipaddress.ip_network(line.strip()) for line in sys.stdin))' "$1"
}

# networks_read LIST: each address or range in full, one a line; what is none is left out, with a word in the log.
networks_read() {
  python3 -c 'import ipaddress, sys
for text in sys.argv[1].split():
    try:
        print(ipaddress.ip_network(text, strict=False))
    except ValueError:
        print(f"{text} is no address and no range", file=sys.stderr)' "$1"
}

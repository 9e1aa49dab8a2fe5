# shellcheck shell=bash
# The box's own addresses, and what the world's DNS says of its name.

# What the metadata server says of the first network interface.
interface_get() {
  metadata_get "network-interfaces/0/$1" 2>/dev/null
}

# The address that the internet sees; without one, the address in Google's network.
box_address() {
  local address
  address=$(interface_get access-configs/0/external-ip)
  [ -n "$address" ] || address=$(interface_get ip)
  case $address in
    *[!0-9.]* | "") return 1 ;;
    *) printf '%s\n' "$address" ;;
  esac
}

# All of them, one a line: what a DNS record may point to.
box_addresses() {
  box_address
  interface_get ipv6s
  echo
}

# dns_judge NAME: whether the name leads to this box, as far as can be told; else a sentence with both addresses.
dns_judge() {
  local name=$1 own found address astray=""
  own=$(box_addresses | grep .) || {
    echo "This box has no address that could be read from the metadata server."
    return 1
  }
  found=$(dns_addresses "$name") || {
    echo "$name cannot be looked up: no name server answers."
    return 1
  }
  [ -n "$found" ] || {
    echo "$name has no address in DNS. It should be $(first_line "$own")."
    return 1
  }
  while IFS= read -r address; do
    grep -qxF -- "$address" <<<"$own" || cloudflare_owns "$address" || astray=$address
  done <<<"$found"
  [ -z "$astray" ] || {
    echo "$name gives $(paste -sd' ' - <<<"$found"), but this box is $(first_line "$own")."
    return 1
  }
}

# dns_addresses NAME: from the name servers themselves, one a line; /etc/hosts would only give our own entry back.
dns_addresses() {
  python3 "$ENTRANCE_LIB/entrance/resolve.py" "$1" ${ENTRANCE_RESOLVER:+"$ENTRANCE_RESOLVER"}
}

first_line() {
  printf '%s\n' "${1%%$'\n'*}"
}

# hosts_name NAME: let programs of this box find its public name without asking DNS. Never a loopback address: ComfyUI
# takes a name that leads there for this machine's own, and refuses pages whose Origin is another.
hosts_name() {
  local address
  address=$(interface_get ip)
  case $address in
    "" | 127.* | *[!0-9.]*) return 0 ;;
  esac
  touch "$ENTRANCE_HOSTS"
  hosts_write "$address $1 # gpubox"
}

hosts_forget() {
  [ ! -e "$ENTRANCE_HOSTS" ] || hosts_write ""
}

# Written in place: in a container the file may be a mount, which cannot be replaced.
hosts_write() {
  local others
  others=$(grep -v '# gpubox$' "$ENTRANCE_HOSTS")
  [ "$(<"$ENTRANCE_HOSTS")" = "$others${1:+${others:+$'\n'}$1}" ] ||
    printf '%s\n' "$others${1:+${others:+$'\n'}$1}" >"$ENTRANCE_HOSTS"
}

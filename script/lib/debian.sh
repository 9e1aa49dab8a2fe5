# shellcheck shell=bash
# Programs that are no Python packages: installed from Debian where that is possible, named where it is not.

# PostgreSQL's programs lie in a folder of their own.
program_is_here() {
  command -v "$1" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null
}

packages_missing() {
  local each
  for each in "$@"; do
    program_is_here "${each%%:*}" || printf '%s ' "${each##*:}"
  done
}

# debian_ensure PROGRAM:PACKAGE…: installs the packages whose programs are not here.
debian_ensure() {
  local missing log
  missing=$(packages_missing "$@")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "Not installed: ${missing% }. What needs them is skipped. On Debian or Ubuntu: sudo apt-get install ${missing% }"
    return 0
  fi
  say "Installing from Debian: ${missing% }…"
  log=$(mktemp)
  # shellcheck disable=SC2086 # one word for each package
  if ! { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing; } \
    </dev/null >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    say "Debian's packages could not be installed; what needs them is skipped: ${missing% }"
  fi
  rm -f "$log"
}

# shellcheck shell=bash
# The virtual environment in .venv, and what is installed in it.
#
# `.venv/installed/NAME.txt` is a copy of the requirements that were installed, written last: as long as it equals
# requirements/NAME.txt, there is nothing to do. `.venv/installing` stands while an installation runs; whoever finds
# it left over, starts anew.

VENV=.venv

# What each list contains besides its own: with dev installed, run is too.
venv_lists_with() {
  case $1 in
    run) echo "run demo dev" ;;
    demo) echo "demo dev" ;;
    *) echo "$1" ;;
  esac
}

venv_has() {
  local list
  [ -x "$VENV/bin/python" ] && [ ! -e "$VENV/installing" ] || return 1
  for list in $(venv_lists_with "$1"); do
    if cmp -s "requirements/$list.txt" "$VENV/installed/$list.txt"; then
      return 0
    fi
  done
  return 1
}

venv_create() {
  local python
  if [ -x "$VENV/bin/python" ] && [ ! -e "$VENV/installing" ]; then
    return
  fi
  python=$(find_python)
  rm -rf "$VENV"
  "$python" -m venv "$VENV" || die "$python could not make a virtual environment in $VENV (see above)."
}

# The `gpubox` command, and the project itself by a path relative to site-packages, so that the folder may be moved.
venv_link_project() {
  local packages
  packages=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  echo '../../../..' >"$packages/gpubox.pth"
  # shellcheck disable=SC2016 # $0 and $@ are the written file's
  printf '%s\n' '#!/bin/sh' 'exec "$(dirname "$(readlink -f "$0")")/python" -m manager "$@"' >"$VENV/bin/gpubox.new"
  chmod +x "$VENV/bin/gpubox.new"
  mv "$VENV/bin/gpubox.new" "$VENV/bin/gpubox"
}

# Reads pip's output; on a terminal it shows one moving line.
venv_show_progress() {
  local total=$1 count=0 line
  while IFS= read -r line; do
    case $line in
      Collecting\ * | Requirement\ already\ *)
        count=$((count + 1))
        line=${line#Collecting }
        line=${line#Requirement already satisfied: }
        progress "$count of $total: ${line%%[= ]*}"
        ;;
      Installing\ collected\ *) progress "unpacking $total packages" ;;
    esac
  done
  progress ""
}

progress() {
  if [ -t 2 ]; then
    printf '\r\033[K%s' "$1" >&2
  fi
}

venv_pip_install() {
  local list=requirements/$1.txt log=$VENV/install.log total
  total=$(grep -c '^[a-z]' "$list")
  say "Installing $total packages into $VENV (once; about a minute)…"
  if ! "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes \
    -r "$list" 2>&1 | tee "$log" | venv_show_progress "$total"; then
    tail -n 12 "$log" >&2
    die "pip could not install $list (all of its output: $log). Nothing else is needed than to try again."
  fi
}

# Makes sure that .venv has what requirements/$1.txt lists. Done before: costs a file comparison.
venv_ensure() {
  if venv_has "$1"; then
    return
  fi
  venv_create
  touch "$VENV/installing"
  rm -rf "$VENV/installed"
  venv_pip_install "$1"
  venv_link_project
  mkdir -p "$VENV/installed"
  cp "requirements/$1.txt" "$VENV/installed/$1.txt"
  rm -f "$VENV/installing"
}

# shellcheck shell=bash
# Finds a Python that fits: 3.11 or newer, and able to make a virtual environment.

PYTHONS="python3.13 python3.12 python3.11 python3 python"

python_is_new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python_makes_venvs() {
  "$1" -c 'import ensurepip, venv' 2>/dev/null
}

python_version() {
  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

# Prints the first Python that fits. Without one, says which was found and what to install. $PYTHON, if set, is the
# only one that is looked at.
find_python() {
  local candidate version old="" without_venv=""
  for candidate in ${PYTHON:-$PYTHONS}; do
    version=$(python_version "$candidate")
    if [ -z "$version" ]; then
      continue
    elif ! python_is_new_enough "$candidate"; then
      old=${old:-$version}
    elif ! python_makes_venvs "$candidate"; then
      without_venv=${without_venv:-$version}
    else
      printf '%s\n' "$candidate"
      return
    fi
  done
  if [ -n "$without_venv" ]; then
    die "Python $without_venv is here, but without venv and pip. On Debian or Ubuntu: apt install python$without_venv-venv"
  elif [ -n "$old" ]; then
    die "Python 3.11 or newer is needed; found only $old. Install a newer one beside it, or name it: PYTHON=/path/to/python3.11"
  fi
  die "Python 3.11 or newer is needed, and none was found. On Debian or Ubuntu: apt install python3 python3-venv"
}

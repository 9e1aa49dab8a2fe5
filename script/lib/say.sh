# shellcheck shell=bash
# How the scripts speak: plain lines on standard error, so that what a program prints stays its own.

say() {
  printf '%s\n' "$*" >&2
}

# One line that says what is wrong and what to do; then the end.
die() {
  say "gpubox: $*"
  exit 1
}

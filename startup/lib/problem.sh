# shellcheck shell=bash
# What is wrong, in one code and one detail. Several parts may have something to say at once; the panel shows the one that
# matters most.

PROBLEM_SOURCES="script bundle disk driver packages agent comfyui update entrance space"

# problem_set SOURCE CODE DETAIL: something is wrong with SOURCE. The codes are those of manager/messages/box.py; the
# detail is a sentence.
problem_set() {
  mkdir -p "$RUN/problems"
  printf '%s: %s' "$2" "$(redact <<<"${3//$'\n'/ }" | cut -b 1-400 | iconv -c -f UTF-8 -t UTF-8 | sed 's/[^.!?]$/&./')" >"$RUN/problems/.$1.$BASHPID"
  mv -f "$RUN/problems/.$1.$BASHPID" "$RUN/problems/$1"
  say "problem $(cat "$RUN/problems/$1")"
  tell problem "$(problem_current)"
}

# Says it only where it is news.
problem_set_once() {
  [ "$(cat "$RUN/problems/$1" 2>/dev/null)" = "$2: ${3%.}." ] || problem_set "$@"
}

problem_clear() {
  [ -e "$RUN/problems/$1" ] || return 0
  rm -f "$RUN/problems/$1"
  tell problem "$(problem_current)"
}

# Prints `code: detail` of what matters most, nothing where all is well.
problem_current() {
  local source
  for source in $PROBLEM_SOURCES; do
    [ -f "$RUN/problems/$source" ] && file_text "$RUN/problems/$source" && return
  done
  return 0
}

# Credentials in addresses and the like, out of what leaves the box. (secret://PROJECT/NAME is an address, no secret.)
redact() {
  sed -E -e 's,//[^/@[:space:]]*@,//***@,g' \
    -e 's/((token|secret|password|passwd|signature|authorization)["'\'']?[=:][[:space:]]*["'\'']?(bearer )?)([^[:space:]&"/]|\/[^/[:space:]&"])[^[:space:]&"]*/\1***/Ig'
}

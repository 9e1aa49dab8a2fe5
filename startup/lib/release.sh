# shellcheck shell=bash
# Installations of ComfyUI. Each lies in a folder of its own that is named after what it was made from; the file `complete`
# is written last, so a folder without it is unfinished and never run. /mnt/comfyui/current links to the one in force.
#
#   ComfyUI/    the clone          venv/       its environment       help.txt    the flags that it knows
#   complete    all of it is on the disk          answered    it has answered once
#   refused     it was put in force, and did not answer

RELEASES=$DATA/releases
# Raised where older installations do not have what this script expects of one.
RELEASE_FORMAT=1

# Sets RELEASE, and WANTED for whoever remembers it, to the folder that is wanted.
release_choose() {
  local ref variant
  ref=$(attribute gpubox-comfyui-ref)
  RELEASE=$RELEASES/$ref-$(release_digest "$TORCH_VARIANT")
  WANTED=$RELEASE
  [ "$GPU" = no ] || return 0
  # One that was made for a GPU runs without one too; no need to make another.
  for variant in cu130 cu126; do
    if [ -e "$RELEASES/$ref-$(release_digest "$variant")/complete" ]; then
      RELEASE=$RELEASES/$ref-$(release_digest "$variant")
    fi
  done
  WANTED=$RELEASE
}

# What makes two installations of one tag different. Mirrors do not.
release_digest() {
  printf '%s\n' "$RELEASE_FORMAT" "$(attribute gpubox-comfyui-git)" "$(attribute gpubox-python)" "$1" |
    sha256sum | cut -c 1-8
}

# The folder in force, or nothing.
release_current() {
  local folder
  folder=$(readlink "$DATA/current") && [ -e "$folder/complete" ] && echo "$folder"
}

# Whether it can be run as it is. The Python below it may have gone with another boot disk. Root runs nothing of what was
# installed, and not even its Python, which a custom node's requirements may have replaced.
release_is_whole() {
  [ -e "$1/complete" ] || return 1
  [ "$1" != "$RELEASE_SEEN_WHOLE" ] || return 0
  as_comfyui "$1/venv/bin/python" -I -S -c '' 2>/dev/null && RELEASE_SEEN_WHOLE=$1
}
# Four steps ask.
RELEASE_SEEN_WHOLE=

# fail CODE DETAIL: remembers why, for whoever reports it.
# shellcheck disable=SC2034 # the steps read them
fail() {
  FAILED_CODE=$1
  FAILED_DETAIL=$2
  return 1
}

# The last line of the log that says something.
last_words() {
  grep -v '^[[:space:]]*$' "$LOG" | tail -n 1 | sed 's/^ *//' | cut -c 1-300
}

# Removes everything but what is wanted, what is in force, and what was before it.
releases_tidy() {
  local folder
  for folder in "$RELEASES"/*; do
    case $folder in
      "$WANTED" | "$(readlink "$DATA/current")" | "$(readlink "$DATA/previous")" | "$RELEASES/*") ;;
      *) echo "removing $folder" && rm -rf "$folder" ;;
    esac
  done
}

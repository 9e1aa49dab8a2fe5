# shellcheck shell=bash
# systemd's units, and other small files in /etc: copied where they differ, enabled where they ask for it.

UNITS_CHANGED=

# Units that are started by what they wait for: ComfyUI by the step `start`, the tunnel by the step `entrance`, this
# script's own by timers and watchers, the mount by the step `disk`.
UNITS_NOT_STARTED='^(comfyui|gpubox-(tunnel|provision|fsck|report|space)\.service|.*\.mount$)'

units_install() {
  local file name
  folders_ensure
  for file in "$BUNDLE"/systemd/*; do
    name=${file##*/}
    [[ $name =~ \.(service|socket|timer|path|target|slice)$ ]] || continue
    write_changed "$UNITS/$name" <"$file" && units_changed_add "$name"
  done
  etc_install
  if [ -n "$UNITS_CHANGED" ]; then
    systemctl daemon-reload
    units_enable
  fi
}

units_changed_add() {
  UNITS_CHANGED+=" $*"
}

# Everything below startup/etc/ is copied to /etc/.
etc_install() {
  local file target
  while IFS= read -r file; do
    target=/etc/${file#"$BUNDLE"/etc/}
    mkdir -p "${target%/*}"
    write_changed "$target" <"$file" || continue
    case $target in
      /etc/systemd/system/*) units_changed_add "$(basename "${target%/*}" .d)" ;;
      /etc/systemd/journald.conf.d/*) systemctl try-restart systemd-journald.service ;;
      /etc/tmpfiles.d/*) systemd-tmpfiles --create "$target" ;;
    esac
  done < <(find "$BUNDLE/etc" -type f)
}

units_with_install() {
  local file
  for file in "$BUNDLE"/systemd/*.*; do
    [[ $file == *.template ]] || ! grep -q '^\[Install\]' "$file" || echo "${file##*/}"
  done
}

units_enable() {
  local names
  mapfile -t names < <(units_with_install)
  [ ${#names[@]} -eq 0 ] || systemctl --quiet --no-reload enable "${names[@]}"
  systemctl daemon-reload
}

# Units that run in the agent's environment.
units_of_agent() {
  grep -l '/opt/gpubox/agent/current' "$BUNDLE"/systemd/*.service 2>/dev/null | xargs -r -n 1 basename
}

# Starts what is enabled and not running, and restarts what has changed. A unit that fails is its own affair: it has
# conditions and restarts of its own.
units_start() {
  local name to_start=() to_restart=()
  for name in $(units_with_install); do
    [[ $name =~ $UNITS_NOT_STARTED ]] && continue
    if [[ " $UNITS_CHANGED " == *" $name "* ]] && systemctl is-active --quiet "$name"; then
      to_restart+=("$name")
    else
      to_start+=("$name")
    fi
  done
  [ ${#to_start[@]} -eq 0 ] || systemctl --no-block start "${to_start[@]}" || true
  [ ${#to_restart[@]} -eq 0 ] || systemctl --no-block restart "${to_restart[@]}" || true
}

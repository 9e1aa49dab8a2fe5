# shellcheck shell=bash
# Running ComfyUI: its arguments, its custom nodes, putting an installation in force, and taking it back.

COMFYUI_URL=http://127.0.0.1:8188
ANSWERS_WITHIN_S=${GPUBOX_ANSWERS_WITHIN_S:-300}
# So many restarts say that waiting longer is of no use; fewer of one that has never answered.
RESTARTS_ENOUGH=4
RESTARTS_ENOUGH_NEW=2

# Step `nodes`: the presence node and whatever else comes in the bundle, the Manager's level, further model folders.
nodes_ready() {
  local node name
  for node in "$BUNDLE"/custom_nodes/*/; do
    name=$(basename "$node")
    rm -rf "$DATA/base/custom_nodes/$name.new"
    [ -L "$DATA/base/custom_nodes/$name" ] || rm -rf "${DATA:?}/base/custom_nodes/$name"
    link_switch "$DATA/base/custom_nodes/$name" "$OPT/bundle/custom_nodes/$name" ||
      fail start "The custom node $name could not be put into place" || return 1
  done
  manager_secured && model_paths || return 1
  release_complete
}

# Behind a proxy on the same machine everybody counts as local to the Manager, so only its strictest level is safe.
manager_secured() {
  local file=$DATA/base/user/__manager/config.ini
  [ -f "$file" ] && grep -qxs 'security_level = strong' "$file" && return
  as_comfyui timeout 20 bash -c "$(declare -f manager_level); manager_level \"\$1\"" _ "$file"
}

manager_level() {
  mkdir -p "${1%/*}" || return 1
  if grep -qs '^security_level' "$1"; then
    sed -i 's/^security_level.*/security_level = strong/' "$1"
  elif grep -qsF '[default]' "$1"; then
    sed -i 's/^\[default\].*/&\nsecurity_level = strong/' "$1"
  else
    printf '[default]\nsecurity_level = strong\n' >>"$1"
  fi
}

# What lies in folders of ComfyUI's user, or runs code of others, is done with that user's rights and not with root's.
as_comfyui() {
  runuser -u comfyui -- "$@"
}

# Models that were on the disk before gpubox: folders named `models` where people put them.
model_paths() {
  local folder sub number=0
  for folder in "$DATA/models" "$DATA/ComfyUI/models"; do
    [ -d "$folder" ] || continue
    number=$((number + 1))
    printf 'found_%s:\n  base_path: %s\n' "$number" "$folder"
    for sub in "$folder"/*/; do
      sub=$(basename "$sub")
      [[ ! $sub =~ ^[A-Za-z0-9_.-]+$ ]] || printf '  "%s": "%s"\n' "$sub" "$sub"
    done
  done | write_changed "$DATA/gpubox/extra_model_paths.yaml" || true
}

# One argument a line, for bin/comfyui. Flags that this version does not know are left out.
comfyui_arguments() {
  local release=$1 file
  printf '%s\n' --listen 127.0.0.1 --port 8188 --base-directory "$DATA/base"
  for file in "$DATA/gpubox/extra_model_paths.yaml" "$DATA/base/extra_model_paths.yaml"; do
    [ ! -s "$file" ] || printf '%s\n' --extra-model-paths-config "$file"
  done
  flag_known "$release" preview-method && printf '%s\n' --preview-method latent2rgb
  flag_known "$release" max-upload-size && printf '%s\n' --max-upload-size 10240
  [ -f "$release/ComfyUI/manager_requirements.txt" ] && flag_known "$release" enable-manager && echo --enable-manager
  [ "$GPU" = yes ] || echo --cpu
  # As a shell would split them, but nothing is run.
  attribute gpubox-comfyui-args | xargs -r -n 1 printf '%s\n'
}

flag_known() {
  grep -qE -- "--$2([^a-z-]|\$)" "$1/help.txt"
}

# Step `start`: the wanted installation is in force and answers; or the one before is, and the update is reported.
comfyui_started() {
  local current
  current=$(release_current)
  if [ "$current" != "$RELEASE" ]; then
    [ -z "$current" ] || link_switch "$DATA/previous" "$current"
    link_switch "$DATA/current" "$RELEASE" || fail start "The new installation could not be put in force" || return 1
  fi
  comfyui_run "$RELEASE" "$current"
  if comfyui_answers; then
    [ -e "$RELEASE/answered" ] || touch "$RELEASE/answered"
    return 0
  fi
  comfyui_back
}

# comfyui_run RELEASE RUNNING: (re)starts it where it has to be another process than the one that runs.
comfyui_run() {
  local changed=''
  comfyui_arguments "$1" | write_changed "$ETC/comfyui.args" && changed=yes
  nodes_changed && changed=yes
  [[ " $UNITS_CHANGED " == *" comfyui.service "* ]] && changed=yes
  if [ -n "$changed" ] || [ "$1" != "$2" ]; then
    systemctl reset-failed comfyui.service 2>/dev/null
    # Waits for the end of the one before, which would answer in the place of this one.
    systemctl restart comfyui.service
  else
    systemctl start comfyui.service
  fi
}

# Custom nodes of the bundle are read when ComfyUI starts, which at a boot is before the script brings newer ones.
nodes_changed() {
  find -L "$BUNDLE/custom_nodes" -type f -not -path '*/__pycache__/*' -exec sha256sum {} + | sed "s,$BUNDLE,," |
    LC_ALL=C sort | write_changed "$VAR/nodes"
}

comfyui_answers() {
  local until restarts enough=$RESTARTS_ENOUGH
  [ -e "$RELEASE/answered" ] || enough=$RESTARTS_ENOUGH_NEW
  until=$(($(date +%s) + ANSWERS_WITHIN_S))
  # Asked once at least, however late it is.
  while true; do
    curl -fsS --noproxy '*' --max-time 5 -o /dev/null "$COMFYUI_URL/system_stats" 2>/dev/null && return
    restarts=$(systemctl show --property NRestarts --value comfyui.service)
    [ "${restarts:-0}" -lt "$enough" ] || break
    [ "$(date +%s)" -lt "$until" ] || break
    sleep 0.5
  done
  fail start "ComfyUI does not answer: $(comfyui_last_words)"
}

comfyui_last_words() {
  journalctl --boot --unit comfyui.service --lines 30 --output cat 2>/dev/null | grep -v '^[[:space:]]*$' |
    grep -vE '^(comfyui.service|Started|Stopp|Scheduled|Start)' | tail -n 1 | cut -c 1-300
}

# Back to the installation before, where this one has never answered.
comfyui_back() {
  local previous
  previous=$(readlink "$DATA/previous")
  [ ! -e "$RELEASE/answered" ] && [ "$previous" != "$RELEASE" ] && [ -e "$previous/answered" ] || return 1
  say "going back to $(basename "$previous")"
  printf '%s\n' "$FAILED_DETAIL" | write_whole "$RELEASE/refused"
  link_switch "$DATA/current" "$previous"
  comfyui_run "$previous" "$RELEASE"
  comfyui_answers || return 1
  update_failed "start: $(cat "$RELEASE/refused")"
  RELEASE=$previous
}

# update_failed WHY: yesterday's goes on, today's is reported.
update_failed() {
  # shellcheck disable=SC2034 # the step reads it
  UPDATE_FAILED=yes
  problem_set_once update update_failed "$(attribute gpubox-comfyui-ref): $1"
}

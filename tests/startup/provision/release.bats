#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034 # bodies of stand-ins; variables that the libraries read
# Installations of ComfyUI: which one is wanted, how one is put in force, and how it is taken back.

bats_require_minimum_version 1.5.0

setup() {
  load helper
  provision_setup
  UPDATE_FAILED=''
  mkdir -p "$RELEASES" "$DATA/gpubox" "$DATA/base"
  set_attribute gpubox-comfyui-git https://git.example.com/ComfyUI
  set_attribute gpubox-comfyui-ref v1
  stand_in systemctl '[ "$1" != show ] || echo "${RESTARTS:-0}"'
  stand_in journalctl 'echo "RuntimeError: no such thing"'
  stand_in sleep
  stand_in runuser 'shift 3; AS=comfyui exec "$@"'
  export ANSWERS_WITHIN_S=1
}

# made TAG [MARK…]: an installation that is complete.
made() {
  local mark
  set_attribute gpubox-comfyui-ref "$1"
  calm release_choose
  mkdir -p "$RELEASE/ComfyUI" "$RELEASE/venv/bin"
  printf '#!/bin/sh\n' >"$RELEASE/venv/bin/python"
  chmod +x "$RELEASE/venv/bin/python"
  echo "--listen --preview-method --max-upload-size --enable-manager" >"$RELEASE/help.txt"
  touch "$RELEASE/complete"
  shift
  for mark in "$@"; do
    touch "$RELEASE/$mark"
  done
}

@test "its folder is named after what it is made from, and mirrors make no difference" {
  calm release_choose
  local first=$RELEASE
  [[ ${RELEASE##*/} =~ ^v1-[0-9a-f]{8}$ ]]
  set_attribute gpubox-package-index https://packages.example.com/index
  calm release_choose
  [ "$RELEASE" = "$first" ]
  set_attribute gpubox-python 3.13
  calm release_choose
  [ "$RELEASE" != "$first" ]
}

@test "a box that lost its GPU uses what was made for it" {
  TORCH_VARIANT=cu130 GPU=yes
  made v1
  local with_gpu=$RELEASE
  TORCH_VARIANT=cpu GPU=no
  calm release_choose
  [ "$RELEASE" = "$with_gpu" ]
}

@test "one whose Python has gone is not whole" {
  made v1
  release_is_whole "$RELEASE"
  rm "$RELEASE/venv/bin/python"
  # As at the next boot.
  RELEASE_SEEN_WHOLE=
  run ! release_is_whole "$RELEASE"
}

@test "one without the last marker is not in force" {
  made v1
  ln -s "$RELEASE" "$DATA/current"
  [ "$(release_current)" = "$RELEASE" ]
  rm "$RELEASE/complete"
  [ -z "$(release_current)" ]
}

@test "the first one is put in force" {
  stand_in curl
  made v1
  calm comfyui_started
  [ "$(readlink "$DATA/current")" = "$RELEASE" ]
  [ -e "$RELEASE/answered" ]
  was_called "systemctl restart comfyui.service"
}

@test "what runs already is not restarted" {
  stand_in curl
  made v1
  calm comfyui_started
  UNITS_CHANGED=
  : >"$CALLS"
  calm comfyui_started
  run ! was_called "restart"
}

@test "an update that answers is kept, and the one before remembered" {
  stand_in curl
  made v1
  calm comfyui_started
  local old=$RELEASE
  made v2
  calm comfyui_started
  [ "$(readlink "$DATA/current")" = "$RELEASE" ]
  [ "$(readlink "$DATA/previous")" = "$old" ]
  [ -z "$UPDATE_FAILED" ]
}

@test "an update that does not answer is taken back, and reported" {
  stand_in curl
  made v1
  calm comfyui_started
  local old=$RELEASE
  made v2
  local new=$RELEASE
  # Answers only while the old one is in force.
  stand_in curl '[ "$(readlink "$GPUBOX_DATA/current")" = "'"$old"'" ]'
  calm comfyui_started
  [ "$(readlink "$DATA/current")" = "$old" ]
  [ -e "$new/refused" ]
  [ -n "$UPDATE_FAILED" ]
  [[ $(cat "$RUN/outbox/problem") == "update_failed: v2: start: ComfyUI does not answer: RuntimeError: no such thing." ]]
}

@test "one that answered before is not taken back for a bad day" {
  made v1 answered
  local old=$RELEASE
  made v2 answered
  ln -s "$RELEASE" "$DATA/current"
  ln -s "$old" "$DATA/previous"
  stand_in curl 'exit 7'
  run -1 comfyui_started
  [ "$(readlink "$DATA/current")" = "$RELEASE" ]
}

@test "waiting ends early where it keeps falling over" {
  export RESTARTS=4
  ANSWERS_WITHIN_S=1000
  stand_in curl 'exit 7'
  run -1 comfyui_answers
}

@test "flags that a version does not know are left out" {
  made v1
  echo "--listen" >"$RELEASE/help.txt"
  GPU=yes
  run comfyui_arguments "$RELEASE"
  [ "$(tr '\n' ' ' <<<"$output")" = "--listen 127.0.0.1 --port 8188 --base-directory $DATA/base " ]
}

@test "further arguments are split as a shell would, and nothing is run" {
  made v1
  set_attribute gpubox-comfyui-args "--force-fp16 --x 'two words' '\$(touch $BATS_TEST_TMPDIR/ran)'"
  run comfyui_arguments "$RELEASE"
  [[ $output == *$'\n--force-fp16\n--x\ntwo words\n$(touch'* ]]
  [[ $output == *$'\n--cpu\n'* ]]
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "the Manager's level is strong, whatever stood there" {
  stand_in runuser 'shift 3; exec "$@"'
  local file=$DATA/base/user/__manager/config.ini
  manager_secured
  grep -qx 'security_level = strong' "$file"
  printf '[default]\nnetwork_mode = public\nsecurity_level = weak\n' >"$file"
  manager_secured
  [ "$(cat "$file")" = $'[default]\nnetwork_mode = public\nsecurity_level = strong' ]
}

@test "models that were on the disk before are found" {
  mkdir -p "$DATA/models/checkpoints" "$DATA/models/loras"
  model_paths
  python3 - "$DATA/gpubox/extra_model_paths.yaml" "$DATA" <<'PY'
import sys
assert open(sys.argv[1]).read() == f'found_1:\n  base_path: {sys.argv[2]}/models\n  "checkpoints": "checkpoints"\n  "loras": "loras"\n'
PY
}

@test "torch is installed only where ComfyUI names it" {
  made v1
  printf 'comfyui-frontend-package==1.1\ntorch\ntorchsde\ntorchvision>=0.1\naiohttp\n' >"$RELEASE/ComfyUI/requirements.txt"
  [ "$(torch_packages | tr '\n' ' ')" = "torch torchvision>=0.1 " ]
  printf 'aiohttp\n' >"$RELEASE/ComfyUI/requirements.txt"
  [ -z "$(torch_packages)" ]
}

# With a custom node of one's own, whose requirements run its code: uv, as ComfyUI's user, does BODY.
with_node() {
  made v1
  rm "$RELEASE/complete"
  mkdir -p "$DATA/base/custom_nodes/mine"
  touch "$DATA/base/custom_nodes/mine/requirements.txt"
  stand_in uv "$1"
  UV=$STAND_INS/uv
}

@test "what a custom node's requirements put into the environment never runs as root" {
  stand_in chown
  with_node 'printf "#!/bin/sh\necho \${AS:-root} >>%s/ran\n" "'"$BATS_TEST_TMPDIR"'" >"'"$RELEASES"'"/*/venv/bin/python'
  calm release_complete
  RELEASE_SEEN_WHOLE=
  calm release_is_whole "$RELEASE"
  [ "$(sort -u "$BATS_TEST_TMPDIR/ran")" = comfyui ]
}

@test "while a custom node's requirements are installed, files shared with the installation in force stay root's" {
  [ "$(id -u)" = 0 ] || skip "it takes root to give files away"
  stand_in chown 'exec /bin/chown "${@/comfyui:comfyui/65534:65534}"'
  with_node 'stat -c "%u %n" "'"$RELEASES"'"/*/venv/lib "'"$DATA"'/in-force.py" >"'"$BATS_TEST_TMPDIR"'/owners"'
  mkdir "$RELEASE/venv/lib"
  touch "$DATA/in-force.py"
  ln "$DATA/in-force.py" "$RELEASE/venv/lib/shared.py"
  calm release_complete
  [ "$(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/owners" | tr '\n' ' ')" = "65534 0 " ]
  [ "$(stat -c %u "$RELEASE/venv/lib")" = 0 ]
}

@test "old installations go; the one in force, the one before and the wanted one stay" {
  local tag
  for tag in v1 v2 v3 v4; do
    made "$tag"
    touch -d "2026-01-0${tag#v}" "$RELEASE"
    [ "$tag" != v1 ] || ln -s "$RELEASE" "$DATA/previous"
    [ "$tag" != v2 ] || ln -s "$RELEASE" "$DATA/current"
  done
  mkdir "$RELEASES/v0-unfinished"
  releases_tidy
  [ "$(find "$RELEASES" -mindepth 1 -maxdepth 1 -printf '%f\n' | sed 's/-.*//' | sort | tr '\n' ' ')" = "v1 v2 v4 " ]
}

@test "after a power cut in the middle of an installation uv's cache is not trusted" {
  mkdir -p "$DATA/uv-cache"
  calm installing_begin
  touch "$DATA/uv-cache/file"
  calm installing_begin
  [ -e "$DATA/uv-cache/file" ]
  touch "$RUN/disk-was-cut-off"
  calm installing_begin
  [ ! -e "$DATA/uv-cache/file" ]
}

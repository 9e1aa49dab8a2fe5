# shellcheck shell=bash
# Making an installation: clone, environment, requirements, custom nodes. Each part ends with a marker that is written when
# it is on the disk; a part without its marker is made again from nothing. Nothing here touches the one in force.

CLONE_WITHIN=15m
PYTHON_WITHIN=2m
INSTALL_WITHIN=60m
# What is downloaded and unpacked, with a margin, by the kind of torch.
declare -gA ROOM_FOR=([cu130]=$((14 << 30)) [cu126]=$((12 << 30)) [cpu]=$((3 << 30)) [none]=$((300 << 20)))

# Step `comfyui`.
release_clone() {
  release_is_whole "$RELEASE" && return
  rm -f "$RELEASE/complete"
  installing_begin || fail disk_space "Nothing can be written on the data disk." || return 1
  [ -d "$RELEASE/ComfyUI" ] && return
  space_for "${ROOM_FOR[none]}" "ComfyUI" || return 1
  rm -rf "$RELEASE/ComfyUI.partial"
  mkdir -p "$RELEASE" || return 1
  git_clone "$(attribute gpubox-comfyui-git)" "$(attribute gpubox-comfyui-ref)" "$RELEASE/ComfyUI.partial" ||
    fail comfyui "ComfyUI $(attribute gpubox-comfyui-ref) could not be cloned: $(last_words)" || return 1
  [ -f "$RELEASE/ComfyUI.partial/main.py" ] && [ -f "$RELEASE/ComfyUI.partial/requirements.txt" ] ||
    fail comfyui "What was cloned is no ComfyUI: it has no main.py or no requirements.txt" || return 1
  sync -f "$RELEASE" && mv -T "$RELEASE/ComfyUI.partial" "$RELEASE/ComfyUI"
}

git_clone() {
  GIT_TERMINAL_PROMPT=0 timeout "$CLONE_WITHIN" git -c advice.detachedHead=false -c http.lowSpeedLimit=1000 \
    -c http.lowSpeedTime=60 clone --quiet --depth 1 --branch "$2" -- "$1" "$3"
}

# Step `python`: the environment, and torch where it is asked for.
release_python() {
  local kind=none
  release_is_whole "$RELEASE" && return
  [ -e "$RELEASE/venv/torch-installed" ] && [ ! -e "$RELEASE/venv/requirements-begun" ] && return
  [ -z "$(torch_packages)" ] || kind=$TORCH_VARIANT
  rm -rf "$RELEASE/venv"
  space_for "${ROOM_FOR[$kind]}" "ComfyUI's environment" || return 1
  uv_run venv --quiet --python "$(python_choose)" "$RELEASE/venv" ||
    fail python "No Python environment could be made: $(last_words)" || return 1
  torch_install || fail python "torch could not be installed for $TORCH_VARIANT: $(last_words)" || return 1
  sync -f "$RELEASE" && touch "$RELEASE/venv/torch-installed"
}

# The Python that is asked for, which uv brings along; where it cannot be had soon, the system's own.
python_choose() {
  local wanted found
  wanted=$(attribute gpubox-python 3.12)
  found=$(uv_run python find --no-project "$wanted" 2>/dev/null) && echo "$found" && return
  (
    package_settings
    UV_HTTP_TIMEOUT=15 UV_HTTP_RETRIES=1 timeout "$PYTHON_WITHIN" "$UV" python install "$wanted"
  ) >&2
  found=$(uv_run python find --no-project "$wanted" 2>/dev/null) && echo "$found" && return
  echo "Python $wanted cannot be had; taking the system's" >&2
  system_python
}

# Which of torch's packages ComfyUI names.
torch_packages() {
  sed -nE 's/^(torch|torchvision|torchaudio)([^a-z0-9_-].*)?$/\1\2/p' "$RELEASE/ComfyUI/requirements.txt"
}

# From the builds that fit the driver; what those need besides comes from there or from the ordinary index.
torch_install() {
  local base packages
  mapfile -t packages < <(torch_packages)
  [ ${#packages[@]} -gt 0 ] || return 0
  base=$(attribute gpubox-torch-index)
  if [ -n "$base" ]; then
    install_packages --index "${base%/}/$TORCH_VARIANT" "${packages[@]}"
  else
    install_packages --torch-backend "$TORCH_VARIANT" "${packages[@]}"
  fi
}

install_packages() {
  (
    package_settings
    timeout "$INSTALL_WITHIN" "$UV" pip install --python "$RELEASE/venv/bin/python" "$@"
  )
}

# Step `requirements`. torch stays as it was installed, whatever asks for another.
release_requirements() {
  local file files=()
  release_is_whole "$RELEASE" && return
  [ -e "$RELEASE/venv/requirements-installed" ] && return
  touch "$RELEASE/venv/requirements-begun" || return 1
  torch_pins >"$RELEASE/pins.txt"
  for file in requirements.txt manager_requirements.txt; do
    [ ! -f "$RELEASE/ComfyUI/$file" ] || files+=(--requirement "$RELEASE/ComfyUI/$file")
  done
  # Nothing that ComfyUI names pulls requests in any more, and custom nodes take it for granted.
  install_packages --constraint "$RELEASE/pins.txt" "${files[@]}" requests ||
    fail requirements "ComfyUI's requirements could not be installed: $(last_words)" || return 1
  sync -f "$RELEASE" && touch "$RELEASE/venv/requirements-installed"
}

torch_pins() {
  uv_run pip freeze --python "$RELEASE/venv/bin/python" | grep -E '^torch(vision|audio)?=='
}

# Last part of step `nodes`: byte code; what custom nodes of one's own need; the flags.
release_complete() {
  local python=$RELEASE/venv/bin/python
  release_is_whole "$RELEASE" && return
  # By root, so before anybody else could have replaced its Python.
  "$python" -I -S -m compileall -q -j 0 "$RELEASE/ComfyUI" >/dev/null 2>&1
  nodes_requirements
  (cd "$RELEASE/ComfyUI" && as_comfyui timeout 60 "$python" -B main.py --help) >"$RELEASE/help.txt" 2>>"$LOG" ||
    fail start "ComfyUI does not even print its help: $(last_words)" || return 1
  sync -f "$RELEASE" && touch "$RELEASE/complete" && sync -f "$RELEASE" || return 1
  installing_end
}

# What custom nodes of one's own need, as far as it can be had. To install it may be to run their code, so the environment's
# folders belong to ComfyUI's user meanwhile. Not so the files in them: the installation in force and uv's cache have the
# same ones. What lies deeper goes first: in a folder that was given away, names may lead elsewhere.
nodes_requirements() {
  local file found
  found=$(find "$DATA/base/custom_nodes" -mindepth 2 -maxdepth 2 -type f -name requirements.txt)
  [ -n "$found" ] || return 0
  find "$RELEASE/venv" -depth -type d -exec chown --no-dereference comfyui:comfyui {} +
  while IFS= read -r file; do
    (
      package_settings
      export HOME=$DATA/home UV_CACHE_DIR=$DATA/home/.cache/uv UV_LINK_MODE=copy
      as_comfyui timeout "$INSTALL_WITHIN" "$UV" pip install --python "$RELEASE/venv/bin/python" \
        --constraint "$RELEASE/pins.txt" --requirement "$file"
    ) || say "the requirements of the custom node $(basename "$(dirname "$file")") could not be installed"
  done <<<"$found"
  chown -R --no-dereference root:root "$RELEASE/venv"
}

# While something is installed, a note lies on the data disk. Where it is found after a power cut, files in uv's cache may
# be there by name but not by content, so it is thrown away.
INSTALLING=$DATA/gpubox/installing

installing_begin() {
  if [ -e "$INSTALLING" ] && [ -e "$RUN/disk-was-cut-off" ]; then
    echo "a power cut interrupted an installation: not trusting uv's cache"
    rm -rf "$DATA/uv-cache"
    rm -f "$RUN/disk-was-cut-off"
  fi
  touch "$INSTALLING" && sync -f "$INSTALLING"
}

installing_end() {
  rm -f "$INSTALLING"
}

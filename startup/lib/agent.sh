# shellcheck shell=bash
# The step `agent`: the Python environment of gate, guard, models and warm-up, on the boot disk, so that the guard stands
# whatever happens to the data disk. Their code itself stays in the bundle.

agent_ready() {
  local digest folder
  if [ ! -f "$BUNDLE/agent/requirements.txt" ]; then
    problem_set agent agent "The bundle holds no agent."
    return 1
  fi
  digest=$(agent_digest)
  folder=$OPT/agent/$digest
  if [ ! -e "$folder/complete" ] || ! "$folder/bin/python" -c '' 2>/dev/null; then
    say "installing the box's own services"
    if ! agent_install "$folder"; then
      problem_set agent agent "The box's own services could not be installed; see the log"
      return 1
    fi
  fi
  problem_clear agent
  if [ "$(readlink "$OPT/agent/current")" != "$folder" ] || agent_code_changed; then
    units_changed_add "$(units_of_agent)"
  fi
  link_switch "$OPT/agent/current" "$folder" && agent_tidy "$folder"
  units_start
}

# Of what is installed, and of the Python that it is installed for.
agent_digest() {
  { cat "$BUNDLE/agent/requirements.txt" && system_python; } | sha256sum | cut -c 1-16
}

# Nothing of it comes from the data disk, its cache neither.
agent_install() {
  local folder=$1
  rm -rf "$folder"
  mkdir -p "$OPT/agent"
  uv_run venv --quiet --no-cache --python "$(system_python)" "$folder" || return 1
  uv_run pip install --no-cache --link-mode copy --python "$folder/bin/python" --require-hashes \
    --requirement "$BUNDLE/agent/requirements.txt" || return 1
  sync -f "$folder" && touch "$folder/complete" && sync -f "$folder"
}

# Services that systemd started before the script came with new code still run the old one.
agent_code_changed() {
  local digest
  digest=$(cd "$BUNDLE/agent" && find . -name '*.py' | LC_ALL=C sort | xargs sha256sum | sha256sum)
  write_changed "$VAR/agent-code" <<<"$digest" || return 1
  "$OPT/agent/$(agent_digest)/bin/python" -m compileall -q "$BUNDLE/agent/gpubox_agent"
}

agent_tidy() {
  local other
  for other in "$OPT"/agent/*/; do
    [ "${other%/}" = "$1" ] || [ -L "${other%/}" ] || rm -rf "${other%/}"
  done
}

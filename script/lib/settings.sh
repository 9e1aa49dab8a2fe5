# shellcheck shell=bash
# What the scripts themselves have to know of the settings.

# Prints a setting: from the environment, else from .env; an empty value counts as none.
setting() {
  local value=${!1:-}
  if [ -z "$value" ] && [ -r .env ]; then
    value=$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*[\"']?([^\"'#[:space:]]*).*/\2/p" .env | tail -n 1)
  fi
  printf '%s' "$value"
}

# Prints which list of requirements the settings need: the demo's frontend only where the cloud is the embedded one.
requirements_for_settings() {
  local cloud
  cloud=$(setting CLOUD)
  if [ "$cloud" = gce ] || { [ -z "$cloud" ] && [ -n "$(setting GCP_PROJECT)" ]; }; then
    echo run
  else
    echo demo
  fi
}

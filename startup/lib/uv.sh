# shellcheck shell=bash
# uv, at one version and with its hash, in an environment of its own; and how it is told where packages come from.

UV=$OPT/uv/bin/uv

# A folder uv-VERSION is whole, because renaming comes last.
uv_ready() {
  local version folder
  version=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' "$BUNDLE/lib/uv.txt")
  folder=$OPT/uv-$version
  if [ ! -x "$folder/bin/uv" ]; then
    say "installing uv $version"
    rm -rf "$folder.partial" "$folder"
    (
      package_settings
      python3 -m venv "$folder.partial" &&
        "$folder.partial/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-cache-dir \
          --only-binary :all: --require-hashes --requirement "$BUNDLE/lib/uv.txt"
    ) || return 1
    sync -f "$folder.partial" && mv -T "$folder.partial" "$folder" || return 1
  fi
  link_switch "$OPT/uv" "$folder"
}

# Exports what pip and uv read. The system's certificates, so that an index inside a company works.
package_settings() {
  local index
  index=$(attribute gpubox-package-index)
  if [ -n "$index" ]; then
    export PIP_INDEX_URL=$index UV_DEFAULT_INDEX=$index
  fi
  if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    export PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
  fi
  export PIP_DEFAULT_TIMEOUT=60 UV_HTTP_TIMEOUT=60 UV_NO_PROGRESS=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=hardlink
  export UV_CACHE_DIR=$DATA/uv-cache UV_PYTHON_INSTALL_DIR=$DATA/python HOME=/root
}

# uv_run ARGUMENTS…: uv with those settings.
uv_run() {
  (
    package_settings
    "$UV" "$@"
  )
}

# The newest python3 of the system that is new enough, by its full name: /usr/bin/python3 may become another version.
system_python() {
  local name
  name=$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 10) else "")')
  [ -n "$name" ] && command -v "$name"
}

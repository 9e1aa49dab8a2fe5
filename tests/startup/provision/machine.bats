#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034 # bodies of stand-ins; variables that the libraries read
# Packages, units, metadata: what is read from and written to the machine.

bats_require_minimum_version 1.5.0

setup() {
  load helper
  provision_setup
  stand_in systemctl
}

# installed NAME…: what dpkg says is there.
installed() {
  stand_in dpkg-query "printf '%s ii \n' $*"
}

@test "nothing is called where every package is there" {
  stand_in nginx
  installed "${PACKAGES[@]}"
  [ -z "$(packages_missing)" ]
}

@test "what is missing is named, certbot only where Let's Encrypt is asked for" {
  stand_in nginx
  installed ca-certificates curl e2fsprogs git jq python3 tar xz-utils
  [ "$(packages_missing)" = python3-venv ]
  set_attribute ssl_email me@example.com
  [ "$(packages_missing)" = $'python3-venv\ncertbot' ]
}

@test "packages are installed in one call, tried again, and servers wait until they are configured" {
  SERVICES_HELD=$BATS_TEST_TMPDIR/policy-rc.d
  stand_in dpkg
  stand_in sleep
  stand_in apt-get '[[ $* != *" install "* ]] || { [ -e "'"$SERVICES_HELD"'" ] || exit 9; [ -e "$0.second" ] || { touch "$0.second"; exit 100; }; }'
  calm packages_install jq git
  [ "$(grep -c 'install -y --no-install-recommends jq git' "$CALLS")" = 2 ]
  [ ! -e "$SERVICES_HELD" ]
}

@test "another program that is just updating apt's lists is waited for, and not for ever" {
  SERVICES_HELD=$BATS_TEST_TMPDIR/policy-rc.d
  stand_in dpkg
  stand_in sleep
  stand_in apt-get '[[ $* != *" update" ]] || [ "$(grep -c " update$" "'"$CALLS"'")" -gt "${HELD:-20}" ] || {
    echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)" >&2
    exit 100
  }'
  calm packages_install jq
  was_called "install -y --no-install-recommends jq"
  : >"$CALLS"
  HELD=1000 run ! packages_install jq
  run ! was_called "install -y"
}

@test "a power cut during the installation of packages leaves no servers held for ever" {
  SERVICES_HELD=$BATS_TEST_TMPDIR/policy-rc.d
  services_hold
  services_release
  [ ! -e "$SERVICES_HELD" ]
  echo "somebody else's" >"$SERVICES_HELD"
  calm services_hold
  calm services_release
  [ -e "$SERVICES_HELD" ]
}

@test "all attributes are read, but for the large ones, and box.json holds them" {
  stand_in curl '
    if [[ $* == *"-K -"* ]]; then
      while read -r key _ value; do
        value=${value//\"/}
        [ "$key" = url ] && last=${value##*/} || printf "%s" "it is \"$last\"" >"$value"
      done
    else
      printf "gpubox-box\ngpubox-bundle\nssh-keys\nallowed_ip\n"
    fi'
  calm metadata_read
  [ "$(attribute allowed_ip)" = 'it is "allowed_ip"' ]
  [ "$(attribute nothing default)" = default ]
  python3 - "$ETC/box.json" <<'PY'
import json, sys
box = json.load(open(sys.argv[1]))
assert sorted(box["attributes"]) == ["allowed_ip", "gpubox-box"], box
assert box["attributes"]["gpubox-box"] == 'it is "gpubox-box"', box
assert set(box["instance"]) == {"id", "name", "zone", "machine-type"}, box
PY
}

@test "with a silent metadata server the last attributes stay in force" {
  set_attribute gpubox-box comfyui
  echo '{"attributes": {}}' >"$ETC/box.json"
  stand_in curl 'exit 7'
  run ! metadata_read
  [ "$(attribute gpubox-box)" = comfyui ]
  [ -f "$ETC/box.json" ]
}

@test "where one attribute cannot be read, the last ones stay in force, all of them" {
  needs curl
  cat >"$BATS_TEST_TMPDIR/server.py" <<'PY'
import http.server
import sys


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.endswith("/allowed_ip"):
            return self.send_error(404)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"allowed_ip\ngpubox-box\n" if self.path.endswith("/attributes/") else b"new")


server = http.server.HTTPServer(("127.0.0.1", 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
PY
  coproc SERVER { exec python3 "$BATS_TEST_TMPDIR/server.py" 2>/dev/null 3>&-; }
  read -r port <&"${SERVER[0]}"
  METADATA=http://127.0.0.1:$port/computeMetadata/v1/instance
  set_attribute allowed_ip 203.0.113.0/24
  set_attribute gpubox-box old
  run metadata_read
  kill "$SERVER_PID"
  [ "$status" -ne 0 ]
  [ "$(attribute allowed_ip)" = 203.0.113.0/24 ]
  [ "$(attribute gpubox-box)" = old ]
}

@test "units are copied once, enabled, and templates are not" {
  etc_install() { :; }
  calm units_install
  cmp "$STARTUP/systemd/comfyui.service" "$UNITS/comfyui.service"
  [ -z "$(find "$UNITS" -name '*.template')" ]
  was_called "daemon-reload"
  was_called "enable comfyui.service"
  : >"$CALLS"
  UNITS_CHANGED=
  calm units_install
  [ ! -s "$CALLS" ]
}

@test "a unit that changed is restarted, others are started, ComfyUI is left to its own step" {
  UNITS_CHANGED=" gpubox-guard.service comfyui.service"
  calm units_start
  was_called "--no-block restart gpubox-guard.service"
  grep -- '--no-block start' "$CALLS" | grep -q gpubox-watch.service
  run ! grep -- '--no-block' "$CALLS" -e comfyui.service
}

@test "a file is written whole or not at all, and an equal one is left alone" {
  local file=$BATS_TEST_TMPDIR/file
  printf 'one\n' | write_changed "$file"
  [ "$(cat "$file")" = one ]
  run -1 bash -c '. "$1/lib/base.sh"; printf "one\n" | write_changed "$2"' _ "$STARTUP" "$file"
  printf 'two' | write_changed "$file"
  [ "$(cat "$file")" = two ]
  [ "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name '.file.*' | wc -l)" = 0 ]
}

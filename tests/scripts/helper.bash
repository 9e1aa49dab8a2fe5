# shellcheck shell=bash
# A house of its own for each test: the scripts, a small list of requirements, and a PATH that has only what the
# scripts are allowed to expect, plus a Python that only pretends.

NEEDED="bash sh env dirname readlink cmp sed grep tail head cat tee mkdir touch cp mv rm chmod sleep"

house_setup() {
  HOUSE=$BATS_TEST_TMPDIR/house
  BIN=$BATS_TEST_TMPDIR/bin
  mkdir -p "$HOUSE/requirements" "$BIN"
  cp -R "$BATS_TEST_DIRNAME/../../script" "$HOUSE/script"
  local each
  for each in run demo dev; do
    printf '%s==1.0 \\\n    --hash=sha256:00\n' "$each" >"$HOUSE/requirements/$each.txt"
  done
  for each in $NEEDED; do
    ln -s "$(command -v "$each")" "$BIN/$each"
  done
  export FAKE_LOG=$BATS_TEST_TMPDIR/log
  : >"$FAKE_LOG"
  unset CLOUD GCP_PROJECT PYTHON
  cd "$HOUSE" || return
}

# fake_python NAME: a Python on the PATH, by default 3.11 with venv and pip.
fake_python() {
  cp "$BATS_TEST_DIRNAME/fake-python" "$BIN/$1"
  chmod +x "$BIN/$1"
}

in_house() {
  PATH=$BIN HOME=$BATS_TEST_TMPDIR run env "$@"
}

times_logged() {
  grep -c -- "$1" "$FAKE_LOG" || true
}

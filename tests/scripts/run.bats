#!/usr/bin/env bats
# What script/run does on a fresh machine, on a prepared one and on one where something went wrong.

load helper

setup() {
  house_setup
}

@test "without any Python it says what to install" {
  in_house script/run
  [ "$status" -eq 1 ]
  [ "$output" = "gpubox: Python 3.11 or newer is needed, and none was found. On Debian or Ubuntu: apt install python3 python3-venv" ]
}

@test "a Python that is too old is named" {
  fake_python python3
  in_house FAKE_VERSION=3.10 script/run
  [ "$status" -eq 1 ]
  [[ $output == *"3.11 or newer is needed; found only 3.10."* ]]
  [ "${#lines[@]}" -eq 1 ]
}

@test "a Python without venv names the package that brings it" {
  fake_python python3
  in_house FAKE_VERSION=3.12 FAKE_WITHOUT_VENV=yes script/run
  [ "$status" -eq 1 ]
  [[ $output == *"apt install python3.12-venv" ]]
  [ "${#lines[@]}" -eq 1 ]
}

@test "a shim that stands for no Python is passed over" {
  printf '#!/bin/sh\necho "command not found" >&2\nexit 127\n' >"$BIN/python3.13"
  chmod +x "$BIN/python3.13"
  fake_python python3.11
  in_house script/run
  [ "$status" -eq 0 ]
  [[ $output != *"command not found"* ]]
}

@test "PYTHON names the one to take" {
  fake_python python3
  fake_python mine
  rm "$BIN/python3"
  in_house PYTHON=mine script/run
  [ "$status" -eq 0 ]
}

@test "arguments reach gpubox serve as they are" {
  fake_python python3
  in_house script/run --port 9 "two words" ""
  [ "$status" -eq 0 ]
  [[ $output == *"argument <serve>"*"argument <--port>"*"argument <9>"*"argument <two words>"*"argument <>"* ]]
}

@test "the program takes the place of the script, so that signals reach it" {
  fake_python python3
  PATH=$BIN HOME=$BATS_TEST_TMPDIR bash script/run >"$BATS_TEST_TMPDIR/out" 2>/dev/null &
  local pid=$!
  wait "$pid"
  grep -qx "pid $pid" "$BATS_TEST_TMPDIR/out"
}

@test "it works from another folder and through a path with spaces" {
  fake_python python3
  mv "$HOUSE" "$BATS_TEST_TMPDIR/my house"
  cd "$BATS_TEST_TMPDIR"
  in_house "my house/script/run"
  [ "$status" -eq 0 ]
  [ -x "$BATS_TEST_TMPDIR/my house/.venv/bin/gpubox" ]
}

@test "a second start installs nothing" {
  fake_python python3
  in_house script/run
  in_house script/run
  [ "$status" -eq 0 ]
  [ "$(times_logged "-m pip install")" -eq 1 ]
  [ "$(times_logged "-m venv")" -eq 1 ]
  [[ $output != *Installing* ]]
}

@test "changed requirements are installed into what is there" {
  fake_python python3
  in_house script/run
  echo "another==2.0" >>requirements/demo.txt
  in_house script/run
  [ "$(times_logged "-m pip install")" -eq 2 ]
  [ "$(times_logged "-m venv")" -eq 1 ]
}

@test "an interrupted installation is begun anew" {
  fake_python python3
  in_house FAKE_PIP=interrupted script/run
  [ "$status" -ne 0 ]
  [ -e .venv/half-written ]
  in_house script/run
  [ "$status" -eq 0 ]
  [ ! -e .venv/half-written ]
  [ "$(times_logged "-m venv")" -eq 2 ]
  [[ $output == *"argument <serve>"* ]]
}

@test "a failed installation shows why, and is begun anew" {
  fake_python python3
  in_house FAKE_PIP=fails script/run
  [ "$status" -eq 1 ]
  [[ $output == *"ERROR: no matching distribution"*"pip could not install requirements/demo.txt"* ]]
  [[ $output != *"argument <serve>"* ]]
  in_house script/run
  [ "$status" -eq 0 ]
}

@test "a Python that went away is found again" {
  fake_python python3
  in_house script/run
  rm .venv/bin/python
  in_house script/run
  [ "$status" -eq 0 ]
  [ "$(times_logged "-m venv")" -eq 2 ]
}

@test "hashes are always required, and no index is named" {
  fake_python python3
  in_house script/run
  [ "$(times_logged "--require-hashes")" -eq 1 ]
  [ "$(times_logged "index-url")" -eq 0 ]
}

@test "the embedded cloud's demo is installed by default" {
  fake_python python3
  in_house script/run
  [ "$(times_logged "requirements/demo.txt")" -eq 1 ]
}

@test "with Google's cloud the demo is left out" {
  fake_python python3
  in_house GCP_PROJECT=my-project script/run
  [ "$(times_logged "requirements/run.txt")" -eq 1 ]
}

@test "the settings are read from .env too, and the environment wins" {
  fake_python python3
  printf '# CLOUD=embedded\nexport CLOUD="gce" # Google\n' >.env
  in_house script/run
  [ "$(times_logged "requirements/run.txt")" -eq 1 ]
  in_house CLOUD=embedded script/run
  [ "$(times_logged "requirements/demo.txt")" -eq 1 ]
}

@test "what the tests installed serves a start, too" {
  fake_python python3
  in_house script/run
  rm .venv/installed/*
  cp requirements/dev.txt .venv/installed/
  in_house script/run
  [ "$(times_logged "-m pip install")" -eq 1 ]
}

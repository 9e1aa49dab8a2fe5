#!/usr/bin/env bash
# What bench/boot.py compares with: a startup script that runs apt and pip at every boot, as many do. Nothing in it is
# slower than it has to be: what is installed already is only looked at, and nothing is cloned twice.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive HOME=/root

DISK=/dev/disk/by-id/google-persistent-comfyui
DATA=/mnt/comfyui

attribute() {
  curl -fsS -H "Metadata-Flavor: Google" "http://169.254.169.254/computeMetadata/v1/instance/attributes/$1"
}

main() {
  blkid "$DISK" >/dev/null || mkfs.ext4 -q "$DISK"
  mkdir -p "$DATA"
  mountpoint -q "$DATA" || mount "$DISK" "$DATA"
  # What pip unpacks there has gigabytes, which not every /tmp holds.
  export TMPDIR=$DATA/tmp
  mkdir -p "$TMPDIR"

  apt-get -q update
  apt-get -q install -y git curl nginx-light python3-venv python3-pip supervisor

  [ -d "$DATA/ComfyUI" ] || git clone -q --depth 1 --branch "$(attribute comfyui-ref)" "$(attribute comfyui-git)" "$DATA/ComfyUI"
  [ -d "$DATA/venv" ] || python3 -m venv "$DATA/venv"
  "$DATA/venv/bin/pip" install -q -r "$DATA/ComfyUI/requirements.txt"

  cat >/etc/supervisor/conf.d/comfyui.conf <<CONF
[program:comfyui]
command=$DATA/venv/bin/python main.py --listen 127.0.0.1 --port 8188 --cpu
directory=$DATA/ComfyUI
autostart=false
autorestart=true
CONF
  supervisorctl reread
  supervisorctl update
  # Not before: what it runs from is not mounted, and what it runs on may just have been replaced.
  supervisorctl start comfyui
  systemctl restart nginx
}

main

# shellcheck shell=bash disable=SC2034 # the other parts read them
# Where the entrance's things are, beside those that base.sh names; every path and port can be moved.

ENTRANCE_TEMPLATES=$ENTRANCE_LIB/../nginx
# A link to the rendering in force, among those that were.
ENTRANCE_CONF=$ETC/nginx
ENTRANCE_RENDERINGS=$ETC/nginx.d
ENTRANCE_TLS=$DATA/tls
ENTRANCE_STATE=$(dirname "$VAR")/entrance
ENTRANCE_ACME=$ENTRANCE_STATE/acme
ENTRANCE_LOGS=${GPUBOX_NGINX_LOGS:-/var/log/nginx}
ENTRANCE_CACHE=${GPUBOX_NGINX_CACHE:-/var/cache/gpubox-nginx}
ENTRANCE_NGINX_RUN=${GPUBOX_NGINX_RUN:-/run/gpubox-nginx}
ENTRANCE_NGINX_PID=${GPUBOX_NGINX_PID:-/run/nginx.pid}
ENTRANCE_HOSTS=${GPUBOX_HOSTS:-/etc/hosts}

ENTRANCE_USER=${GPUBOX_NGINX_USER:-www-data}
ENTRANCE_HTTP_PORT=${GPUBOX_HTTP_PORT:-80}
ENTRANCE_HTTPS_PORT=${GPUBOX_HTTPS_PORT:-443}
ENTRANCE_COMFYUI=${GPUBOX_COMFYUI:-127.0.0.1:8188}
# Not 127.0.0.1: cloudflared is kept from that address, so that no tunnel can lead past the gate to ComfyUI.
ENTRANCE_TUNNEL_ADDRESS=127.0.0.2
ENTRANCE_TUNNEL_METRICS_PORT=${GPUBOX_TUNNEL_METRICS_PORT:-20241}

ENTRANCE_STORAGE=${GPUBOX_STORAGE:-https://storage.googleapis.com}
ENTRANCE_SECRETS=${GPUBOX_SECRETS:-https://secretmanager.googleapis.com}
# A name server, as ADDRESS or ADDRESS:PORT, instead of the system's.
ENTRANCE_RESOLVER=${GPUBOX_RESOLVER:-}

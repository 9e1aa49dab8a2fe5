# shellcheck shell=bash
# nginx: a new configuration is tested before it is put in force, and put out of force where nginx does not take it.

NGINX_PATIENCE=${GPUBOX_NGINX_PATIENCE:-15}

# nginx_apply SERVER…: with these servers and ENTRANCE_VALUES. 1, and a problem, where the one before stays in force.
nginx_apply() {
  local new digest before complaint
  new=$(mktemp -d "$ENTRANCE_RENDERINGS/.new.XXXXXX") || return 1
  chmod 755 "$new"
  if ! render_all "$new" "$@"; then
    rm -rf "$new"
    entrance_problem entrance_nginx "The configuration could not be written; the log names the place."
    return 1
  fi
  digest=$(nginx_digest "$new")
  echo "return 200 $digest;" >"$new/rendered.conf"
  if ! complaint=$(nginx -t -q -c "$new/nginx.conf" 2>&1); then
    rm -rf "$new"
    entrance_problem entrance_nginx "$(nginx_cause "$complaint")"
    return 1
  fi
  before=$(readlink "$ENTRANCE_CONF" || echo /dev/null)
  rm -rf "${ENTRANCE_RENDERINGS:?}/$digest"
  mv "$new" "$ENTRANCE_RENDERINGS/$digest"
  link_switch "$ENTRANCE_CONF" "$ENTRANCE_RENDERINGS/$digest"
  if nginx_in_force "$digest" || { nginx_load "$before" && nginx_wait_for "$digest"; }; then
    nginx_tidy "$digest"
    return 0
  fi
  nginx_go_back "$before" "$digest"
}

# Names a configuration by its content, and by that of the certificates it points to.
nginx_digest() {
  (cd "$1" && find . -type f -print0 | sort -z | xargs -0 cat && cat "${ENTRANCE_VALUES[OWN_CERTIFICATE]}" \
    ${ENTRANCE_VALUES[CERTIFICATE]:+"${ENTRANCE_VALUES[CERTIFICATE]}"} 2>/dev/null) | sha256sum | cut -c 1-16
}

# nginx_load BEFORE: what lies at ENTRANCE_CONF takes the place of this configuration.
nginx_load() {
  if [ "$(nginx_listens "$1")" = "$(nginx_listens "$ENTRANCE_CONF")" ]; then
    systemctl reload-or-restart nginx.service
  else
    # A reload opens the new ports before it closes the old ones, which may be in their way.
    systemctl restart nginx.service
  fi
}

# nginx_listens CONFIGURATION: the addresses and ports, each once.
nginx_listens() {
  cat "$1"/servers/*.conf 2>/dev/null | sed -nE 's/^ *listen ([^ ;]+).*/\1/p' | sort -u
}

# Whether the running nginx works by this configuration.
nginx_in_force() {
  [ "$(curl --silent --max-time 2 --unix-socket "$ENTRANCE_NGINX_RUN/rendered.sock" http://nginx/ 2>/dev/null)" = "$1" ]
}

# A reload is under way when it is reported done; and where it fails, nginx goes on as it was and says so in its log only.
nginx_wait_for() {
  local deadline=$((SECONDS + NGINX_PATIENCE))
  until nginx_in_force "$1"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

# nginx_go_back BEFORE FAILED
nginx_go_back() {
  local cause
  cause=$(nginx_cause "$(tail -n 20 "$ENTRANCE_LOGS/error.log" 2>/dev/null)")
  if [ -d "$1" ]; then
    link_switch "$ENTRANCE_CONF" "$1"
    nginx_load "$ENTRANCE_RENDERINGS/$2"
    rm -rf "${ENTRANCE_RENDERINGS:?}/$2"
  fi
  entrance_problem entrance_nginx "nginx did not take the new configuration: $cause"
}

# The line that says why, of all that nginx says.
nginx_cause() {
  local line
  line=$(grep -E '\[(emerg|alert|crit)\]' <<<"$1" | grep -v 'still could not bind' | tail -n 1)
  [ -n "$line" ] || line=$(tail -n 1 <<<"$1")
  sed -E 's/^.*\[(emerg|alert|crit)\] ([0-9#]+: )?//' <<<"${line:-it says nothing}"
}

# Keep the one in force only.
nginx_tidy() {
  find "$ENTRANCE_RENDERINGS" -mindepth 1 -maxdepth 1 ! -name "$1" -exec rm -rf {} +
}

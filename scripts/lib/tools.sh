# shellcheck shell=bash
#
# The pinned tools of tests/clients: generators of typed clients, and the judge and runner of stories. Sourced by scripts/clients.
#
#   tools_provide   installs what is missing into the target directory and sets TOOLS; puts node, python and the rest on PATH
#
# What is installed is what the two lock files say (tests/clients/requirements.txt, with hashes, and package-lock.json). Node comes
# as a wheel too, so python3 is all that must be there.

# shellcheck disable=SC2034  # read by the scripts that source this one
TOOLS=

tools_say() { printf '%s\n' "$*" >&2; }

tools_provide() {
  local place wanted
  place=$(tools_place) || return
  wanted=$(cat tests/clients/requirements.txt tests/clients/package-lock.json | cksum)
  if [[ "$(cat "$place/.complete" 2>/dev/null)" != "$wanted" ]]; then
    tools_install "$place" || return
    printf '%s\n' "$wanted" >"$place/.complete"
  fi
  TOOLS=$place
  export PATH="$place/node_modules/.bin:$place/python/bin:$PATH"
  export DO_NOT_TRACK=1 REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
}

tools_place() {
  mkdir -p "${CARGO_TARGET_DIR:-target}/client-tools" && cd "${CARGO_TARGET_DIR:-target}/client-tools" && pwd
}

tools_install() {
  local place=$1
  if ! command -v python3 >/dev/null; then
    tools_say "error: python3 was not found. Remedy: install it, on Debian: apt-get install python3 python3-venv."
    return 1
  fi
  tools_say "Installing generators and runners (tests/clients) into $place."
  rm -rf "$place/.complete" "$place/python" "$place/node_modules"
  if ! python3 -m venv "$place/python" >&2; then
    tools_say "error: python3 cannot make environments. Remedy, on Debian: apt-get install python3-venv."
    return 1
  fi
  if ! "$place/python/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --only-binary=:all: \
    --require-hashes --requirement tests/clients/requirements.txt >&2; then
    tools_say "error: the tools of tests/clients/requirements.txt could not be installed. Remedy: they need Python 3.11 or later," \
      "a package index (PIP_INDEX_URL), and wheels for this machine."
    return 1
  fi
  cp tests/clients/package.json tests/clients/package-lock.json "$place/"
  if ! (
    export PATH="$place/python/bin:$PATH"
    cd "$place" && npm ci --silent --ignore-scripts --no-audit --no-fund >&2
  ); then
    tools_say "error: the tools of tests/clients/package-lock.json could not be installed. Remedy: they need a package registry" \
      "(npm_config_registry)."
    return 1
  fi
}

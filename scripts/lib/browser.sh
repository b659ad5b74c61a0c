# shellcheck shell=bash
#
# What drives the example pages: Chromium, Node.js with npm, and the packages of examples/portal. Sourced by scripts/test.
#
#   browser_provide   finds them, or installs Debian's packages and npm's; sets OPENPRM_CHROMIUM
#
# The packages go into examples/portal/node_modules, which git ignores, as package-lock.json says and no newer.

NODE_OLDEST=18.20

browser_say() { printf '%s\n' "$*" >&2; }

# Sets OPENPRM_CHROMIUM to a Chromium, or a browser made from it; one that is set already is kept.
browser_find() {
  local name
  for name in ${OPENPRM_CHROMIUM:+"$OPENPRM_CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable; do
    if OPENPRM_CHROMIUM=$(command -v "$name"); then
      export OPENPRM_CHROMIUM
      return 0
    fi
  done
  unset OPENPRM_CHROMIUM
  return 1
}

# Installs Debian's packages, or says what to do instead.
browser_install() {
  local as_root=()
  if ! command -v apt-get >/dev/null; then
    browser_say "error: $* not found, and this is not a Debian system. Install Chromium (or name it in OPENPRM_CHROMIUM)," \
      "Node.js $NODE_OLDEST or newer, and npm. Or leave out the tests that need a browser: ./scripts/test --without-browser"
    return 1
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      browser_say "error: $* not found, and neither root nor sudo is at hand to install it. Run as root: apt-get install $*." \
        "Or leave out the tests that need a browser: ./scripts/test --without-browser"
      return 1
    fi
    as_root=(sudo)
    # Without a terminal nobody can type a password: fail at once instead of waiting for one.
    if [[ ! -t 0 ]]; then as_root+=(--non-interactive); fi
  fi
  browser_say "Not found: $*. Installing Debian's packages."
  if ! "${as_root[@]}" apt-get update --quiet >&2 ||
    ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "$@" >&2; then
    browser_say "error: $* could not be installed. Run as root: apt-get install $*." \
      "Or leave out the tests that need a browser: ./scripts/test --without-browser"
    return 1
  fi
}

browser_provide() {
  local missing=() version folder=examples/portal
  if ! browser_find; then missing+=(chromium); fi
  if ! command -v node >/dev/null; then missing+=(nodejs); fi
  if ! command -v npm >/dev/null; then missing+=(npm); fi
  if ((${#missing[@]} > 0)); then
    browser_install "${missing[@]}" || return
    if ! browser_find; then
      browser_say "error: the package chromium is installed, but there is no command chromium. Name it in OPENPRM_CHROMIUM."
      return 1
    fi
  fi
  version=$(node --version)
  if [[ $(printf '%s\n' "$NODE_OLDEST" "${version#v}" | sort --version-sort | head -n 1) != "$NODE_OLDEST" ]]; then
    browser_say "error: Node.js $version is too old: the example pages need $NODE_OLDEST or newer." \
      "Or leave out the tests that need a browser: ./scripts/test --without-browser"
    return 1
  fi
  # npm leaves this file when all is in its place.
  if [[ ! $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]]; then
    browser_say "Installing the packages of $folder."
    if ! npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error >&2; then
      browser_say "error: npm ci failed in $folder; its words are above. It needs the npm registry, or a mirror of it (npm config set registry)." \
        "Or leave out the tests that need a browser: ./scripts/test --without-browser"
      return 1
    fi
    # Whatever its time says, it is of this lock file now.
    touch "$folder/node_modules/.package-lock.json"
  fi
  browser_say "$("$OPENPRM_CHROMIUM" --version 2>/dev/null || echo "$OPENPRM_CHROMIUM"), Node.js $version"
}

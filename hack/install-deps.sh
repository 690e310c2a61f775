#!/usr/bin/env bash
# Installs what building and testing Charter needs on Debian 12. Safe to repeat: when nothing is missing it
# returns at once and needs neither root nor network.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

packages=(
  # compiler and build
  g++ cmake ninja-build pkg-config ccache mold git
  # libraries of the product
  libboost-dev libcpprest-dev libyaml-cpp-dev libvirt-dev libsqlite3-dev libspdlog-dev libfmt-dev
  nlohmann-json3-dev libre2-dev libssl-dev libcli11-dev prometheus-cpp-dev libpugixml-dev
  libexpected-dev libmimalloc-dev zlib1g-dev libprotobuf-dev protobuf-compiler tzdata
  libgit2-dev openssh-client gpg libpq-dev
  # tests, fuzzing, checks
  libgtest-dev libgmock-dev libgmp-dev clang-14 libclang-rt-14-dev clang-format python3 poppler-utils
  # a libvirtd of the tests' own, with real guests
  libvirt-daemon libvirt-daemon-system libvirt-clients libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils
  ovmf dnsmasq-base iptables
  # a PostgreSQL of the tests' own
  postgresql
  # what the scripts and the end-to-end tests call
  jq curl openssl ca-certificates strace lua5.4 openssh-server netcat-openbsd gpg-agent
)

command -v dpkg-query >/dev/null ||
  die "this is not Debian: dpkg-query is missing" "Charter is built on Debian 12; needed there: ${packages[*]}"

mapfile -t missing < <(not_installed "${packages[@]}")
if [ ${#missing[@]} -eq 0 ]; then
  say "dependencies: all ${#packages[@]} packages are installed"
  exit 0
fi
say "dependencies: ${#missing[@]} of ${#packages[@]} packages are missing"
if [[ " ${missing[*]} " == *" postgresql "* ]]; then
  # The tests start servers of their own: the host gets none that runs.
  apt_install postgresql-common
  as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
fi
apt_install "${missing[@]}"
say "dependencies: installed in $SECONDS s"

#!/usr/bin/env bash
# From a fresh clone to a running control plane: installs, builds, starts the server with simulated hosts,
# orders a service with kubectl and shows it converge. The server stays running.
#
#   hack/quickstart.sh [--once] [--driver NAME] [--data-dir DIR] [--port N]
#
#   --driver NAME   simulated (default), or libvirt: one real guest on this machine's own libvirtd, as root
#   --once          stop the server at the end; exit 0 only if everything became Ready
#   --data-dir DIR  where the server keeps its data (default: .charter/quickstart in the checkout)
#   --port N        port on 127.0.0.1 (default 7443, 0 picks a free one)
#
# Your own kubeconfig is neither read nor changed; the server writes its own to DIR/kubeconfig.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly NAMESPACE=consumerco CONTRACT=orders
readonly START_TIMEOUT_S=30 OFFER_TIMEOUT_S=60 READY_TIMEOUT_S=180 STOP_TIMEOUT_S=30
readonly CONTRACTS=contracts.charter.dev

once=no
driver=simulated
data_dir=$ROOT/.charter/quickstart
port=7443
usage() { sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
while [ $# -gt 0 ]; do
  case "$1" in
    --once) once=yes ;;
    --data-dir | --port | --driver)
      [ $# -ge 2 ] || die "$1 needs a value" "see hack/quickstart.sh --help"
      case "$1" in
        --port) port=$2 ;;
        --driver) driver=$2 ;;
        *) data_dir=$2 ;;
      esac
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) die "unknown argument: $1" "see hack/quickstart.sh --help" ;;
  esac
  shift
done
{ [[ $port =~ ^[0-9]{1,5}$ ]] && ((10#$port <= 65535)); } || die "--port $port: expected a number from 0 to 65535"
case "$driver" in
  simulated | libvirt) ;;
  *) die "--driver $driver: expected simulated or libvirt" ;;
esac
data_dir=$(realpath -m "$data_dir")

server_log=$data_dir/server.log
server_pid=""
started_here=no
keep_running=no

kc() { "$KUBECTL" --kubeconfig "$data_dir/kubeconfig" --cache-dir "$data_dir/kubectl-cache" "$@"; }

# alive PID: running and not a zombie that waits for us to collect it.
alive() { [ -r "/proc/$1/stat" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

stop_server() {
  local deadline=$((SECONDS + STOP_TIMEOUT_S))
  kill -TERM "$server_pid" 2>/dev/null || return 0
  while alive "$server_pid"; do
    if [ $SECONDS -ge $deadline ]; then
      printf 'error: server %s did not stop within %s s and was killed\n' "$server_pid" "$STOP_TIMEOUT_S" >&2
      kill -KILL "$server_pid" 2>/dev/null || true
      return 1
    fi
    sleep 0.1
  done
}

# On any failure, stop what this script started and nothing else.
cleanup() {
  local status=$?
  if [ $started_here = yes ] && [ $keep_running = no ] && [ -n "$server_pid" ] && alive "$server_pid"; then
    say "stopping the server ($server_pid)"
    stop_server || status=1
  fi
  exit $status
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A server of ours on this data directory: the pid file alone proves nothing, pids are reused.
running_server() {
  local pid
  pid=$(cat "$data_dir/charter.pid" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] && alive "$pid" &&
    [ "$(basename "$(readlink "/proc/$pid/exe" 2>/dev/null | sed 's/ (deleted)$//')")" = charter ] && echo "$pid"
}

start_server() {
  mkdir -p "$data_dir"
  # setsid: closing the terminal or Ctrl-C here must not reach a server that is meant to stay.
  setsid "$ROOT/build/release/charter" serve --data-dir "$data_dir" --listen "127.0.0.1:$port" \
    >>"$server_log" 2>&1 </dev/null &
  server_pid=$!
  started_here=yes
  disown
}

wait_ready() {
  local deadline=$((SECONDS + START_TIMEOUT_S))
  until [ -s "$data_dir/kubeconfig" ] && kc get --raw /readyz >/dev/null 2>&1; do
    if ! alive "$server_pid"; then
      tail -n 20 "$server_log" >&2
      die "the server ended while starting" "its last lines are above (all: $server_log)" \
        "if the port is taken, choose another one: hack/quickstart.sh --port 0"
    fi
    if [ $SECONDS -ge $deadline ]; then
      tail -n 20 "$server_log" >&2
      die "the server was not ready within $START_TIMEOUT_S s" "its last lines are above (all: $server_log)"
    fi
    sleep 0.1
  done
}

virsh_here() { virsh -q -c qemu:///system "$@"; }

# ensure_libvirtd: this machine's libvirtd answers; where nothing starts daemons, as in a container, this does.
ensure_libvirtd() {
  virsh_here version >/dev/null 2>&1 && return
  [ "$(id -u)" -eq 0 ] || die "libvirtd does not answer at qemu:///system" "start it, or run this as root"
  say "starting virtlogd and libvirtd"
  virtlogd -d && libvirtd -d || die "libvirtd did not start" "see its log in /var/log/libvirt"
  local deadline=$((SECONDS + START_TIMEOUT_S))
  until virsh_here version >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || die "libvirtd does not answer within $START_TIMEOUT_S s"
    sleep 0.1
  done
}

# import_guest: puts the guest of one sector, which manifests/libvirt/20-images.yaml pins, into the server's store.
import_guest() {
  local scratch sha256
  scratch=$(mktemp -d)
  sha256=$(sed -n 's/^ *sha256: //p' "$ROOT/manifests/libvirt/20-images.yaml" | head -n 1)
  as --32 -I "$ROOT/tests/support" -o "$scratch/guest.o" "$ROOT/tests/support/micro_guest.S"
  ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o "$scratch/guest.raw" "$scratch/guest.o"
  truncate -s 1M "$scratch/guest.raw"
  "$ROOT/build/release/charter" image import "$scratch/guest.raw" --sha256 "$sha256" --data-dir "$data_dir" ||
    die "the guest's image was refused" "the message is above"
  rm -rf "$scratch"
}

apply_manifests() {
  local name
  if [ "$driver" = simulated ]; then
    say "applying manifests/quickstart"
    kc apply -f "$ROOT/manifests/quickstart"
    return
  fi
  say "applying manifests/quickstart with manifests/libvirt, one machine instead of three"
  for name in quickstart/00-namespaces quickstart/30-templates quickstart/40-ratecard libvirt/10-provider libvirt/20-images \
    libvirt/50-offerings quickstart/60-account quickstart/70-contract; do
    kc apply -f "$ROOT/manifests/$name.yaml" || return 1
  done
  sed 's/^  replicas: 3$/  replicas: 1/' "$ROOT/manifests/quickstart/80-instance.yaml" | kc apply -f -
}

contract_field() { kc get "$CONTRACTS" "$CONTRACT" -n "$NAMESPACE" -o "jsonpath={$1}"; }

accept_contract() {
  local hash deadline=$((SECONDS + OFFER_TIMEOUT_S))
  say "waiting for the offer of contract $NAMESPACE/$CONTRACT"
  # Polled, because `kubectl wait` can wait for a field to appear only from 1.31 on.
  until hash=$(contract_field .status.offer.hash) && [ -n "$hash" ]; do
    if [ $SECONDS -ge $deadline ]; then
      kc describe "$CONTRACTS" "$CONTRACT" -n "$NAMESPACE" >&2 || true
      die "no offer within $OFFER_TIMEOUT_S s" "the contract and its conditions are above"
    fi
    sleep 0.2
  done
  printf '\nOffer\n  hash              %s\n  monthly estimate  %s\n  valid until       %s\n\n' "$hash" \
    "$(contract_field .status.offer.monthlyEstimate)" "$(contract_field .status.offer.expires)"
  if [ "$(contract_field .spec.acceptance.offerHash)" = "$hash" ]; then
    say "this offer is accepted already"
    return
  fi
  say "accepting it: kubectl patch contract $CONTRACT (spec.acceptance.offerHash)"
  kc patch "$CONTRACTS" "$CONTRACT" -n "$NAMESPACE" --type=merge \
    -p "{\"spec\":{\"acceptance\":{\"offerHash\":\"$hash\"}}}"
}

# Ready counts only for the generation that was asked for. A revision is a record without a reconciler.
# shellcheck disable=SC2016 # jq expands these, not the shell
readonly NOT_READY='
  def ready: .metadata.generation as $g | any(.status.conditions[]?;
    .type == "Ready" and .status == "True" and (.observedGeneration // $g) == $g);
  def record: .kind == "ServiceOfferingRevision" and ((.status.conditions // []) | length) == 0;
  [.items[] | select((ready or record) | not)]'
# shellcheck disable=SC2016
readonly PROGRESS='
  def ready: .metadata.generation as $g | any(.status.conditions[]?;
    .type == "Ready" and .status == "True" and (.observedGeneration // $g) == $g);
  def count($k): [.items[] | select(.kind == $k)] | "\(map(select(ready)) | length)/\(length)";
  [["contracts", count("Contract")], ["instances", count("ServiceInstance")],
   ["machines", count("Machine")], ["volumes", count("Volume")]][] | @tsv'

show_progress() {
  local rows=$1 pending=$2 elapsed=$3
  if [ -t 1 ]; then
    if [ "$drawn" = yes ]; then printf '\033[6A\033[J'; fi
    drawn=yes
    printf '%-12s READY\n' "after ${elapsed} s"
    while IFS=$'\t' read -r name count; do printf '  %-10s %s\n' "$name" "$count"; done <<<"$rows"
    printf '  %s of all objects still to become Ready\n' "$pending"
  else
    printf '%3s s  %s; %s not Ready\n' "$elapsed" "$(tr '\t\n' ' ,' <<<"$rows" | sed 's/,$//; s/,/, /g')" "$pending"
  fi
}

wait_converged() {
  local began=$SECONDS objects pending
  drawn=no
  say "waiting until every object is Ready (at most $READY_TIMEOUT_S s)"
  while true; do
    objects=$(kc get charter -A -o json) || die "kubectl get charter -A failed" "the server's log: $server_log"
    pending=$(jq "$NOT_READY | length" <<<"$objects")
    show_progress "$(jq -r "$PROGRESS" <<<"$objects")" "$pending" $((SECONDS - began))
    # An empty list converges vacuously: the instance that was ordered must be there.
    if [ "$pending" -eq 0 ] && jq -e 'any(.items[]; .kind == "ServiceInstance")' <<<"$objects" >/dev/null; then
      say "everything is Ready after $((SECONDS - began)) s"
      return
    fi
    if [ $((SECONDS - began)) -ge $READY_TIMEOUT_S ]; then
      printf '\nNot Ready:\n' >&2
      jq -r "$NOT_READY"'[] | "\(.kind) \(.metadata.namespace // "-")/\(.metadata.name)",
        (.status.conditions // [] | if length == 0 then "    no conditions yet" else
          .[] | "    \(.type)=\(.status) \(.reason // ""): \(.message // "")" end)' <<<"$objects" >&2
      die "not everything was Ready within $READY_TIMEOUT_S s" "what blocks is above; the server's log: $server_log"
    fi
    sleep 1
  done
}

show_tables() {
  local title kind
  while read -r kind title; do
    printf '\n%s\n' "$title"
    kc get "$kind.charter.dev" -A -o wide 2>&1
  done <<'TABLES'
serviceofferings Offerings
contracts Contracts
serviceinstances Service instances
machines Machines
volumes Volumes
TABLES
  printf '\nMonthly estimate of contract %s/%s: %s\n' "$NAMESPACE" "$CONTRACT" \
    "$(contract_field .status.offer.monthlyEstimate)"
}

show_next_steps() {
  local instance
  instance=$(kc get serviceinstances.charter.dev -n "$NAMESPACE" -o 'jsonpath={.items[0].metadata.name}')
  cat <<NEXT

Kubeconfig: $data_dir/kubeconfig

Try next:
  export KUBECONFIG=$data_dir/kubeconfig
  kubectl get charter -A
  kubectl explain serviceinstance.spec
  kubectl scale serviceinstance/$instance -n $NAMESPACE --replicas=1
  kubectl get machines -n $NAMESPACE -w

The server runs as process $server_pid, its log is $server_log. Stop it with:
  kill $server_pid
NEXT
}

"$ROOT/hack/install-deps.sh"
ensure_kubectl
if [ "$driver" = libvirt ]; then ensure_libvirtd; fi
build_preset release charter || die "the build failed" "the compiler's messages are above"

if server_pid=$(running_server); then
  say "a server is already running on $data_dir (process $server_pid): using it"
else
  say "starting charter on 127.0.0.1:$port with data in $data_dir"
  start_server
fi
wait_ready
say "server ready: $(kc config view -o 'jsonpath={.clusters[0].cluster.server}')"

if [ "$driver" = libvirt ]; then import_guest; fi
apply_manifests ||
  die "kubectl apply failed" "its message is above; the server's log: $server_log"
accept_contract
wait_converged
show_tables
if [ "$driver" = libvirt ]; then
  printf '\nDomains of this machine (virsh -c qemu:///system list --title)\n'
  virsh_here list --title
fi

if [ "$once" = no ]; then
  keep_running=yes
  show_next_steps
elif [ $started_here = yes ]; then
  say "stopping the server ($server_pid)"
  stop_server
  say "done: everything converged"
else
  say "done: everything converged; the server ($server_pid) was running before and is left running"
fi

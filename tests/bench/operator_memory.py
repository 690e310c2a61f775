"""The memory of `charter operator` that holds many instances.

    CHARTER_BINARY=build/release/charter python3 tests/bench/operator_memory.py [--instances 10000]

The API server is `charter serve --no-controllers`, the hosts are simulated; both are those of the end-to-end tests. One replica
makes all instances Ready (a machine each), and then does nothing; then a second one starts, which holds the same caches and has never
worked. Prints what each has in memory that is its own (Pss), and what that is per object. Never fails because of the figures.
"""

import argparse
import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from charter_e2e import BINARY, eventually  # noqa: E402
from operating import Operator, PlainServer  # noqa: E402

API = "/apis/charter.dev/v1alpha1"
NS = "bench"
CLIENTS = 8
SETTLE_S = 15  # nothing is written any more
READY_S = 3600
# A busy machine is no reason to lose the term.
PATIENT = ("--leader-elect-lease-duration=120s", "--leader-elect-renew-deadline=90s")


def named(kind, name, spec, ns=None):
    metadata = {"name": name, **({"namespace": ns} if ns else {})}
    return {"apiVersion": "charter.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def catalog(instances):
    """Hosts and quantities far above what is ordered."""
    hosts = [{"name": f"host-{n}", "vcpus": 100000, "memory": "10PB", "storage": "1000PB"} for n in range(4)]
    units = {"compute": 2 * instances + 100}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}},
        named("Provider", "bench", {
            "driver": "simulated", "location": {"region": "eu-central", "jurisdiction": "EU"},
            "machineClasses": [{"name": "standard", "vcpusMax": 4, "memoryMax": "16GB"}],
            "security": {"isolation": ["SharedNetwork", "TenantNetwork"], "encryptionAtRest": True},
            "simulated": {"bootTime": "100ms", "imageTime": "100ms", "hosts": hosts}}),
        named("Image", "bench", {
            "source": {"url": "https://images.example/bench.qcow2", "sha256": "d2" * 32}, "format": "qcow2",
            "architecture": "x86_64", "os": "linux", "minDisk": "20GB"}),
        named("ServiceTemplate", "bench", {
            "parameters": [{"name": "vcpus", "type": "integer", "allowed": [2, 4], "default": 2},
                           {"name": "os", "type": "string", "allowed": ["linux"], "default": "linux"}],
            "components": {
                "machines": [{"name": "server", "vcpus": {"fromParameter": "vcpus"}, "memory": {"value": "4GB"},
                              "class": {"value": "standard"}, "imageFrom": {"parameter": "os", "map": {"linux": "bench"}},
                              "bootDisk": {"size": {"value": "20GB"}}, "networks": ["tenant"]}],
                "networks": [{"name": "tenant", "description": "Private network"}]}}, NS),
        named("RateCard", "bench", {
            "currency": "USD", "effectiveFrom": "2026-01-01T00:00:00Z",
            "items": [{"meter": "cpu-hours", "basis": "Active", "price": "0.13", "per": "CPUHour"}]}),
        named("ServiceOffering", "bench", {
            "publication": "Published", "templateRef": {"namespace": NS, "name": "bench"},
            "units": {"compute": {"per": "Machine", "equals": {"vcpus": 4, "memory": "8GB"}}},
            "serviceLevel": {"availability": "99.9", "provisioningTime": "10m"},
            "security": {"isolation": "TenantNetwork", "encryptionAtRest": True},
            "billing": {"rateCardRef": "bench", "period": "Month", "graceBeforeIssue": "48h"},
            "placement": {"jurisdictions": ["EU"], "subcontracting": "Allowed"}, "visibility": {"audience": "Public"},
            "contractPolicy": {"acceptance": "Automatic"}}),
        named("Account", "bench", {
            "namespaces": [NS], "limits": units,
            "members": [{"subject": {"kind": "User", "name": "admin"},
                         "permissions": ["RequestContract", "AcceptContract", "Configure"]}],
            "billing": {"email": "bills@bench.example", "period": "Month"}}),
        named("Contract", "bench", {
            "offeringRef": {"name": "bench"}, "quantities": units, "term": {"start": "Immediately", "renew": "Auto"},
            "placement": {"jurisdictions": ["EU"]}}, NS),
    ]


class Client:
    """The administrator's connection; one a thread."""

    def __init__(self, server):
        config = json.loads(server.kubectl("config", "view", "--raw", "-o", "json").stdout)
        user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
        self.host = cluster["server"].removeprefix("https://")
        decoded = lambda text: base64.b64decode(text).decode()
        self.context = ssl.create_default_context(cadata=decoded(cluster["certificate-authority-data"]))
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            pair.write(decoded(user["client-certificate-data"]) + decoded(user["client-key-data"]))
            pair.flush()
            self.context.load_cert_chain(pair.name)
        self.local = threading.local()

    def ask(self, method, path, body=None):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPSConnection(self.host, context=self.context, timeout=60)
        self.local.connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        answer = self.local.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def count(self, resource):
        """Objects of a kind in the namespace, without reading them all."""
        page = self.ask("GET", f"{API}/namespaces/{NS}/{resource}?limit=1")
        return len(page["items"]) + page["metadata"].get("remainingItemCount", 0)

    def count_ready(self):
        """Machines that run, asked for as a table: the columns only."""
        path = f"{API}/namespaces/{NS}/serviceinstances?limit=0"
        items = self.ask("GET", path)["items"]
        return sum(any(c["type"] == "Ready" and c["status"] == "True" for c in i.get("status", {}).get("conditions", []))
                   for i in items)


def own_bytes(pid):
    """What would be free if the process ended."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))


def peak_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM:"))


def settle(operator):
    """Until the requests stop growing in number, leases aside."""
    writes = lambda: sum(operator.metric(f'rest_client_requests_total{{code="{code}",method="{method}"')
                         for code, method in (("200", "PUT"), ("201", "POST"), ("200", "PATCH")))
    before, since = writes(), time.monotonic()
    while time.monotonic() - since < SETTLE_S:
        time.sleep(1)
        now = writes()
        if now - before > SETTLE_S:  # renewals of the Lease are writes, too
            before, since = now, time.monotonic()


def tell(what, operator, empty, objects):
    pss = own_bytes(operator.pid)
    print(f"{what}: {pss / 2**20:.0f} MiB, {(pss - empty) / 1024 / objects:.2f} KiB per object; highest {peak_bytes(operator.pid) / 2**20:.0f} MiB",
          flush=True)


def measure(server, instances):
    client = Client(server)
    leader = Operator(server, "leader", PATIENT).start().wait_works()
    try:
        empty = own_bytes(leader.pid)
        print(f"empty: {empty / 2**20:.0f} MiB", flush=True)
        for thing in catalog(instances):
            server.kubectl("apply", "-f", "-", stdin=thing)
        began = time.monotonic()
        make = lambda n: client.ask("POST", f"{API}/namespaces/{NS}/serviceinstances", named(
            "ServiceInstance", f"si-{n}", {"contractRef": {"name": "bench"}, "parameters": {"vcpus": 2}, "replicas": 1}, NS))
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(make, range(instances)))
        print(f"created after {time.monotonic() - began:.0f} s", flush=True)
        eventually(lambda: client.count_ready() == instances, "all instances are Ready", READY_S, pause=10)
        print(f"Ready after {time.monotonic() - began:.0f} s", flush=True)
        settle(leader)
        objects = sum(client.count(resource) for resource in ("serviceinstances", "machines", "volumes"))
        print(f"{objects} objects in its caches, Secrets beside them", flush=True)
        tell("leader, after its work", leader, empty, objects)
        follower = Operator(server, "follower", PATIENT).start()
        try:
            eventually(lambda: follower.get("/readyz")[0] == 200, "the follower's caches are full", 300)
            tell("follower, caches only", follower, empty, objects)
        finally:
            follower.kill()
    finally:
        leader.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--instances", type=int, default=10_000)
    options = parser.parse_args()
    print(subprocess.run([BINARY, "version"], capture_output=True, text=True, check=True).stdout.strip(), os.cpu_count(), "cores")
    server = PlainServer()
    try:
        server.start()
        measure(server, options.instances)
    finally:
        server.close()


if __name__ == "__main__":
    main()

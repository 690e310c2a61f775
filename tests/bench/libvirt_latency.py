"""How long a change takes from the API to the host: an instance's size is patched, and libvirtd is called for it.

    CHARTER_BINARY=build/release/charter python3 tests/bench/libvirt_latency.py [--changes 300]

The server, kubectl and a libvirtd of its own are those of the end-to-end tests. One machine that is off is resized again and
again, so that neither a guest nor QEMU takes part. The server reaches libvirtd through a socket of this program, which notes
when a call passes: the moment at which the host is told, after the server has asked it what is the case. What the way through
this program costs is part of the figures. Prints them; never fails because of them.
"""

import argparse
import base64
import http.client
import json
import os
import pathlib
import queue
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import ordering  # noqa: E402
from charter_e2e import eventually  # noqa: E402
from libvirt_test import LibvirtServer  # noqa: E402
from ordering import NS  # noqa: E402

DEFINE = 350  # virDomainDefineXMLFlags in libvirt's wire protocol
HEADER = struct.Struct(">IIIIIII")  # length, program, version, procedure, type, serial, status
CALL = 0
GOAL_MS = 10
WAIT_S = 30
PAUSE_S = 0.02  # between two changes: each begins on a server that has nothing to do
INSTANCE = f"/apis/charter.dev/v1alpha1/namespaces/{NS}/serviceinstances/order-mgmt"
MACHINES = f"/apis/charter.dev/v1alpha1/namespaces/{NS}/machines?watch=true&resourceVersion=0"


class Proxy:
    """Hands bytes on between a socket of its own and libvirtd's, and notes when a definition is made."""

    def __init__(self, target):
        self.target = target
        self.path = str(pathlib.Path(target).parent / "measured-sock")
        self.defined = queue.SimpleQueue()  # moments
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            daemon = socket.socket(socket.AF_UNIX)
            daemon.connect(self.target)
            threading.Thread(target=self.pump, args=(client, daemon, self.note), daemon=True).start()
            threading.Thread(target=self.pump, args=(daemon, client, lambda _: None), daemon=True).start()

    def pump(self, source, sink, note):
        try:
            while data := source.recv(1 << 20):
                note(data)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def note(self, data):
        # A client sends a call as a whole, and no two at a time on one connection.
        if len(data) >= HEADER.size:
            _, _, _, procedure, kind, _, _ = HEADER.unpack_from(data)
            if procedure == DEFINE and kind == CALL:
                self.defined.put(time.perf_counter())


class Api:
    """One connection to the server, as its administrator."""

    def __init__(self, server):
        config = json.loads(server.kubectl("config", "view", "--raw", "-o", "json").stdout)
        user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
        self.place = urllib.parse.urlparse(cluster["server"])
        self.context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        with tempfile.NamedTemporaryFile(suffix=".pem") as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            pair.flush()
            self.context.load_cert_chain(pair.name)
        self.connection = self.connect()

    def connect(self):
        return http.client.HTTPSConnection(self.place.hostname, self.place.port, context=self.context)

    def patch(self, path, spec):
        """Sends it; when it was sent, and when it was acknowledged."""
        body = json.dumps({"spec": spec})
        begun = time.perf_counter()
        self.connection.request("PATCH", path, body, {"Content-Type": "application/merge-patch+json"})
        answer = self.connection.getresponse()
        text = answer.read()
        acknowledged = time.perf_counter()
        assert answer.status == 200, text
        return begun, acknowledged

    def watch(self, path, seen):
        """Calls `seen(moment, object)` for each event, on a thread."""
        def run():
            connection = self.connect()
            connection.request("GET", path)
            answer = connection.getresponse()
            while line := answer.readline():
                seen(time.perf_counter(), json.loads(line)["object"])

        threading.Thread(target=run, daemon=True).start()


class Bench(LibvirtServer):
    """The end-to-end tests' server and order, behind the proxy."""

    replicas = 1

    @classmethod
    def provider(cls, manifest="10-provider.yaml"):
        provider = super().provider(manifest)
        socket_path = provider["spec"]["libvirt"]["uri"].split("socket=")[1]
        cls.proxy = Proxy(socket_path)
        provider["spec"]["libvirt"]["uri"] = f"qemu+unix:///system?socket={cls.proxy.path}"
        return provider

    @classmethod
    def is_ready(cls):
        return ordering.is_ready(ordering.read(cls.server, "si", "order-mgmt", "-n", NS))


def of(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def show(name, milliseconds):
    print(f"{name:58} p50 {of(milliseconds, .5):7.2f}  p90 {of(milliseconds, .9):7.2f}  p99 {of(milliseconds, .99):7.2f}"
          f"  most {max(milliseconds):7.2f} ms", flush=True)


def measure(changes):
    server, proxy = Bench.server, Bench.proxy
    ordering.set_fields(server, "si", "order-mgmt", "-n", NS, replicas=0)
    ordering.wait_machines(server, 0, 1)
    api = Api(server)
    written = queue.SimpleQueue()  # moments at which a machine's size was heard of, and the size
    api.watch(MACHINES, lambda moment, machine: written.put((machine["spec"]["vcpus"], moment)))
    from_sent, from_acknowledged, from_machine = [], [], []
    for index in range(changes):
        vcpus = 4 - 2 * (index % 2)
        eventually(Bench.is_ready, "the change before is through", WAIT_S, pause=PAUSE_S)
        time.sleep(PAUSE_S)
        for old in (proxy.defined, written):
            while not old.empty():
                old.get()
        begun, acknowledged = api.patch(INSTANCE, {"parameters": {"vcpus": vcpus}})
        told = proxy.defined.get(timeout=WAIT_S)
        size, heard = written.get(timeout=WAIT_S)
        while size != vcpus:
            size, heard = written.get(timeout=WAIT_S)
        from_sent.append((told - begun) * 1000)
        from_acknowledged.append((told - acknowledged) * 1000)
        from_machine.append((told - heard) * 1000)
    print(f"{changes} changes of one machine's size, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; goal: p99 <= {GOAL_MS} ms")
    show("patch of the instance sent -> libvirtd is called", from_sent)
    show("patch of the instance acknowledged -> libvirtd is called", from_acknowledged)
    show("machine's new size on a watch -> libvirtd is called", from_machine)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--changes", type=int, default=300)
    changes = parser.parse_args().changes
    sys.setswitchinterval(0.0001)  # whoever has bytes to hand on does not wait for another thread
    try:
        Bench.setUpClass()
        measure(changes)
    finally:
        Bench.doClassCleanups()


if __name__ == "__main__":
    main()

"""ConsumerCo's order from manifests/quickstart, and what must be true of it. Shared by the tests that need it running."""

import json

from charter_e2e import ROOT, eventually

NS = "consumerco"
MANIFESTS = str(ROOT / "manifests/quickstart")
READY_S = 90
# Steps of simulated machines that a test need not wait for.
QUICK = {"bootTime": "100ms", "imageTime": "100ms", "stopTime": "100ms"}


def conditions(thing):
    return {c["type"]: c for c in thing.get("status", {}).get("conditions", [])}


def is_ready(thing):
    """Ready counts only for the generation that was asked for."""
    ready = conditions(thing).get("Ready", {})
    generation = thing["metadata"]["generation"]
    return ready.get("status") == "True" and ready.get("observedGeneration", generation) == generation


def said(server, *thing, of="Ready"):
    """One condition of an object, {} while it has none of the type."""
    return conditions(read(server, *thing)).get(of, {})


def read(server, *thing):
    return json.loads(server.kubectl("get", *thing, "-o", "json").stdout)


def patch(server, *thing, **spec):
    """Merges into the spec of an object; what the server refuses is the caller's to expect."""
    return server.kubectl("patch", *thing, "--type=merge", "-p", json.dumps({"spec": spec}), check=False)


def set_fields(server, *thing, **spec):
    done = patch(server, *thing, **spec)
    if done.returncode != 0:
        raise AssertionError(f"patch {' '.join(thing)} {spec}: {done.stderr}")


def manifest(server, path, name, ns=None):
    """One object of a manifest file, as a document that a test may change."""
    line = ("create", "--dry-run=client", "-o", "json", "-f", str(ROOT / "manifests" / path))
    found = json.loads("[" + server.kubectl(*line).stdout.replace("}\n{", "},{") + "]")
    items = [item for document in found for item in document.get("items", [document])]
    named = [item for item in items if item["metadata"]["name"] == name]
    return next(item for item in named if ns in (None, item["metadata"].get("namespace")))


def hasten(server, *providers, **settings):
    """Short times, and other settings, for simulated providers."""
    for name in providers:
        set_fields(server, "provider", name, simulated={**QUICK, **settings})


def poke(server, *thing, when=iter(range(1_000_000))):
    """Asks for a pass now; of a provider, for a look at what its hosts have."""
    server.kubectl("annotate", *thing, "--overwrite", f"charter.dev/reconcile-requested-at={next(when)}")


def listed(server, *arguments):
    """Items of a list; nothing while the server does not answer, which a test that kills it has to expect."""
    done = server.kubectl("get", *arguments, "-o", "json", check=False)
    return json.loads(done.stdout)["items"] if done.returncode == 0 else []


def offer_hash(server, contract="orders", ns=NS):
    return server.kubectl("get", "contract", contract, "-n", ns, "-o", "jsonpath={.status.offer.hash}").stdout


def acceptance(value):
    return json.dumps({"spec": {"acceptance": {"offerHash": value}}})


def accept(server, contract="orders", ns=NS):
    """Commits the hash of the standing offer, as hack/quickstart.sh does."""
    value = eventually(lambda: offer_hash(server, contract, ns), "the contract has an offer", READY_S)
    server.kubectl("patch", "contract", contract, "-n", ns, "--type=merge", "-p", acceptance(value))


def wait_ready(server, *thing):
    """Waits until one object is Ready for the generation that was asked for, which is what kubectl waits for."""
    done = server.kubectl("wait", "--for=condition=Ready", f"--timeout={READY_S}s", *thing, timeout=READY_S + 10, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{done.stderr}{json.dumps(said(server, *thing))}")


def wait_reason(server, reason, *thing, of="Ready"):
    """Waits until a condition has this reason, and returns its message."""
    try:
        return eventually(lambda: (c := said(server, *thing, of=of)).get("reason") == reason and c["message"],
                          f"{of} of {' '.join(thing)} is {reason}", READY_S)
    except AssertionError as error:
        raise AssertionError(f"{error}: {json.dumps(conditions(read(server, *thing)))}") from error


def wait_everything_ready(server):
    def settled():
        things = listed(server, "charter", "-A")
        return any(t["kind"] == "ServiceInstance" for t in things) and all(map(is_ready, things))

    try:
        eventually(settled, "every object of category charter is Ready", READY_S)
    except AssertionError as error:
        waiting = {f"{t['kind']}/{t['metadata']['name']}": conditions(t).get("Ready")
                   for t in listed(server, "charter", "-A") if not is_ready(t)}
        raise AssertionError(f"{error}: {json.dumps(waiting, indent=1)}") from error


def wait_machines(server, running, total=3):
    """Waits until so many of the machines run, the others are off, and the instance says so itself."""
    def states():
        return sorted(m["status"].get("state", "") for m in listed(server, "machines", "-n", NS) if is_ready(m))

    wanted = ["Off"] * (total - running) + ["Running"] * running
    eventually(lambda: states() == wanted, f"{running} of {total} machines run", READY_S)
    eventually(lambda: all(map(is_ready, listed(server, "serviceinstances", "-n", NS))), "the instance is Ready", READY_S)


def identities(server):
    """What a machine must keep while it is off: name, uid, address and identity at the provider."""
    return {m["metadata"]["name"]: (m["metadata"]["uid"], m["status"].get("address"), m["status"].get("externalID"))
            for m in listed(server, "machines", "-n", NS)}


def simulated(server, *command):
    """Rows of a table of the simulated hosts, each as its list of words."""
    done = server.charter("sim", *command)
    if done.returncode != 0:
        raise AssertionError(f"charter sim {' '.join(command)}: {done.returncode}\n{done.stderr}")
    return [line.split() for line in done.stdout.splitlines()[1:]]

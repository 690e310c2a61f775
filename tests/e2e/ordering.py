"""ConsumerCo's order from manifests/quickstart, and what must be true of it. Shared by the tests that need it running."""

import json

from charter_e2e import ROOT, eventually

NS = "consumerco"
MANIFESTS = str(ROOT / "manifests/quickstart")
READY_S = 90


def conditions(thing):
    return {c["type"]: c for c in thing.get("status", {}).get("conditions", [])}


def is_ready(thing):
    """Ready counts only for the generation that was asked for."""
    ready = conditions(thing).get("Ready", {})
    generation = thing["metadata"]["generation"]
    return ready.get("status") == "True" and ready.get("observedGeneration", generation) == generation


def listed(server, *arguments):
    """Items of a list; nothing while the server does not answer, which a test that kills it has to expect."""
    done = server.kubectl("get", *arguments, "-o", "json", check=False)
    return json.loads(done.stdout)["items"] if done.returncode == 0 else []


def offer_hash(server):
    return server.kubectl("get", "contract", "orders", "-n", NS, "-o", "jsonpath={.status.offer.hash}").stdout


def acceptance(value):
    return json.dumps({"spec": {"acceptance": {"offerHash": value}}})


def accept(server):
    """Commits the hash of the standing offer, as hack/quickstart.sh does."""
    value = eventually(lambda: offer_hash(server), "the contract has an offer", READY_S)
    server.kubectl("patch", "contract", "orders", "-n", NS, "--type=merge", "-p", acceptance(value))


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


def simulated(server, table):
    """Rows of a table of the simulated hosts, each as its list of words."""
    done = server.charter("sim", table)
    if done.returncode != 0:
        raise AssertionError(f"charter sim {table}: {done.returncode}\n{done.stderr}")
    return [line.split() for line in done.stdout.splitlines()[1:]]

"""What kstatus makes of an object: the words that Flux, Argo CD, Helm and kpt wait for.

Written from the algorithm that sigs.k8s.io/cli-utils documents for its package kstatus, in its order:

    metadata.deletionTimestamp is set                                   Terminating
    status.observedGeneration is there and not metadata.generation      InProgress
    the first condition of these that is True: Reconciling, Stalled     InProgress, Failed
    a built-in kind with rules of its own                               by its rule
    a condition Ready: True                                             Current
    a condition Ready: anything else                                    InProgress
    else                                                                Current

An object that has no status yet is therefore Current: only who set its status can say otherwise.
"""

IN_PROGRESS, CURRENT, FAILED, TERMINATING = "InProgress", "Current", "Failed", "Terminating"


def conditions_of(thing):
    return (thing.get("status") or {}).get("conditions") or []


def of_definition(thing):
    for condition in conditions_of(thing):
        kind, status = condition["type"], condition["status"]
        if kind == "NamesAccepted" and status == "False":
            return FAILED
        if kind == "Established" and status == "True":
            return CURRENT
        if kind == "Established" and status == "False" and condition.get("reason") != "Installing":
            return FAILED
    return IN_PROGRESS


# The kinds of Kubernetes that Charter serves and that have a rule.
BUILT_IN = {
    ("v1", "ConfigMap"): lambda thing: CURRENT,
    ("v1", "Secret"): lambda thing: CURRENT,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): of_definition,
}


def compute(thing):
    metadata, status = thing["metadata"], thing.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return TERMINATING
    if "generation" in metadata and status.get("observedGeneration", metadata["generation"]) != metadata["generation"]:
        return IN_PROGRESS
    for condition in conditions_of(thing):
        if condition["type"] == "Reconciling" and condition["status"] == "True":
            return IN_PROGRESS
        if condition["type"] == "Stalled" and condition["status"] == "True":
            return FAILED
    rule = BUILT_IN.get((thing["apiVersion"], thing["kind"]))
    if rule:
        return rule(thing)
    for condition in conditions_of(thing):
        if condition["type"] == "Ready":
            return CURRENT if condition["status"] == "True" else IN_PROGRESS
    return CURRENT

"""What the semantics transcript of kube-apiserver asks, in its order: each step builds on what the steps before have left.

`ask(title, method, path, body)` asks once and keeps the answer under its title; without a title nothing is kept. `ask.definition` is the
CustomResourceDefinition that all of it is about.
"""

import base64
import binascii
import json
import time

from charter_e2e import eventually

APPLY, MERGE, JSON_PATCH = "application/apply-patch+yaml", "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, YAML, PROTOBUF = "application/strategic-merge-patch+json", "application/yaml", "application/vnd.kubernetes.protobuf"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
AGGREGATED = ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
              "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json")
OPENAPI_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
SPACE = "/api/v1/namespaces/sem"
WIDGETS = "/apis/conv.dev/v1/namespaces/sem/widgets"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GONE_S = 30


def widget(name, spec=None, **metadata):
    return {"apiVersion": "conv.dev/v1", "kind": "Widget", "metadata": {"name": name, "namespace": "sem", **metadata},
            "spec": {"size": 3} if spec is None else spec}


def named_only(kind="Widget", version="v1", spec=None, **metadata):
    """A body that leaves its namespace to the path."""
    return {"apiVersion": f"conv.dev/{version}", "kind": kind, "metadata": metadata, "spec": spec or {"size": 1}}


def copied(thing):
    return json.loads(json.dumps(thing))


def absent(ask, name):
    return ask.status("GET", f"{WIDGETS}/{name}") == 404


def definition(ask):
    ask("create CRD", "POST", DEFINITIONS, ask.definition)
    eventually(lambda: ask.status("GET", WIDGETS) == 200, "widgets are served")
    made = ask(None, "GET", f"{DEFINITIONS}/widgets.conv.dev")
    ask.fact("the definition once it is served", status=made["status"], finalizers=made["metadata"].get("finalizers"))
    ask("namespace create", "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "sem"}})


def creation(ask):
    doubled, four = [{"key": "a"}, {"key": "a"}], [{"key": key} for key in "abcd"]
    wrong = {"size": 99, "color": "pink", "name": "X", "when": "yesterday", "items": [{"value": "1"}], "port": 1.5}
    for title, body in (
            ("create 201", widget("a")),
            ("AlreadyExists", widget("a")),
            ("generateName", named_only(generateName="gen-")),
            ("no name", named_only()),
            ("bad name", widget("Bad_Name")),
            ("resourceVersion on create", widget("b", resourceVersion="1")),
            ("422 many causes", widget("b", wrong)),
            ("422 wrong type", widget("b", {"size": "three"})),
            ("422 required", widget("b", {})),
            ("422 CEL", widget("b", {"size": 1, "name": "bad"})),
            ("422 duplicate list-map key", widget("b", {"size": 1, "items": doubled})),
            ("422 maxItems", widget("b", {"size": 1, "items": four})),
            ("422 label", widget("b", labels={"bad label": "x"}, annotations={"a/b/c": "x"}))):
        ask(title, "POST", WIDGETS, body)
    ask(None, "DELETE", f"{WIDGETS}/b")
    ask("server-owned metadata on create is reset", "POST", WIDGETS,
        widget("b", uid="abc", generation=7, creationTimestamp="2020-01-01T00:00:00Z", selfLink="x",
               deletionTimestamp="2020-01-01T00:00:00Z"))
    ask(None, "DELETE", f"{WIDGETS}/b")
    broken = '{"apiVersion":"conv.dev/v1","kind":"Widget","metadata":{"name":"b"},'
    ask("400 bad JSON", "POST", WIDGETS, broken)
    ask("400 wrong apiVersion", "POST", WIDGETS, named_only(version="v2", name="b"))
    ask("400 wrong kind", "POST", WIDGETS, named_only("Wodget", name="b"))
    ask("400 namespace mismatch", "POST", WIDGETS, named_only(name="b", namespace="other"))
    ask("namespace does not exist", "POST", WIDGETS.replace("/sem/", "/nons/"), named_only(name="b", spec={"size": 3}))
    ask("name mismatch", "PUT", f"{WIDGETS}/zzz", widget("a"))
    ask("PUT of a missing object", "PUT", f"{WIDGETS}/zzz", widget("zzz"))
    ask("PATCH of a missing object", "PATCH", f"{WIDGETS}/zzz", {"spec": {}}, sends=MERGE)
    ask("dryRun=All", "POST", f"{WIDGETS}?dryRun=All", widget("dry"))
    ask("dryRun invalid", "POST", f"{WIDGETS}?dryRun=Some", widget("dry"))


def refusals(ask):
    ask("404 object", "GET", f"{WIDGETS}/nope")
    ask("404 delete", "DELETE", f"{WIDGETS}/nope")
    ask("404 unknown resource", "GET", "/apis/conv.dev/v1/namespaces/sem/nothings")
    ask("404 unknown group", "GET", "/apis/nogroup.dev/v1/things")
    ask("404 unknown path", "GET", "/nopath")
    ask("403 list", "GET", WIDGETS, who="dev")
    ask("403 get", "GET", f"{WIDGETS}/a", who="dev")
    ask("403 create", "POST", WIDGETS, widget("b"), who="dev")
    ask("403 subresource", "PUT", f"{WIDGETS}/a/status", widget("a"), who="dev")
    ask("403 cluster scope", "GET", "/api/v1/nodes", who="dev")
    ask("401", "GET", WIDGETS, who="a stranger")
    ask("anonymous", "GET", WIDGETS, who=None)
    ask("anonymous /version", "GET", "/version", who=None)
    ask("415 content type", "POST", WIDGETS, "x", sends="text/plain")
    ask("406", "GET", f"{WIDGETS}/a", accept="text/csv")
    ask("protobuf only on CR", "GET", f"{WIDGETS}/a", accept=PROTOBUF)
    ask("yaml", "GET", f"{WIDGETS}/a", accept=YAML)
    ask("*/*", "GET", f"{WIDGETS}/a", accept="*/*")
    y_is_a_boolean = "apiVersion: conv.dev/v1\nkind: Widget\nmetadata: {name: y}\nspec: {size: 1}\n"
    ask("YAML body", "POST", WIDGETS, y_is_a_boolean, sends=YAML)
    ask("405", "PUT", WIDGETS, widget("a"))
    ask("405 post on object", "POST", f"{WIDGETS}/a", widget("a"))
    ask("strategic on CR 415", "PATCH", f"{WIDGETS}/a", {"spec": {"size": 4}}, sends=STRATEGIC)
    ask("patch with application/json", "PATCH", f"{WIDGETS}/a", "{}")
    mebibyte = 1024 * 1024
    ask("413 body too large", "POST", WIDGETS, widget("big", {"size": 1, "labels": {"x": "y" * (3 * mebibyte + 10)}}))
    ask("between etcd limit and 3 MiB", "POST", WIDGETS, widget("big", {"size": 1, "labels": {"x": "y" * (1700 * 1024)}}))


def updates(ask):
    url = f"{WIDGETS}/a"
    old = ask(None, "GET", url)
    old["spec"]["size"] = 4
    now = ask("PUT spec: generation 2", "PUT", url, old)
    ask("409 Conflict stale", "PUT", url, old)
    for title, version in (("PUT without resourceVersion", None), ("PUT with rv=abc", "abc"), ("PUT with rv=0", "0")):
        body = copied(now)
        del body["metadata"]["resourceVersion"]
        if version is not None:
            body["metadata"]["resourceVersion"] = version
        ask(title, "PUT", url, body)
    same = ask(None, "PUT", url, now)
    ask.fact("PUT that changes nothing", version_is_kept=same["metadata"]["resourceVersion"] == now["metadata"]["resourceVersion"])
    body = copied(same)
    body["metadata"]["uid"] = "11111111-1111-1111-1111-111111111111"
    ask("uid mismatch on PUT", "PUT", url, body)
    status_is_apart(ask, url, same)
    ask("merge patch with stale rv", "PATCH", url, {"metadata": {"resourceVersion": "1"}, "spec": {"size": 5}}, sends=MERGE)
    ask("merge patch deletes required", "PATCH", url, {"spec": {"size": None}}, sends=MERGE)
    ask("merge patch invalid value", "PATCH", url, {"spec": {"size": 77}}, sends=MERGE)
    ask("json patch test fails", "PATCH", url, [{"op": "test", "path": "/spec/size", "value": 99}], sends=JSON_PATCH)
    ask("json patch remove missing", "PATCH", url, [{"op": "remove", "path": "/spec/nope"}], sends=JSON_PATCH)
    ask("json patch not an array", "PATCH", url, {"op": "x"}, sends=JSON_PATCH)
    ask("merge patch bad JSON", "PATCH", url, "[]x", sends=MERGE)
    ask("merge patch renames", "PATCH", url, {"metadata": {"name": "other"}}, sends=MERGE)
    ask("merge patch status through main: ignored", "PATCH", url, {"status": {"phase": "Y"}}, sends=MERGE)
    ask("scale", "GET", f"{url}/scale")
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a", "namespace": "sem"}, "spec": {"replicas": 4}}
    ask("PUT scale", "PUT", f"{url}/scale", scale)
    ask("PATCH scale", "PATCH", f"{url}/scale", {"spec": {"replicas": 5}}, sends=MERGE)
    ask("unknown subresource", "GET", f"{url}/nosub")


def status_is_apart(ask, url, before):
    def parts(thing, *members):
        return {member: thing["metadata"].get(member) for member in members} | {"status": thing.get("status"), "spec": thing["spec"]}

    body = copied(before) | {"status": {"phase": "X"}}
    body["metadata"]["labels"] = {"l": "1"}
    labelled = ask(None, "PUT", url, body)
    ask.fact("PUT with a status and a label", **parts(labelled, "labels", "generation"),
             version_is_kept=labelled["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"])
    body = copied(labelled) | {"status": {"phase": "X", "replicas": 2, "selector": "l=1"}}
    body["metadata"]["labels"] = {"l": "2"}
    body["spec"]["size"] = 9
    told = ask(None, "PUT", f"{url}/status", body)
    ask.fact("PUT of /status with another spec and label", **parts(told, "labels", "generation", "managedFields"))
    body = copied(told)
    body["metadata"] |= {"generation": 99, "creationTimestamp": "2001-01-01T00:00:00Z"}
    kept = ask(None, "PUT", url, body)
    ask.fact("PUT of generation and creationTimestamp", **parts(kept, "generation"),
             creation_is_kept=kept["metadata"]["creationTimestamp"] == told["metadata"]["creationTimestamp"])


def field_validation(ask):
    unknown = widget("fv", {"size": 1, "bogus": 1, "items": [{"key": "a", "zip": 1}]})
    dry = f"{WIDGETS}?dryRun=All"
    ask("default: Warn", "POST", dry, unknown)
    ask("Strict", "POST", f"{dry}&fieldValidation=Strict", unknown)
    ask("Ignore", "POST", f"{dry}&fieldValidation=Ignore", unknown)
    ask("invalid value", "POST", f"{dry}&fieldValidation=Zap", unknown)
    twice = '{"apiVersion":"conv.dev/v1","kind":"Widget","metadata":{"name":"fv"%s},"spec":{"size":1,"size":2}}'
    ask("Strict duplicate key + unknown metadata", "POST", f"{dry}&fieldValidation=Strict", twice % ',"foo":1')
    ask("Warn duplicate key", "POST", dry, twice % "")
    ask("Strict merge patch", "PATCH", f"{WIDGETS}/a?fieldValidation=Strict", {"spec": {"bogus": 1}}, sends=MERGE)
    ask("SSA unknown field", "PATCH", f"{WIDGETS}/a?fieldManager=f1", named_only(name="a", spec={"size": 1, "bogus": 1}), sends=APPLY)


def server_side_apply(ask):
    url = f"{WIDGETS}/s"

    def apply(title, query, spec=None, **metadata):
        ask(title, "PATCH", url + query, named_only(name="s", spec=spec or {"size": 3}, **metadata), sends=APPLY)

    first = {"size": 1, "items": [{"key": "a", "value": "1"}], "color": "blue"}
    second = {"size": 2, "items": [{"key": "a", "value": "2"}, {"key": "b", "value": "1"}]}
    apply("no fieldManager", "", {"size": 1})
    apply("SSA create 201", "?fieldManager=m1", first)
    apply("SSA no-op", "?fieldManager=m1", first)
    apply("SSA conflict", "?fieldManager=m2", second)
    apply("SSA force", "?fieldManager=m2&force=true", second)
    apply("SSA drop fields owned alone", "?fieldManager=m1", {"size": 2})
    ask("Update by other manager takes ownership", "PUT", f"{url}?fieldManager=upd", ask(None, "GET", url) | {"spec": {"size": 3}})
    apply("SSA conflict with Update manager", "?fieldManager=m1", {"size": 7})
    apply("managedFields in apply body", "?fieldManager=m1", managedFields=[{"manager": "x"}])
    apply("stale rv in apply", "?fieldManager=m1", resourceVersion="1")
    ask("apply body without apiVersion/kind", "PATCH", f"{url}?fieldManager=m1", {"metadata": {"name": "s"}, "spec": {"size": 3}},
        sends=APPLY)
    apply("SSA duplicate keys", "?fieldManager=m1&force=true", {"size": 1, "items": [{"key": "a"}, {"key": "a"}]})
    status = named_only(name="s") | {"status": {"phase": "Up", "conditions": [{"type": "Ready", "status": "True"}]}}
    del status["spec"]
    ask("SSA status", "PATCH", f"{url}/status?fieldManager=ctl&force=true", status, sends=APPLY)
    ask("force on merge patch", "PATCH", f"{url}?force=true", {"spec": {"size": 3}}, sends=MERGE)
    for title, entries in (("PUT with managedFields []", []), ("PUT with managedFields [{}]", [{}])):
        body = ask(None, "GET", url)
        body["metadata"]["managedFields"] = entries
        ask.fact(title, managedFields=ask(None, "PUT", url, body)["metadata"].get("managedFields"))


def finalizers(ask):
    url, none_left = f"{WIDGETS}/f", {"metadata": {"finalizers": None}}
    ask(None, "POST", WIDGETS, widget("f", finalizers=["conv.dev/x"]))
    ask("DELETE with finalizer", "DELETE", url)
    ask("second DELETE", "DELETE", url)
    body = ask(None, "GET", url)
    body["spec"]["size"] = 5
    now = ask(None, "PUT", url, body)
    ask.fact("PUT of a spec while deleting", **{m: now["metadata"].get(m) for m in ("generation", "deletionTimestamp")})
    now["metadata"]["finalizers"] = ["conv.dev/x", "conv.dev/y"]
    ask("adding a finalizer while deleting", "PUT", url, now)
    now["metadata"]["finalizers"] = ["conv.dev/x"]
    del now["metadata"]["deletionTimestamp"]
    ask.fact("PUT without deletionTimestamp", deletionTimestamp=ask(None, "PUT", url, now)["metadata"].get("deletionTimestamp"))
    ask("last finalizer removed: 200 with object", "PATCH", url, none_left, sends=MERGE)
    ask("gone", "GET", url)
    ask("unqualified finalizer", "POST", WIDGETS, widget("f2", finalizers=["bad"]))
    ask(None, "PATCH", f"{WIDGETS}/f2", none_left, sends=MERGE)


def deletion(ask):
    url = f"{WIDGETS}/d1"
    ask(None, "POST", WIDGETS, widget("d1"))
    ask("precondition uid", "DELETE", url, {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "x"}})
    ask("precondition rv", "DELETE", url, {"preconditions": {"resourceVersion": "1"}})
    ask("bad propagationPolicy", "DELETE", f"{url}?propagationPolicy=Zap")
    ask("plain DELETE with grace on CR", "DELETE", f"{url}?gracePeriodSeconds=30")
    for name, policy in (("d2", "Foreground"), ("d3", "Orphan")):
        ask(None, "POST", WIDGETS, widget(name))
        ask(policy, "DELETE", f"{WIDGETS}/{name}?propagationPolicy={policy}")
        eventually(lambda name=name: absent(ask, name), f"{name} is gone", GONE_S)
        ask.fact(f"{policy} of the first objects of a new kind", is_over_soon=True)
    ask(None, "POST", WIDGETS, widget("d4"))
    ask("dry-run delete", "DELETE", f"{WIDGETS}/d4?dryRun=All")
    ask.fact("dry-run delete leaves the object", exists=not absent(ask, "d4"))


def garbage(ask):
    for policy in ("Background", "Foreground", "Orphan"):
        owner = ask(None, "POST", WIDGETS, widget("own"))
        reference = {"apiVersion": "conv.dev/v1", "kind": "Widget", "name": "own", "uid": owner["metadata"]["uid"],
                     "blockOwnerDeletion": True, "controller": True}
        ask(None, "POST", WIDGETS, widget("dep", ownerReferences=[reference]))
        ask(None, "DELETE", f"{WIDGETS}/own?propagationPolicy={policy}")
        eventually(lambda: absent(ask, "own"), "the owner is gone", GONE_S)

        def owners():
            return (ask(None, "GET", f"{WIDGETS}/dep").get("metadata") or {}).get("ownerReferences")

        eventually(lambda: not owners(), "the dependent is gone or an orphan", GONE_S)
        ask.fact(f"{policy} of an owner", owner_is_gone=True, dependent_is_gone=absent(ask, "dep"))
        ask(None, "DELETE", f"{WIDGETS}/dep")
    ghost = {"apiVersion": "conv.dev/v1", "kind": "Widget", "name": "ghost", "uid": "00000000-0000-0000-0000-000000000001"}
    ask(None, "POST", WIDGETS, widget("orph", ownerReferences=[ghost]))
    eventually(lambda: absent(ask, "orph"), "a dependent of a missing owner is gone", GONE_S)
    ask("invalid ownerReference", "POST", WIDGETS, widget("own2", ownerReferences=[{"apiVersion": "conv.dev/v1", "kind": "Widget"}]))
    for number in range(3):
        ask(None, "POST", WIDGETS, widget(f"x{number}", labels={"batch": "1"}))
    ask("deletecollection", "DELETE", f"{WIDGETS}?labelSelector=batch%3D1")


def token_members(token):
    """Members of a continue token that is JSON, as kube-apiserver's are."""
    try:
        return sorted(json.loads(base64.urlsafe_b64decode(token + "===")))
    except (ValueError, binascii.Error):
        return None


def pages(ask):
    def names(found):
        return [item["metadata"]["name"] for item in found["items"]]

    for number in range(5):
        ask(None, "POST", WIDGETS, widget(f"p{number}", labels={"page": "1"}))
    found = ask(None, "GET", f"{WIDGETS}?limit=2&labelSelector=page%3D1")
    ask.fact("first page with a selector", metadata=found["metadata"], names=names(found), kind=found["items"][0].get("kind"))
    first = ask(None, "GET", f"{WIDGETS}?limit=2")
    ask.fact("first page", metadata=first["metadata"])
    ask(None, "POST", WIDGETS, widget("p1x"))
    second = ask(None, "GET", f"{WIDGETS}?limit=500&continue={first['metadata']['continue']}")
    ask.fact("second page, after p1x was made", metadata=second["metadata"], names=names(second),
             version_is_the_first=second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"])
    ask.fact("continue token", members=token_members(first["metadata"]["continue"]))


def lists(ask):
    pages(ask)
    for title, query in (
            ("bad continue", "?limit=2&continue=junk"),
            ("bad limit", "?limit=x"),
            ("bad selector", "?labelSelector=a%20in%20("),
            ("unsupported fieldSelector", "?fieldSelector=spec.size%3D3"),
            ("selectable field", "?fieldSelector=spec.color%3Dred&limit=1"),
            ("bad rv", "?resourceVersion=abc"),
            ("rv in the future", "?resourceVersion=999999999"),
            ("Exact old rv", "?resourceVersion=1&resourceVersionMatch=Exact"),
            ("match without rv", "?resourceVersionMatch=Exact"),
            ("NotOlderThan 0", "?resourceVersion=0&resourceVersionMatch=NotOlderThan&limit=1"),
            ("GET future rv", "/a?resourceVersion=999999999")):
        ask(title, "GET", WIDGETS + query)
    ask("Table", "GET", f"{WIDGETS}?limit=2", accept=TABLE)
    ask("Table includeObject=None", "GET", f"{WIDGETS}/a?includeObject=None", accept=TABLE)
    ask("Table includeObject bad", "GET", f"{WIDGETS}/a?includeObject=Zap", accept=TABLE)
    ask("PartialObjectMetadataList", "GET", f"{WIDGETS}?limit=1", accept=PARTIAL.replace(";v=", "List;v="))
    ask("PartialObjectMetadata", "GET", f"{WIDGETS}/a", accept=PARTIAL)
    ask("Table v1beta1", "GET", f"{WIDGETS}/a", accept="application/json;as=Table;v=v1beta1;g=meta.k8s.io")
    ask("as=Foo", "GET", f"{WIDGETS}/a", accept="application/json;as=Foo;v=v1;g=meta.k8s.io")
    ask("empty list", "GET", f"{WIDGETS}?labelSelector=nope%3D1")


def life_of_a_widget(ask):
    """What the watches of the transcript see."""
    url = f"{WIDGETS}/wt"
    ask(None, "POST", WIDGETS, widget("wt", labels={"wx": "1"}))
    ask(None, "PATCH", url, {"spec": {"size": 8}}, sends=MERGE)
    ask(None, "PATCH", url, {"metadata": {"labels": {"wx": None}}}, sends=MERGE)
    ask(None, "DELETE", url)


def watches(ask):
    """All at once, because each of them lasts as long as it asked for; those that see something happen are opened last."""
    now = ask(None, "GET", f"{WIDGETS}?limit=1")["metadata"]["resourceVersion"]
    live, page, short = f"?watch=1&resourceVersion={now}&timeoutSeconds=8", "labelSelector=page%3D1", "timeoutSeconds=1"
    opened = [ask.watch(f"watch {title}", WIDGETS + query, **accept) for title, query, accept in (
        ("no rv: synthetic ADDED", f"?watch=1&{page}&{short}", {}),
        ("rv=0", f"?watch=1&resourceVersion=0&{page}&{short}", {}),
        ("WatchList", f"?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&{page}&{short}", {}),
        ("sendInitialEvents without match", "?watch=1&sendInitialEvents=true", {}),
        ("rv=1 (too old?)", f"?watch=1&resourceVersion=1&{short}", {}),
        ("future rv", f"?watch=1&resourceVersion=999999999&{short}", {}),
        ("bad rv", "?watch=1&resourceVersion=abc", {}),
        ("single object", f"?watch=1&fieldSelector=metadata.name%3Da&{short}", {}),
        ("from rv, timeoutSeconds", f"{live}&allowWatchBookmarks=true", {}),
        ("label selector transitions", f"{live}&labelSelector=wx%3D1", {}),
        ("Table", live, {"accept": TABLE}),
        ("PartialObjectMetadata", live, {"accept": PARTIAL}))]
    life_of_a_widget(ask)
    for read in opened:
        read()


def roots(ask):
    for path in ("/healthz", "/livez", "/readyz", "/readyz?verbose", "/version", "/api", "/apis/conv.dev", "/apis/conv.dev/v1",
                 "/openapi/v3"):
        ask(path, "GET", path)
    found = ask("aggregated discovery", "GET", "/apis", accept=AGGREGATED)
    ask.fact("the group in aggregated discovery", group=[item for item in found["items"] if item["metadata"]["name"] == "conv.dev"])
    ask("If-None-Match", "GET", "/apis", accept=AGGREGATED, **{"If-None-Match": ask.header("aggregated discovery", "etag")})
    ask("openapi v3 of the group", "GET", "/openapi/v3/apis/conv.dev/v1")
    ask("openapi v2", "GET", "/openapi/v2")
    ask("openapi v2 as protobuf", "GET", "/openapi/v2", accept=OPENAPI_PROTOBUF)


def other_kinds(ask):
    attributes = {"namespace": "sem", "verb": "create", "group": "conv.dev", "resource": "widgets"}
    ask("SSAR", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}, who="dev")
    ask("SelfSubjectReview", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}, who="dev")
    times = {key: "2026-01-01T00:00:00.000000Z" for key in ("acquireTime", "renewTime")}
    ask("Lease", "POST", "/apis/coordination.k8s.io/v1/namespaces/sem/leases",
        {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"},
         "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15, **times, "leaseTransitions": 0}})
    events = f"{SPACE}/events"
    ask("Event", "POST", events,
        {"apiVersion": "v1", "kind": "Event", "metadata": {"generateName": "e-"}, "reason": "R", "message": "m", "type": "Normal",
         "involvedObject": {"kind": "Widget", "name": "a", "namespace": "sem", "apiVersion": "conv.dev/v1"},
         "source": {"component": "c"}})
    ask("events by involvedObject", "GET", f"{events}?fieldSelector=involvedObject.name%3Da")


def the_end(ask):
    ask(None, "POST", WIDGETS, widget("last", finalizers=["conv.dev/x"]))  # until it goes the namespace stays
    ask("delete namespace", "DELETE", SPACE)
    ask("create in terminating namespace", "POST", WIDGETS, widget("late"))
    ask(None, "PATCH", f"{WIDGETS}/last", {"metadata": {"finalizers": None}}, sends=MERGE)
    began = time.monotonic()
    eventually(lambda: ask.status("GET", SPACE) == 404, "the namespace is gone", GONE_S)
    ask.fact("deletion of a namespace with objects of a new kind", is_over_within_40_s=time.monotonic() - began < 40)
    ask("delete CRD", "DELETE", f"{DEFINITIONS}/widgets.conv.dev")


STEPS = (definition, creation, refusals, updates, field_validation, server_side_apply, finalizers, deletion, garbage, lists, watches,
         roots, other_kinds, the_end)

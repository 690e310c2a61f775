"""What kubectl does with a kind that the user defined: every verb and output that people use each day."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from charter_e2e import ServerTest, eventually

GROUP = "e2e.example"
WIDGETS = f"widgets.{GROUP}"
NS = "workshop"


def widget(name, size=1, **more):
    metadata = {"name": name, "namespace": more.pop("namespace", NS), **more.pop("metadata", {})}
    return {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": metadata, "spec": {"size": size, **more}}


def config_map(name, data, namespace=NS, **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": data,
            "metadata": {"name": name, "namespace": namespace, **metadata}}


def definition(kind="Widget", plural="widgets"):
    """A CRD with what kubectl makes use of: subresources, columns, descriptions, list types, bounds."""
    string = {"type": "string"}
    condition = {"type": "object", "required": ["type", "status"],
                 "properties": {key: string for key in ("type", "status", "reason", "message", "lastTransitionTime")}}
    spec = {"type": "object", "description": "What the widget should be.", "required": ["size"], "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9, "description": "Size in steps of one inch."},
        "colour": {**string, "enum": ["red", "blue"], "default": "red", "description": "Colour of the body."},
        "replicas": {"type": "integer", "minimum": 0},
        "parts": {"type": "array", "items": string}}}
    status = {"type": "object", "properties": {
        "replicas": {"type": "integer"},
        "conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
                       "items": condition}}}
    version = {"name": "v1", "served": True, "storage": True,
               "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
                                                        "statusReplicasPath": ".status.replicas"}},
               "additionalPrinterColumns": [
                   {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                   {"name": "Colour", "type": "string", "jsonPath": ".spec.colour", "priority": 1}],
               "schema": {"openAPIV3Schema": {"type": "object", "description": f"A {kind} of the workshop.",
                                              "properties": {"spec": spec, "status": status}}}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{GROUP}"},
            "spec": {"group": GROUP, "scope": "Namespaced", "versions": [version],
                     "names": {"kind": kind, "plural": plural, "singular": kind.lower(),
                               "shortNames": [kind.lower()[:2] + "x"], "listKind": f"{kind}List"}}}


class ApiTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run = cls.server.kubectl
        run("apply", "-f", "-", stdin=definition())
        run("wait", "--for=condition=Established", f"crd/{WIDGETS}", "--timeout=20s")
        run("apply", "-f", "-", stdin={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}})

    def field(self, name, path, kind="widget"):
        return self.out("get", kind, name, "-n", NS, "-o", f"jsonpath={{{path}}}")

    # --- apply -----------------------------------------------------------------------------------

    def test_apply_creates_then_changes_then_leaves_unchanged(self):
        self.assertIn("created", self.apply(widget("applied", 1, parts=["a"])))
        self.assertIn("configured", self.apply(widget("applied", 2)))
        self.assertIn("unchanged", self.apply(widget("applied", 2)))
        self.assertEqual(self.field("applied", ".spec.size"), "2")
        self.assertEqual(self.field("applied", ".spec.parts"), "", "a field left out of the manifest is removed")
        self.assertEqual(self.field("applied", ".spec.colour"), "red", "the default is stored")

    def test_server_side_apply_reports_conflicts_and_forces_them(self):
        first, second = ("--server-side", "--field-manager=one"), ("--server-side", "--field-manager=two")
        self.assertIn("serverside-applied", self.apply(widget("shared", 1), flags=first))
        done = self.refused("apply", *second, "-f", "-", stdin=widget("shared", 2))
        self.assertIn("conflict", done)
        self.assertIn(".spec.size", done)
        self.assertIn('"one"', done)
        self.assertEqual(self.field("shared", ".spec.size"), "1")
        self.apply(widget("shared", 2), flags=(*second, "--force-conflicts"))
        self.assertEqual(self.field("shared", ".spec.size"), "2")
        managers = self.get("widget", "shared", "-n", NS, "--show-managed-fields")["metadata"]["managedFields"]
        owner = [m["manager"] for m in managers if "f:size" in m["fieldsV1"].get("f:spec", {})]
        self.assertEqual(owner, ["two"])

    def test_diff_exit_code_tells_whether_something_would_change(self):
        self.apply(widget("compared", 1))
        self.kubectl("diff", "-f", "-", stdin=widget("compared", 1), code=0)
        done = self.kubectl("diff", "-f", "-", stdin=widget("compared", 3), code=1)
        self.assertIn("-  size: 1", done.stdout)
        self.assertIn("+  size: 3", done.stdout)
        # Of an object that the client's side applied, the annotation would change: the server writes it without `annotations: {}`.
        self.kubectl("diff", "--server-side", "-f", "-", stdin=widget("compared", 1), code=1)
        self.apply(widget("owned", 1), flags=("--server-side",))
        self.kubectl("diff", "--server-side", "-f", "-", stdin=widget("owned", 1), code=0)
        self.assertEqual(self.field("compared", ".spec.size"), "1")

    def test_server_dry_run_answers_as_if_and_stores_nothing(self):
        dry = "--dry-run=server"
        self.assertIn("created", self.apply(widget("ghost"), flags=(dry,)))
        self.assertEqual(self.out("get", "widget", "ghost", "-n", NS, "--ignore-not-found"), "")
        self.apply(widget("solid"))
        version = self.field("solid", ".metadata.resourceVersion")
        self.kubectl("delete", "widget", "solid", "-n", NS, dry)
        self.kubectl("patch", "widget", "solid", "-n", NS, dry, "--type=merge", "-p", '{"spec":{"size":9}}')
        self.assertEqual(self.field("solid", ".metadata.resourceVersion"), version)
        self.assertIn("spec.size", self.refused("apply", dry, "-f", "-", stdin=widget("ghost", 10)))

    # --- reading ---------------------------------------------------------------------------------

    def test_get_prints_the_columns_of_the_definition(self):
        self.apply(widget("shown", 4))
        narrow = self.out("get", "widget", "shown", "-n", NS).splitlines()
        self.assertEqual(narrow[0].split(), ["NAME", "SIZE"])
        self.assertEqual(narrow[1].split(), ["shown", "4"])
        wide = self.out("get", "wix", "-n", NS, "-o", "wide").splitlines()
        self.assertEqual(wide[0].split(), ["NAME", "SIZE", "COLOUR"])
        self.assertIn(["shown", "4", "red"], [line.split() for line in wide])
        yaml = self.out("get", "widget", "shown", "-n", NS, "-o", "yaml")
        self.assertIn("kind: Widget", yaml)
        self.assertIn("  size: 4", yaml)
        self.assertEqual(self.field("shown", ".spec.size"), "4")
        self.assertIn("not found", self.refused("get", "widget", "absent", "-n", NS))

    def test_watch_sees_an_update(self):
        self.apply(widget("watched", 1))
        line = self.server.kubectl_line("get", "widget", "watched", "-n", NS, "-w", "--request-timeout=20s",
                                        "-o", "jsonpath={.spec.size}{'\\n'}")
        watch = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        self.assertEqual(watch.stdout.readline().strip(), "1")
        self.apply(widget("watched", 7))
        self.assertEqual(watch.stdout.readline().strip(), "7")

    def test_list_in_chunks_names_everything_once(self):
        self.apply(*[config_map(f"chunk-{n}", {"n": str(n)}, labels={"set": "chunks"}) for n in range(5)])
        found = self.names("configmap", "-n", NS, "-l", "set=chunks", "--chunk-size=1")
        self.assertEqual(found, [f"chunk-{n}" for n in range(5)])

    def test_selectors_filter_on_the_server(self):
        self.apply(widget("sel-a", metadata={"labels": {"tier": "a"}}), widget("sel-b", metadata={"labels": {"tier": "b"}}))
        self.assertEqual(self.names("widget", "-n", NS, "-l", "tier in (a)"), ["sel-a"])
        self.assertEqual(self.names("widget", "-A", "--field-selector", "metadata.name=sel-b"), ["sel-b"])

    def test_describe_shows_fields_of_the_object(self):
        self.apply(widget("described", 5))
        text = self.out("describe", "widget", "described", "-n", NS)
        for part in ("Name:", "described", "Kind:", "Widget", "Size:", "5"):
            self.assertIn(part, text)

    def test_explain_and_api_resources_come_from_the_definition(self):
        text = self.out("explain", "widget.spec.size")
        self.assertIn("Size in steps of one inch.", text)
        self.assertIn("<integer>", text)
        self.assertIn("parts", self.out("explain", "widget", "--recursive"))
        rows = self.out("api-resources", f"--api-group={GROUP}", "--no-headers").splitlines()
        self.assertIn(["widgets", "wix", f"{GROUP}/v1", "true", "Widget"], [row.split() for row in rows])

    # --- changing --------------------------------------------------------------------------------

    def patch(self, kind, name, how, body):
        return self.kubectl("patch", kind, name, "-n", NS, f"--type={how}", "-p", json.dumps(body), check=False)

    def test_patches_of_all_three_types(self):
        self.apply(widget("patched", 1, parts=["a", "b"]), config_map("patched", {"a": "1", "b": "2"}))
        self.patch("widget", "patched", "merge", {"spec": {"size": 2, "parts": None}})
        self.assertEqual([self.field("patched", ".spec.size"), self.field("patched", ".spec.parts")], ["2", ""])
        self.patch("widget", "patched", "json", [{"op": "test", "path": "/spec/size", "value": 2},
                                                 {"op": "replace", "path": "/spec/size", "value": 3}])
        self.assertEqual(self.field("patched", ".spec.size"), "3")
        self.patch("configmap", "patched", "strategic", {"data": {"a": None, "c": "3"}})
        self.assertEqual(self.get("configmap", "patched", "-n", NS)["data"], {"b": "2", "c": "3"})

    def test_patches_that_must_not_apply_are_refused(self):
        self.apply(widget("guarded", 1))
        failed = self.patch("widget", "guarded", "json", [{"op": "test", "path": "/spec/size", "value": 8},
                                                          {"op": "replace", "path": "/spec/size", "value": 3}])
        self.assertNotEqual(failed.returncode, 0)
        strategic = self.patch("widget", "guarded", "strategic", {"spec": {"size": 3}})
        self.assertNotEqual(strategic.returncode, 0, "a defined kind has no strategic patch")
        self.assertIn("spec.size", self.patch("widget", "guarded", "merge", {"spec": {"size": 10}}).stderr)
        self.assertEqual(self.field("guarded", ".spec.size"), "1")

    def test_edit_stores_what_the_editor_wrote(self):
        self.apply(widget("edited", 1))
        with tempfile.TemporaryDirectory() as folder:
            editor = pathlib.Path(folder) / "editor"
            editor.write_text("#!/bin/sh\nexec sed -i 's/^  size: 1$/  size: 6/' \"$1\"\n")
            os.chmod(editor, 0o755)
            self.kubectl("edit", "widget", "edited", "-n", NS, environment={"EDITOR": str(editor), "KUBE_EDITOR": str(editor)})
        self.assertEqual(self.field("edited", ".spec.size"), "6")

    def test_label_and_annotate_set_refuse_to_overwrite_and_remove(self):
        self.apply(widget("marked"))
        self.kubectl("label", "widget", "marked", "-n", NS, "tier=one")
        self.assertIn("overwrite", self.refused("label", "widget", "marked", "-n", NS, "tier=two"))
        self.kubectl("label", "widget", "marked", "-n", NS, "tier=two", "--overwrite")
        self.kubectl("annotate", "widget", "marked", "-n", NS, "note=any text at all")
        self.assertEqual(self.field("marked", ".metadata.labels.tier"), "two")
        self.assertEqual(self.field("marked", ".metadata.annotations.note"), "any text at all")
        self.kubectl("label", "widget", "marked", "-n", NS, "tier-")
        self.assertEqual(self.field("marked", ".metadata.labels.tier"), "")

    def test_scale_changes_the_replicas_of_the_scale_subresource(self):
        self.apply(widget("scaled", 1, replicas=1))
        self.assertIn("scaled", self.out("scale", "widget/scaled", "-n", NS, "--replicas=4"))
        self.assertEqual(self.field("scaled", ".spec.replicas"), "4")
        self.refused("scale", "widget/scaled", "-n", NS, "--current-replicas=1", "--replicas=5")
        self.assertEqual(self.field("scaled", ".spec.replicas"), "4")
        generation = self.field("scaled", ".metadata.generation")
        self.assertEqual(generation, "2", "one change of the spec after the creation")

    def test_wait_returns_once_the_condition_is_there(self):
        self.apply(widget("awaited"))
        self.assertIn("timed out", self.refused("wait", "--for=condition=Ready", "widget/awaited", "-n", NS, "--timeout=300ms"))
        waiting = subprocess.Popen(self.server.kubectl_line("wait", "--for=condition=Ready", "widget/awaited", "-n", NS,
                                                            "--timeout=20s"), stdout=subprocess.PIPE, text=True)
        self.addCleanup(waiting.stdout.close)
        self.addCleanup(waiting.wait)
        self.addCleanup(waiting.kill)
        status = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        self.kubectl("patch", "widget", "awaited", "-n", NS, "--subresource=status", "--type=merge", "-p", json.dumps(status))
        self.assertIn("condition met", waiting.communicate(timeout=25)[0])
        self.assertEqual(self.field("awaited", ".metadata.generation"), "1", "status is not part of the generation")

    def test_generate_name_makes_two_objects(self):
        body = widget("", 1, metadata={"generateName": "made-", "name": None, "labels": {"set": "made"}})
        del body["metadata"]["name"]
        for _ in range(2):
            self.kubectl("create", "-f", "-", stdin=body)
        found = self.names("widget", "-n", NS, "-l", "set=made")
        self.assertEqual(len(set(found)), 2)
        self.assertTrue(all(name.startswith("made-") and len(name) == len("made-") + 5 for name in found), found)

    def test_bad_objects_are_refused_with_the_field(self):
        self.assertIn('unknown field "spec.sise"', self.refused("create", "-f", "-", stdin=widget("bad", 1, sise=2)))
        self.assertIn("spec.size", self.refused("create", "-f", "-", stdin=widget("bad", "two")))
        self.assertIn("spec.colour", self.refused("create", "-f", "-", stdin=widget("bad", 1, colour="green")))
        self.assertIn("metadata.name", self.refused("create", "-f", "-", stdin=widget("Bad_Name")))
        self.assertEqual(self.out("get", "widget", "bad", "-n", NS, "--ignore-not-found"), "")

    # --- deleting --------------------------------------------------------------------------------

    def family(self, name):
        """An owner and one dependent that blocks it."""
        self.apply(widget(name))
        owner = {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "name": name,
                 "uid": self.field(name, ".metadata.uid"), "blockOwnerDeletion": True, "controller": True}
        self.apply(config_map(f"{name}-child", {}, ownerReferences=[owner]))

    def test_background_deletion_removes_dependents_afterwards(self):
        self.family("background")
        self.kubectl("delete", "widget", "background", "-n", NS, "--cascade=background")
        self.gone("configmap", "background-child", "-n", NS)

    def test_foreground_deletion_waits_for_dependents(self):
        self.family("foreground")
        hold = {"metadata": {"finalizers": ["e2e.example/hold"]}}
        self.patch("configmap", "foreground-child", "merge", hold)
        self.kubectl("delete", "widget", "foreground", "-n", NS, "--cascade=foreground", "--wait=false")
        eventually(lambda: self.field("foreground-child", ".metadata.deletionTimestamp", "configmap"), "the child is being deleted")
        self.assertEqual(self.field("foreground", ".metadata.finalizers"), '["foregroundDeletion"]')
        self.patch("configmap", "foreground-child", "merge", {"metadata": {"finalizers": None}})
        self.gone("widget", "foreground", "-n", NS)
        self.gone("configmap", "foreground-child", "-n", NS)

    def test_orphaning_deletion_keeps_dependents_without_owner(self):
        self.family("orphaning")
        self.kubectl("delete", "widget", "orphaning", "-n", NS, "--cascade=orphan")
        self.gone("widget", "orphaning", "-n", NS)
        child = self.get("configmap", "orphaning-child", "-n", NS)
        self.assertFalse(child["metadata"].get("ownerReferences"))

    def test_namespace_deletion_empties_it_first(self):
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "short-lived"}}
        self.apply(space, config_map("inside", {}, "short-lived"), widget("inside", namespace="short-lived"))
        self.kubectl("delete", "namespace", "short-lived", "--timeout=30s")
        self.assertEqual(self.out("get", "widget,configmap", "-n", "short-lived", "-o", "name"), "")
        self.assertIn("not found", self.refused("create", "-f", "-", stdin=config_map("late", {}, "short-lived")))

    def test_definition_deletion_removes_its_instances(self):
        crd = f"gadgets.{GROUP}"
        self.apply(definition("Gadget", "gadgets"))
        self.kubectl("wait", "--for=condition=Established", f"crd/{crd}", "--timeout=20s")
        instance = {**widget("last"), "kind": "Gadget"}
        self.apply(instance)
        self.kubectl("delete", "crd", crd, "--timeout=30s")
        self.refused("get", crd, "-A")
        self.apply(definition("Gadget", "gadgets"))
        self.kubectl("wait", "--for=condition=Established", f"crd/{crd}", "--timeout=20s")
        self.assertEqual(self.names(crd, "-A"), [], "no instance comes back with the definition")


if __name__ == "__main__":
    unittest.main(verbosity=2)

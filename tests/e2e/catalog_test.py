"""Story S1 with its own manifests: ProviderCo builds, publishes, edits and withdraws its catalog."""

import json
import unittest

import ordering
from charter_e2e import ROOT, ServerTest, eventually
from ordering import NS

CATALOG = str(ROOT / "manifests/s1-catalog")
OFFERINGS = "s1-catalog/50-offerings.yaml"
TEMPLATES = "s1-catalog/30-templates.yaml"


def request(name, offering, **quantities):
    return {"apiVersion": "charter.dev/v1alpha1", "kind": "Contract", "metadata": {"name": name, "namespace": NS},
            "spec": {"offeringRef": {"name": offering}, "quantities": quantities}}


def instance(name, contract, **spec):
    return {"apiVersion": "charter.dev/v1alpha1", "kind": "ServiceInstance", "metadata": {"name": name, "namespace": NS},
            "spec": {"contractRef": {"name": contract}, "replicas": 1, **spec}}


def volume(name, contract, size):
    return {"apiVersion": "charter.dev/v1alpha1", "kind": "Volume", "metadata": {"name": name, "namespace": NS},
            "spec": {"contractRef": {"name": contract}, "size": size}}


class CatalogTest(ServerTest):
    """The catalog is published and ConsumerCo may order from it; each test sells something else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kubectl("apply", "-f", CATALOG)
        ordering.hasten(cls.server, "datacenter-1")
        cls.server.kubectl("apply", "-f", str(ROOT / "manifests/s2-contract/00-namespace.yaml"),
                           "-f", str(ROOT / "manifests/s6-growth/10-account.yaml"))
        eventually(lambda: all(map(ordering.is_ready, ordering.listed(cls.server, "charter", "-A"))), "the catalog is Ready")
        cls.shop_window = cls.server.kubectl("get", "off").stdout

    def order(self, name, offering, **quantities):
        self.apply(request(name, offering, **quantities))
        ordering.accept(self.server, name)
        ordering.wait_ready(self.server, "contract", name, "-n", NS)

    def test_everything_is_published_with_price_and_service_level(self):
        self.assertEqual(len(self.names("servicetemplates", "-n", "catalog")), 13)
        rows = [line.split("  ") for line in self.shop_window.splitlines()]
        rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
        self.assertEqual(rows[0][:4], ["NAME", "PUBLICATION", "FROM-PRICE", "SLA"])
        self.assertEqual(len(rows), 1 + 13)
        for name, publication, price, level, *_ in rows[1:]:
            cost = "15.00 USD per storage and month" if name == "block-storage" else "374.40 USD per compute and month"
            self.assertEqual([publication, price, level], ["Published", cost, "99.9 %, ready within 10m"], name)
        shown = self.out("get", "charter", "-A", "-o", "name")
        for kind in ("provider", "image", "servicetemplate", "ratecard", "serviceoffering", "serviceofferingrevision"):
            self.assertIn(f"{kind}.charter.dev/", shown)

    def test_values_that_are_not_for_sale_are_refused_with_those_that_are(self):
        self.order("picky", "compute-highspeed", compute=1)
        self.order("picky-store", "block-storage", storage=3)
        steps = "must be from 100GB to 1000GB in steps of 100GB"
        for parameter, value, allowed in (("vcpus", 3, 'supported values: "2", "4"'), ("disk", "150GB", steps),
                                          ("memory", "7GB", 'supported values: "6GB", "8GB"')):
            said = self.refused("apply", "-f", "-", stdin=instance("picky", "picky", parameters={parameter: value}))
            self.assertIn(f"spec.parameters.{parameter}", said)
            self.assertIn(allowed, said)
        said = self.refused("apply", "-f", "-", stdin=volume("picky", "picky-store", "150GB"))
        self.assertIn(f'spec.size: Invalid value: "150GB": {steps}', said)
        self.assertIn("storage: ordered 3, used 0, asked 4",
                      self.refused("apply", "-f", "-", stdin=volume("picky", "picky-store", "400GB")))
        self.assertNotIn("picky", self.names("si,vol", "-n", NS))

    def test_an_edited_template_is_sold_only_after_its_offering_is_published_again(self):
        offering = ("off", "server-proprietary")
        template = ("tpl", "server-proprietary", "-n", "catalog")
        self.order("edited", "server-proprietary", compute=1)
        before = self.get(*offering)["status"]["revision"]
        content = self.get(*template)["status"]["contentHash"]
        ordering.set_fields(self.server, *template, description="Server of the second generation")
        said = ordering.wait_reason(self.server, "UpdateAvailable", *offering, of="UpdateAvailable")
        self.assertIn("set spec.edition to 2", said)
        self.assertNotEqual(self.get(*template)["status"]["contentHash"], content)
        self.assertEqual(self.get(*offering)["status"]["revision"], before)
        ordering.set_fields(self.server, *offering, edition=2)
        after = eventually(lambda: (r := self.get(*offering)["status"]["revision"]) != before and r, "it is published again")
        self.assertNotIn("UpdateAvailable", ordering.conditions(self.get(*offering)))
        self.assertEqual(self.get("offrev", after)["spec"]["template"]["description"], "Server of the second generation")
        said = ordering.wait_reason(self.server, "UpdateAvailable", "ctr", "edited", "-n", NS, of="UpdateAvailable")
        self.assertIn(f"this contract keeps {before}", said)

    def test_what_is_used_stays_until_its_user_is_gone(self):
        image = ordering.manifest(self.server, "s1-catalog/20-images.yaml", "open-linux")
        card = ordering.manifest(self.server, "s1-catalog/40-ratecard.yaml", "std-2026")
        template = ordering.manifest(self.server, TEMPLATES, "server-open")
        offering = ordering.manifest(self.server, OFFERINGS, "compute-highspeed")
        for thing in (image, card, template, offering):
            thing["metadata"]["name"] = "borrowed"
        machine = template["spec"]["components"]["machines"][0]
        del machine["imageFrom"]
        machine["imageRef"] = {"name": "borrowed"}
        offering["spec"]["templateRef"]["name"] = offering["spec"]["billing"]["rateCardRef"] = "borrowed"
        self.apply(image, card, template, offering)
        ordering.wait_ready(self.server, "off", "borrowed")
        used = {("img", "borrowed"): "service template catalog/borrowed", ("rate", "borrowed"): "service offering borrowed",
                ("tpl", "borrowed", "-n", "catalog"): "service offering borrowed"}
        for thing in used:
            self.kubectl("delete", *thing, "--wait=false")
        for thing, user in used.items():
            self.assertIn(f"used by {user}", ordering.wait_reason(self.server, "InUse", *thing, of="Deleting"))
        self.assertEqual(self.get("off", "borrowed")["status"]["phase"], "Published", "what was published is sold on")
        self.kubectl("delete", "off", "borrowed", "--timeout=20s")
        for thing in used:
            self.gone(*thing)

    def test_a_retired_offering_takes_no_new_contract_and_serves_the_old_one_on(self):
        self.order("loyal", "web-open-open", compute=2)
        self.apply(instance("loyal", "loyal"))
        ordering.wait_ready(self.server, "si", "loyal", "-n", NS)
        ordering.set_fields(self.server, "off", "web-open-open", publication="Retired")
        said = self.refused("apply", "-f", "-", stdin=request("late", "web-open-open", compute=1))
        self.assertIn("the offering is retired and takes no new contracts", said)
        self.kubectl("scale", "si/loyal", "-n", NS, "--replicas=2")
        ordering.wait_ready(self.server, "si", "loyal", "-n", NS)
        self.assertEqual(self.get("si", "loyal", "-n", NS)["status"]["replicas"], 2)
        self.assertEqual(ordering.said(self.server, "ctr", "loyal", "-n", NS)["reason"], "Active")

    def test_an_offering_that_is_being_deleted_takes_no_new_contract(self):
        self.order("last", "stack-open", compute=1)
        self.kubectl("delete", "off", "stack-open", "--wait=false")
        said = ordering.wait_reason(self.server, "InUse", "off", "stack-open", of="Deleting")
        self.assertIn("used by contract consumerco/last", said)
        said = self.refused("apply", "-f", "-", stdin=request("late", "stack-open", compute=1))
        self.assertIn("the offering is being deleted and takes no new contracts", said)
        end = {"deletionProtection": False, "terminate": {"requested": True}}
        ordering.set_fields(self.server, "ctr", "last", "-n", NS, **end)
        self.gone("off", "stack-open")

    def test_an_offering_without_service_level_price_or_resources_is_not_published(self):
        for field, missing in (("serviceLevel", "spec.serviceLevel.availability"), ("billing", "spec.billing"),
                               ("units", "spec.units")):
            offering = ordering.manifest(self.server, OFFERINGS, "compute-highspeed")
            offering["metadata"]["name"] = "incomplete"
            del offering["spec"][field]
            self.assertIn(f"{missing}: Required value", self.refused("apply", "-f", "-", stdin=offering))
        offering["spec"]["publication"] = "Draft"
        self.apply(offering)
        ordering.wait_reason(self.server, "Draft", "off", "incomplete")
        said = ordering.patch(self.server, "off", "incomplete", publication="Published")
        self.assertIn("spec.units: Required value", said.stderr)
        self.assertEqual(self.get("off", "incomplete")["spec"]["publication"], "Draft")


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""Real guests on a host that is reached over TLS or SSH, with what the server logs in with in a Secret."""

import pathlib
import unittest

import ordering
from charter_e2e import eventually
from libvirt_test import GUEST_S, INSTANCE, PROVIDER, LibvirtServer
from ordering import NS
from private_libvirtd import PrivateLibvirtd

SECRET = "kvm-1"
SECRETS_NS = "kube-system"


class RemoteServer(LibvirtServer):
    """The quickstart's order on such a host. What both ways have in common."""

    replicas = 1

    @classmethod
    def make_host(cls):
        return PrivateLibvirtd(remote=True)

    @classmethod
    def file(cls, name):
        return pathlib.Path(cls.way()["folder"], name).read_text()

    @classmethod
    def set_secret(cls, **files):
        """Makes the Secret, or changes values in it: names of files by what they are for."""
        values = {cls.keys[key]: cls.file(name) for key, name in files.items()}
        cls.server.kubectl("apply", "-f", "-", stdin={
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": SECRETS_NS, "annotations": {"charter.dev/providers": f"{PROVIDER}, wrong"}},
            "stringData": values})

    @classmethod
    def provider(cls, manifest="elsewhere/10-provider.yaml"):
        provider = super().provider(manifest)
        provider["spec"]["libvirt"]["uri"] = cls.way()["uri"]
        assert provider["spec"]["credentialsRef"] == {"name": SECRET, "namespace": SECRETS_NS}
        return provider

    @classmethod
    def order(cls):
        cls.set_secret(**cls.good)
        super().order()

    def ready(self):
        return ordering.said(self.server, "provider", PROVIDER)

    def wait_refused(self, reason, words):
        """Until the Provider says so; nothing that runs minds."""
        self.look()
        said = ordering.wait_reason(self.server, reason, "provider", PROVIDER)
        self.assertIn(words, self.ready()["message"], said)
        self.assertTrue(self.runs(self.uid()))

    def wait_good(self):
        self.look()
        ordering.wait_ready(self.server, "provider", PROVIDER)

    def setUp(self):
        self.set_secret(**self.good)
        self.wait_good()
        ordering.wait_ready(self.server, *INSTANCE)

    def grow(self, vcpus):
        """A change of the running machine goes all the way to its host."""
        self.change(parameters={"vcpus": vcpus}, updatePolicy={"strategy": "AllowRestart"})
        eventually(lambda: self.host.virsh("vcpucount", f"charter-{self.uid()}", "--current", "--live", check=False)
                   == str(vcpus), f"the host gives {vcpus} processors", GUEST_S)
        ordering.wait_ready(self.server, *INSTANCE)

    def see_that_it_works_and_tells_nothing(self):
        eventually(lambda: "GUEST-MARKER" in self.host.console(self.uid()), "the guest speaks", GUEST_S)
        self.grow(4)
        self.grow(2)
        shown = self.server.log.read_text(errors="replace") + self.out("get", "provider", PROVIDER, "-o", "yaml")
        shown += self.out("get", "events", "-A", "-o", "yaml")
        for name in self.good.values():
            line = self.file(name).splitlines()[1] if "known" not in name else self.file(name)
            self.assertNotIn(line, shown, f"{name} is told")

    def see_that_a_lost_secret_is_told_and_what_runs_is_kept(self):
        boots = self.boots(self.uid())
        self.kubectl("delete", "secret", SECRET, "-n", SECRETS_NS)
        self.wait_refused("ReferenceNotFound", f"secret {SECRETS_NS}/{SECRET} does not exist")
        self.server.kill()
        self.server.start()
        self.wait_refused("ReferenceNotFound", f"secret {SECRETS_NS}/{SECRET} does not exist")
        self.set_secret(**self.good)
        self.wait_good()
        self.grow(4)
        self.assertEqual(self.boots(self.uid()), boots, "no guest noticed")
        self.grow(2)

    def see_that_a_daemon_that_dies_is_found_again(self):
        uid = self.uid()
        boots = self.boots(uid)
        self.host.order("kill")
        self.look()
        ordering.wait_reason(self.server, "NotReachable", "provider", PROVIDER)
        self.host.order("start")
        self.wait_good()
        self.grow(4)
        self.assertEqual(self.boots(uid), boots, "no guest noticed")
        self.grow(2)

    def see_that_nothing_is_left(self):
        self.kubectl("delete", *INSTANCE, "--wait=false")
        self.gone("machines,volumes", "-n", NS, timeout=GUEST_S)
        self.assertEqual(self.host.domains(), [])
        self.assertEqual([f for f in self.host.files() if not f.startswith("charter-image.")], [])


class OverTls(RemoteServer):
    """qemu+tls, with certificates."""

    keys = {"ca": "ca.crt", "crt": "tls.crt", "key": "tls.key"}
    good = {"ca": "ca.pem", "crt": "client.pem", "key": "client.key"}

    @classmethod
    def way(cls):
        return cls.host.tls

    def test_1_machines_live_there_as_they_do_here(self):
        self.see_that_it_works_and_tells_nothing()

    def test_2_a_lost_secret_is_told_and_what_runs_is_kept(self):
        self.see_that_a_lost_secret_is_told_and_what_runs_is_kept()

    def test_3_a_daemon_that_dies_is_found_again(self):
        self.see_that_a_daemon_that_dies_is_found_again()

    def test_4_other_certificates_are_taken_at_once_or_told_with_their_cause(self):
        uid = self.uid()
        boots = self.boots(uid)
        for files, reason, words in (
                ({"crt": "denied.pem", "key": "denied.key"}, "Denied", "tls_allowed_dn_list"),
                ({"crt": "expired.pem", "key": "expired.key"}, "InvalidCredentials", "tls.crt of the Secret has expired"),
                ({"ca": "other.pem", "crt": "foreign.pem", "key": "foreign.key"}, "HostNotTrusted", "ca.crt"),
                ({"key": "locked.key"}, "InvalidCredentials", "passphrase")):
            self.set_secret(**{**self.good, **files})
            self.wait_refused(reason, words)
        self.set_secret(**{**self.good, "crt": "renewed.pem", "key": "renewed.key"})
        self.wait_good()
        self.grow(4)
        self.assertEqual(self.boots(uid), boots, "no guest noticed")
        self.grow(2)

    def test_5_what_could_run_programs_or_needs_no_secret_is_refused_by_its_field(self):
        def wrong(**changes):
            provider = self.provider()
            provider["metadata"]["name"] = "wrong"
            provider["spec"]["libvirt"]["uri"] = changes["uri"]
            if not changes.get("secret", True):
                del provider["spec"]["credentialsRef"]
            return provider

        self.assertIn("spec.credentialsRef", self.refused("create", "-f", "-", stdin=wrong(uri="qemu:///system")))
        self.assertIn("spec.credentialsRef",
                      self.refused("create", "-f", "-", stdin=wrong(uri="qemu+tls://host/system", secret=False)))
        for more in ("command=/bin/sh", "netcat=/bin/sh", "keyfile=/etc/shadow", "no_verify=1", "socket=/x", "pkipath=/x"):
            self.apply(wrong(uri=f"qemu+ssh://u@host/system?{more}"))
            ordering.wait_reason(self.server, "InvalidSettings", "provider", "wrong")
            self.assertIn("spec.libvirt.uri", ordering.said(self.server, "provider", "wrong")["message"])
            self.kubectl("delete", "provider", "wrong")

    def test_9_nothing_is_left(self):
        self.see_that_nothing_is_left()


class OverSsh(RemoteServer):
    """qemu+ssh, with a key."""

    keys = {"key": "ssh-privatekey", "hosts": "known_hosts"}
    good = {"key": "key", "hosts": "known_host"}

    @classmethod
    def way(cls):
        return cls.host.ssh

    def test_1_machines_live_there_as_they_do_here(self):
        self.see_that_it_works_and_tells_nothing()

    def test_2_a_lost_secret_is_told_and_what_runs_is_kept(self):
        self.see_that_a_lost_secret_is_told_and_what_runs_is_kept()

    def test_3_a_daemon_that_dies_is_found_again(self):
        self.see_that_a_daemon_that_dies_is_found_again()

    def test_4_other_keys_are_taken_at_once_or_told_with_their_cause(self):
        boots = self.boots(self.uid())
        for files, reason, words in (
                ({"key": "other"}, "CredentialsRefused", "does not let this user in"),
                ({"key": "locked"}, "InvalidCredentials", "passphrase"),
                ({"hosts": "known_host2"}, "HostNotTrusted", "another key")):
            self.set_secret(**{**self.good, **files})
            self.wait_refused(reason, words)
        self.set_secret(**{**self.good, "key": "rsa"})
        self.wait_good()
        self.grow(4)
        self.assertEqual(self.boots(self.uid()), boots, "no guest noticed")
        self.grow(2)

    def test_8_a_host_with_another_key_is_not_spoken_to(self):
        self.host.order("rekey")
        self.server.kill()
        self.server.start()
        self.wait_refused("HostNotTrusted", "another key")
        self.set_secret(**{**self.good, "hosts": "known_host2"})
        self.wait_good()
        type(self).good = {**self.good, "hosts": "known_host2"}

    def test_9_nothing_is_left(self):
        self.see_that_nothing_is_left()


if __name__ == "__main__":
    unittest.main()

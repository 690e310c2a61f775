#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/iso9660.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/room.h"
#include "drivers/libvirt/seed.h"
#include "drivers/libvirt/settings.h"
#include "drivers/libvirt/xml_text.h"

#include <gtest/gtest.h>

#include <string>

// The pure parts of the libvirt driver.
namespace charter::libvirt {
namespace {

constexpr const char* kUid = "0f3c1c4e-53a1-4c8e-9d50-000000000001";
constexpr int64_t kMib = 1 << 20;

DomainPlan plan() {
  DomainPlan plan{.type = DomainType::Qemu, .title = "shop/web-0", .vcpus = 2, .vcpus_max = 4};
  plan.stamp = {.uid = kUid,
                .provider = "p",
                .fingerprint = "1",
                .image_digest = "sha256:aa",
                .disk_class = "ssd",
                .disk_bytes = 1024,
                .memory_bytes = 64 * kMib + 5,
                .boot_pool = "pool",
                .boot_volume = "boot",
                .seed_volume = "seed",
                .networks = {"tenant", "backup"},
                .protection = {.tenant = "shop"}};
  plan.disks = {{.pool = "pool", .volume = "boot", .format = "qcow2", .target = "vda"}};
  plan.nics = {{mac_of(kUid, 0), ""}, {mac_of(kUid, 1), "net"}};
  return plan;
}

DomainView view_of(const DomainPlan& plan) {
  const auto xml = DomainXml::parse(build_domain(plan));
  EXPECT_TRUE(xml);
  return xml->view();
}

TEST(LibvirtDomainXml, WhatIsBuiltIsReadBack) {
  const DomainView view = view_of(plan());
  EXPECT_EQ(view.uuid, kUid);
  EXPECT_EQ(view.name, domain_name(kUid));
  EXPECT_EQ(view.stamp, plan().stamp);
  EXPECT_EQ(view.vcpus, 2);
  EXPECT_EQ(view.vcpus_max, 4);
  EXPECT_EQ(view.memory_bytes, 64 * kMib + 5) << "the stamp knows what the host rounds away";
  ASSERT_EQ(view.disks.size(), 1u);
  EXPECT_EQ(view.disks[0].volume, "boot");
  ASSERT_EQ(view.nics.size(), 2u);
  EXPECT_EQ(view.nics[1].network, "net");
  EXPECT_FALSE(view.stop);
}

TEST(LibvirtDomainXml, NoValueEndsAnElement) {
  for (const std::string evil :
       {"<&>\"'", "]]>", "</title><devices/>", "a\nb", "${x};`y`", " a\t"}) {
    DomainPlan hostile = plan();
    hostile.title = evil;
    hostile.stamp.protection.tenant = evil;
    hostile.stamp.networks = {evil};
    hostile.disks[0].volume = evil;
    const DomainView view = view_of(hostile);
    EXPECT_EQ(view.title, evil);
    EXPECT_EQ(view.stamp, hostile.stamp);
    EXPECT_EQ(view.disks.at(0).volume, evil);
    EXPECT_EQ(view.disks.size(), 1u);
  }
  EXPECT_FALSE(is_xml_text(std::string("a\0b", 3)));
  EXPECT_FALSE(is_xml_text("a\x1b"));
  EXPECT_TRUE(is_xml_text("a\n<b>"));
}

TEST(LibvirtDomainXml, AChangeKeepsWhatSomebodyElseAdded) {
  std::string text = build_domain(plan());
  text.insert(text.find("<devices>"), "<sysinfo type='smbios'><bios/></sysinfo>");
  auto xml = DomainXml::parse(text);
  ASSERT_TRUE(xml);
  xml->set_size(8, 128 * kMib);
  xml->set_complete();
  ASSERT_EQ(*xml->add_disk({.pool = "pool", .volume = "data", .format = "raw"}), "vdb");
  const auto after = DomainXml::parse(xml->text());
  ASSERT_TRUE(after);
  EXPECT_NE(xml->text().find("smbios"), std::string::npos);
  EXPECT_EQ(after->view().vcpus, 8);
  EXPECT_EQ(after->view().vcpus_max, 8);
  EXPECT_EQ(after->view().memory_bytes, 128 * kMib);
  EXPECT_TRUE(after->view().stamp->complete);
  EXPECT_TRUE(xml->remove_disk("pool", "data"));
  EXPECT_FALSE(xml->remove_disk("pool", "data"));
  EXPECT_EQ(xml->view().disks.size(), 1u);
}

TEST(LibvirtDomainXml, AnAlienDefinitionHasNoStamp) {
  const auto xml = DomainXml::parse(
      "<domain><name>x</name><metadata><a:machine xmlns:a='urn:a' uid='1'/></metadata></domain>");
  ASSERT_TRUE(xml);
  EXPECT_FALSE(xml->view().stamp);
  EXPECT_FALSE(DomainXml::parse("<pool/>"));
  EXPECT_FALSE(DomainXml::parse("no xml"));
}

TEST(LibvirtNames, OfAVolumeSayWhatItWasMadeAs) {
  const VolumeMark mark{.owner = owner_of("p"),
                        .uid = kUid,
                        .shared = true,
                        .protection = {.tenant = "shop", .tenancy = Tenancy::SharedNetwork},
                        .storage_class = "ssd",
                        .format = "raw"};
  const auto name = volume_name(mark);
  ASSERT_TRUE(name);
  EXPECT_EQ(read_volume_name(*name), mark);
  EXPECT_TRUE(name->starts_with(volume_prefix(mark.owner, kUid)));
  VolumeMark hostile = mark;
  hostile.protection.tenant = "../x";
  EXPECT_FALSE(volume_name(hostile));
  EXPECT_FALSE(read_volume_name("charter-volume.x"));
  EXPECT_NE(owner_of("p"), owner_of("q"));
  EXPECT_EQ(uid_of_boot_name("o", boot_name("o", kUid)), kUid);
  EXPECT_EQ(uid_of_boot_name("o", boot_name("q", kUid)), "");
}

TEST(LibvirtNames, OnlyUuidsAndDigestsBecomePartsOfNames) {
  EXPECT_TRUE(is_uid(kUid));
  for (const char* bad :
       {"", "a", "../../../../../../etc/passwd/xxxxxxxxx", "0F3C1C4E-53a1-4c8e-9d50-000000000001"})
    EXPECT_FALSE(is_uid(bad)) << bad;
  EXPECT_EQ(digest_hex("sha256:" + std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_EQ(digest_hex("sha256:" + std::string(64, '/')), "");
  EXPECT_EQ(digest_hex("sha512:" + std::string(64, 'a')), "");
}

TEST(LibvirtSettings, UrisThatNameProgramsOrFilesAreRefused) {
  for (const char* good : {"qemu:///system", "qemu:///session", "test:///default",
                           "qemu+unix:///system?socket=/run/x/libvirt-sock",
                           "qemu+tls://host/system", "qemu+tls://kvm-1.example:16515/system",
                           "qemu+tls://[fd00::1]:16514/system", "qemu+ssh://root@10.0.0.1/system",
                           "qemu+ssh://charter.ops@kvm-1:2222/session"})
    EXPECT_EQ(uri_problem(good), "") << good;
  for (const char* bad :
       {"", "qemu", "xen:///system", "qemu+ssh://host/system", "qemu+ssh://u:p@host/system",
        "qemu+ssh://-oProxyCommand=x@host/system", "qemu+ssh://u@-oProxyCommand=x/system",
        "qemu+ssh://u@host/system?command=/bin/sh", "qemu+ssh://u@host/system?netcat=sh",
        "qemu+ssh://u@host/system?keyfile=/etc/shadow", "qemu+ssh://u@host/system?no_verify=1",
        "qemu+ssh://u@host/system?socket=/x", "qemu+ssh://u@host/system?", "qemu+ssh://u@/system",
        "qemu+ssh://u@host:0/system", "qemu+ssh://u@host:65536/system", "qemu+ssh://u@ho st/system",
        "qemu+ssh://u@host%2f/system", "qemu+ssh://u@host", "qemu+ssh://u@host/embed",
        "qemu+tls://u@host/system", "qemu+tls://host/session", "qemu+tls://host:/system",
        "qemu+tls://host/system?pkipath=/root", "qemu+tls://host/system?no_verify=1",
        "qemu+tls:///system", "qemu+tls://[::1/system", "qemu+tcp://host/system",
        "qemu+libssh://u@host/system", "qemu+ext:///system?command=/bin/sh", "qemu+unix:///system?command=/bin/sh",
        "qemu:///system?socket=/a&command=/b", "qemu:///embed?root=/x", "test:////etc/passwd",
        "qemu+unix:///system?socket=/a/../b", "qemu:///default", "test:///default?socket=/x"})
    EXPECT_NE(uri_problem(bad), "") << bad;
}

DriverSettings from(const std::string& settings) {
  return {.provider_uid = "u", .provider_name = "p", .driver = "libvirt", .settings = settings};
}

TEST(LibvirtSettings, EveryFieldIsReadAndEveryOtherIsRefused) {
  const auto read = parse_settings(from(R"({"uri":"qemu:///system",
    "storagePools":[{"name":"a","classes":["ssd"],"path":"/pool"}],
    "networks":[{"name":"n","network":"default"},{"name":"u","mode":"User"}],
    "acceleration":"KVM","wipe":"Zero","stopTimeout":"5s","consolePool":"c",
    "overcommit":{"vcpus":"4.5"},"reserve":{"vcpus":1,"memory":"1Gi"}})"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->overcommit.vcpus, 4500);
  EXPECT_EQ(read->overcommit.memory, 1000);
  EXPECT_EQ(read->reserve.memory_bytes, 1 << 30);
  EXPECT_EQ(read->network("u")->mode, NetworkMode::User);
  EXPECT_EQ(read->acceleration, Acceleration::Kvm);
  const auto refused = parse_settings(from(R"({"uri":"qemu+ssh://h/system","storagePools":[],
    "networks":[{"name":"n"}],"overcommit":{"cpu":"2","memory":"0.5"},"colour":1})"));
  ASSERT_FALSE(refused);
  std::string fields;
  for (const auto& cause : refused.error().causes)
    fields += cause.field + " ";
  EXPECT_EQ(fields,
            "spec.libvirt.uri spec.libvirt.storagePools spec.libvirt.networks[0].network "
            "spec.libvirt.overcommit.memory spec.libvirt.overcommit.cpu spec.libvirt.colour ");
}

TEST(LibvirtSettings, PromisesThatTheDriverCannotKeepAreRefused) {
  auto settings = from(R"({"uri":"qemu:///system","storagePools":[{"name":"a"}]})");
  EXPECT_TRUE(parse_settings(settings));
  settings.can = {.tenancies = {Tenancy::DedicatedHost}, .encryption_at_rest = true};
  const auto refused = parse_settings(settings);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().causes.size(), 2u);
}

TEST(LibvirtSettings, ANetworkThatIsMadeNeedsTheHostsAddressInIt) {
  const auto address = parse_host_address("10.77.0.1/24");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->text, "10.77.0.1");
  EXPECT_EQ(address->first, "10.77.0.2");
  EXPECT_EQ(address->last, "10.77.0.254");
  EXPECT_EQ(parse_host_address("172.16.0.1/16")->last, "172.16.255.254");
  EXPECT_EQ(parse_host_address("10.0.0.9/29")->last, "10.0.0.14");
  for (const char* bad : {"", "10.77.0.1", "10.77.0.2/24", "10.77.0.0/24", "10.77.0.1/15",
                          "10.77.0.1/30", "10.77.0.256/24", "10.77.1/24", "10.77.0.1/24x", "a/b"})
    EXPECT_FALSE(parse_host_address(bad)) << bad;
}

TEST(LibvirtDomainXml, AClassSaysProcessorsAndFirmware) {
  DomainPlan made = plan();
  made.make = {.name = "fast",
               .cpu_model = "Westmere",
               .cores_per_socket = 2,
               .threads_per_core = 2,
               .firmware = Firmware::Uefi};
  made.vcpus_max = whole_sockets(5, made.make);
  EXPECT_EQ(made.vcpus_max, 8);
  auto xml = DomainXml::parse(build_domain(made));
  ASSERT_TRUE(xml);
  const std::string text = xml->text();
  EXPECT_NE(text.find("<model fallback=\"forbid\">Westmere</model>"), std::string::npos) << text;
  EXPECT_NE(text.find("<topology sockets=\"2\" cores=\"2\" threads=\"2\""), std::string::npos);
  EXPECT_NE(text.find("<os firmware=\"efi\">"), std::string::npos);
  xml->set_size(9, 64 * kMib);
  EXPECT_EQ(xml->view().vcpus_max, 12) << "whole sockets, or libvirt refuses it";
  EXPECT_NE(xml->text().find("sockets=\"3\""), std::string::npos);
}

TEST(LibvirtSeed, HoldsWhatCloudInitLooksFor) {
  MachineSpec spec{.uid = kUid, .name = "shop/web.0"};
  EXPECT_FALSE(needs_seed(spec));
  spec.user_data = "#cloud-config\nhostname: \"x\"\n";
  spec.ssh_key = "ssh-ed25519 AAAA me\n";
  const std::vector<NicPlan> nics = {{mac_of(kUid, 0), ""}, {mac_of(kUid, 1), "net"}};
  const auto seed = build_seed(spec, nics);
  ASSERT_TRUE(seed);
  EXPECT_EQ(seed->size() % 2048, 0u);
  EXPECT_EQ(seed->substr(0x8001, 5), "CD001");
  EXPECT_EQ(seed->substr(0x8028, 6), "cidata");
  EXPECT_NE(seed->find(spec.user_data), std::string::npos);
  EXPECT_NE(seed->find("local-hostname: \"web-0\"\npublic-keys:\n- \"ssh-ed25519 AAAA me\"\n"),
            std::string::npos);
  EXPECT_NE(seed->find("  nic0:\n    match: {macaddress: \"" + mac_of(kUid, 0) +
                       "\"}\n    dhcp4: true\n"),
            std::string::npos)
      << "each card is asked for DHCP, by its address";
  EXPECT_NE(seed->find(mac_of(kUid, 1)), std::string::npos);
  EXPECT_EQ(*seed, *build_seed(spec, nics)) << "the same seed has the same bytes";
  spec.ssh_key = "key\nruncmd: [evil]";
  EXPECT_FALSE(build_seed(spec, nics));
  spec.ssh_key.clear();
  spec.user_data = std::string("a\0b", 3);
  EXPECT_FALSE(build_seed(spec, nics));
  spec.user_data.assign(2 << 20, 'a');
  EXPECT_FALSE(build_seed(spec, nics));
}

TEST(LibvirtRoom, TwoThatFitOnlyAloneDoNotFitTogether) {
  Room room;
  room.saw({4, 100, 100}, {{"a", {2, 10, 10}}});
  EXPECT_TRUE(room.take("b", {2, 10, 10}));
  const auto full = room.take("c", {1, 10, 10});
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().reason, "WaitForCapacity");
  room.saw({4, 100, 100}, {{"a", {2, 10, 10}}});
  EXPECT_FALSE(room.take("c", {1, 10, 10})) << "a look does not know what is being made";
  room.gave_up("b");
  EXPECT_TRUE(room.take("c", {1, 10, 10}));
  const auto never = room.take("d", {5, 1, 1});
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().reason, "Infeasible");
  room.made("c");
  EXPECT_TRUE(room.take("c", {1, 5, 10})) << "shrinking always fits";
  room.gave_up("c");
  EXPECT_EQ(room.of("c").memory_bytes, 10);
}

}  // namespace
}  // namespace charter::libvirt

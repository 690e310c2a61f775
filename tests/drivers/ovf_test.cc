#include "controller/object/digest.h"
#include "controller/object/value.h"
#include "drivers/ovf/descriptor.h"
#include "drivers/ovf/manifest.h"
#include "drivers/ovf/package.h"
#include "drivers/images/tar.h"
#include "drivers/ovf/template.h"
#include "tests/drivers/ovf_bench.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

// OVF packages: what is read, what is said to be left out, and what is refused.
namespace charter {
namespace {

std::string refusal(const std::string& descriptor) {
  const auto read = parse_descriptor(descriptor);
  return read ? "" : read.error().message;
}

bool holds(const std::string& text, const std::string& word) {
  return text.find(word) != std::string::npos;
}

TEST(OvfTar, Files_are_found_where_they_lie) {
  const std::string archive = tar_of({{"a.ovf", "text"}, {"disk.vmdk", std::string(600, 'd')}});
  const auto files = read_tar(archive);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].name, "a.ovf");
  EXPECT_EQ((*files)[0].bytes, "text");
  EXPECT_EQ((*files)[1].bytes, std::string(600, 'd'));
}

TEST(OvfTar, No_name_leads_anywhere) {
  for (const char* name : {"../a", "/etc/passwd", "dir/a", "..", ".", "a\\b", "a\nb"})
    EXPECT_FALSE(read_tar(tar_of({{name, "x"}}))) << name;
  std::string prefixed = tar_header("a", 0);
  prefixed.replace(345, 3, "dir");
  EXPECT_FALSE(read_tar(prefixed + std::string(1024, '\0')));
}

TEST(OvfTar, Links_directories_devices_and_extensions_are_refused) {
  for (const char type : {'1', '2', '3', '4', '5', '6', 'x', 'g', 'L', 'K', 'S'})
    EXPECT_FALSE(read_tar(tar_header("a", 0, type) + std::string(1024, '\0'))) << type;
}

TEST(OvfTar, What_is_cut_off_twice_there_or_damaged_is_refused) {
  const std::string archive = tar_of({{"a", "text"}, {"b", "more"}});
  ASSERT_TRUE(read_tar(archive));
  EXPECT_FALSE(read_tar(archive.substr(0, 1024)));
  EXPECT_FALSE(read_tar(archive.substr(0, 514)));
  EXPECT_FALSE(read_tar(""));
  EXPECT_FALSE(read_tar(tar_of({{"a", "x"}, {"a", "y"}})));
  std::string damaged = archive;
  damaged[10] = 'z';
  EXPECT_FALSE(read_tar(damaged));
  EXPECT_FALSE(read_tar(tar_header("a", 1 << 20) + std::string(1024, '\0')));
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 300; ++i)
    many.emplace_back("f" + std::to_string(i), "");
  EXPECT_FALSE(read_tar(tar_of(many)));
}

TEST(OvfManifest, Every_file_is_compared_with_its_digest) {
  const std::vector<TarEntry> files = {{"a.ovf", "one"}, {"d.img", "two"}, {"a.mf", "this"}};
  const auto check = [&](const std::string& text) -> Status {
    CHARTER_TRY_ASSIGN(const auto lines, parse_manifest(text));
    return check_manifest(lines, files);
  };
  const std::string a = "SHA256(a.ovf)= " + sha256_hex("one") + "\n";
  EXPECT_TRUE(check(a + "SHA1(d.img)=" + sha1_hex("two") + "\r\n"));
  EXPECT_TRUE(check(a + "SHA512(d.img)= " + sha512_hex("two")));
  EXPECT_EQ(check(a + "SHA256(d.img)= " + sha256_hex("tvo")).error().reason, "DigestMismatch");
  EXPECT_EQ(check(a).error().reason, "DigestMismatch") << "d.img is not named";
  EXPECT_FALSE(check(a + "SHA256(e.img)= " + sha256_hex("x"))) << "is not there";
  EXPECT_FALSE(check(a + a));
  EXPECT_FALSE(check("MD5(a.ovf)= 0123"));
  EXPECT_FALSE(check("SHA256(../a.ovf)= " + sha256_hex("one")));
  EXPECT_FALSE(check("nonsense"));
}

TEST(OvfDescriptor, A_system_is_read_and_what_is_left_out_is_named) {
  const auto read = parse_descriptor(ovf_descriptor());
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->systems.size(), 1u);
  const OvfSystem& system = read->systems.front();
  EXPECT_EQ(system.vcpus, 2);
  EXPECT_EQ(system.memory_bytes, int64_t{1} << 30);
  EXPECT_EQ(system.boot.file, "disk.img");
  EXPECT_EQ(system.boot.capacity_bytes, 2 << 20);
  ASSERT_EQ(system.data.size(), 1u);
  EXPECT_EQ(system.data.front().capacity_bytes, int64_t{1} << 30);
  EXPECT_EQ(system.networks, std::vector<std::string>{"VM Network"});
  EXPECT_EQ(read->ignored, (std::vector<std::string>{"system \"Web Server\": ProductSection",
                                                     "system \"Web Server\": device \"sound\""}));
}

TEST(OvfDescriptor, A_document_type_is_refused_and_no_entity_is_ever_loaded) {
  const auto secret = std::filesystem::temp_directory_path() / "charter-ovf-secret";
  std::ofstream(secret) << "outside";
  std::string text = ovf_descriptor();
  const size_t at = text.find("<Envelope");
  text.insert(at, "<!DOCTYPE Envelope [<!ENTITY x SYSTEM \"file://" + secret.string() + "\">]>");
  EXPECT_TRUE(holds(refusal(text), "document type")) << refusal(text);
  std::string bare = ovf_descriptor();
  bare.replace(bare.find("<Name>web"), 9, "<Name>&x;");
  const auto read = parse_descriptor(bare);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->systems.front().description, "&x;") << "an entity that nobody declared is text";
  std::filesystem::remove(secret);
}

TEST(OvfDescriptor, What_cannot_be_expressed_is_refused) {
  EXPECT_TRUE(holds(refusal(ovf_descriptor("<SomeSection/>")), "required"));
  EXPECT_EQ(refusal(ovf_descriptor("<SomeSection ovf:required=\"false\"/>")), "");
  EXPECT_TRUE(holds(refusal(ovf_descriptor("", "", "../disk.img")), "href"));
  EXPECT_TRUE(holds(refusal(ovf_descriptor("", "", "http://x/disk.img")), "href"));
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = ovf_descriptor();
    text.replace(text.find(from), from.size(), to);
    return refusal(text);
  };
  EXPECT_TRUE(holds(with("ovf:format=\"x\"", "ovf:parentRef=\"d0\""), "builds on"));
  EXPECT_TRUE(holds(with("ovf:href", "ovf:compression=\"gzip\" ovf:href"), "compressed"));
  EXPECT_TRUE(holds(with("ovf:href", "ovf:chunkSize=\"9\" ovf:href"), "split"));
  EXPECT_TRUE(holds(with("diskId=\"d2\"", "diskId=\"d2\" ovf:fileRef=\"f1\""), "booted from"));
  EXPECT_TRUE(holds(with("fileRef=\"f1\"", "fileRef=\"f2\""), "no File"));
  EXPECT_TRUE(holds(with(">2</rasd", ">5000</rasd"), "processors"));
  EXPECT_TRUE(holds(with(">2</rasd", ">-2</rasd"), "processors"));
  EXPECT_TRUE(holds(with("MegaBytes", "furlongs"), "unit"));
  EXPECT_TRUE(holds(with("\"2097152\"", "\"9223372036854775808\""), "amount"));
  EXPECT_TRUE(holds(with("byte * 2^30", "byte * 2^63"), "unit"));
  EXPECT_TRUE(holds(refusal("<Envelope/>"), "no virtual system"));
  EXPECT_NE(refusal("not xml"), "");
}

TEST(OvfTemplate, Names_are_made_of_whatever_the_package_says) {
  EXPECT_EQ(object_name("Web Server (v2)"), "web-server-v2");
  EXPECT_EQ(object_name("--Ä--"), "");
  EXPECT_LE(object_name(std::string(500, 'a')).size(), 63u);
}

TEST(OvfTemplate, Documents_name_what_the_package_describes) {
  const auto read = parse_descriptor(ovf_descriptor());
  ASSERT_TRUE(read);
  const std::string sha256(64, 'a');
  const auto made = documents_of(*read, {{"disk.img", {sha256, "qcow2"}}},
                                 {"pack", "catalog", "https://images.example/"});
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->size(), 2u);
  const Json& image = (*made)[0];
  EXPECT_EQ(text_at(image, {"metadata", "name"}), "pack-d1");
  EXPECT_EQ(text_at(image, {"spec", "source", "sha256"}), sha256);
  EXPECT_EQ(text_at(image, {"spec", "os"}), "debian-gnu-linux-12");
  const Json& machine = (*made)[1]["spec"]["components"]["machines"][0];
  EXPECT_EQ(text_at(machine, {"name"}), "web-server");
  EXPECT_EQ(text_at(machine, {"memory", "value"}), "1GiB");
  EXPECT_EQ(text_at(machine, {"imageRef", "name"}), "pack-d1");
  EXPECT_EQ(machine["volumes"][0], (*made)[1]["spec"]["components"]["volumes"][0]["name"]);
  EXPECT_EQ(machine["networks"][0], "vm-network");
}

TEST(OvfPackageTest, Without_a_manifest_the_report_says_so_and_the_descriptor_comes_first) {
  const std::string descriptor = ovf_descriptor();
  const auto package = open_package({{"a.ovf", descriptor}, {"disk.img", "x"}});
  ASSERT_TRUE(package);
  EXPECT_TRUE(holds(package->notices.front(), "manifest"));
  EXPECT_FALSE(open_package({{"disk.img", "x"}, {"a.ovf", descriptor}}));
  EXPECT_FALSE(open_package({}));
}

}  // namespace
}  // namespace charter

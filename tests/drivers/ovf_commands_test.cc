#include "drivers/ovf/ovf_commands.h"

#include "controller/object/digest.h"
#include "controller/object/value.h"
#include "drivers/images/image_store.h"
#include "tests/drivers/ovf_bench.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

// `charter import ovf` from file to documents.
namespace charter {
namespace {

namespace fs = std::filesystem;

class OvfImport : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "charter-ovf-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  int run(const std::string& file) {
    out_.str("");
    err_.str("");
    return ovf_commands(out_, err_)
        .front()
        .run({.flags = {{"data-dir", (folder_ / "data").string()},
                        {"namespace", "catalog"},
                        {"name", ""},
                        {"base-url", ""}},
              .words = {(folder_ / file).string()}});
  }
  std::vector<StoredImage> stored() {
    const auto all = ImageStore((folder_ / "data/images").string()).list();
    return all ? *all : std::vector<StoredImage>();
  }

  fs::path folder_;
  std::ostringstream out_, err_;
};

std::string raw_disk() {
  std::string disk(2 << 20, '\0');
  disk[510] = '\x55';
  disk[511] = '\xaa';
  disk[1 << 20] = 'x';
  return disk;
}

TEST_F(OvfImport, An_archive_becomes_a_stored_disk_and_documents) {
  const std::string descriptor = ovf_descriptor(), disk = raw_disk();
  const std::string manifest = "SHA256(web.ovf)= " + sha256_hex(descriptor) +
                               "\nSHA256(disk.img)= " + sha256_hex(disk) + "\n";
  write("web.ova", tar_of({{"web.ovf", descriptor}, {"web.mf", manifest}, {"disk.img", disk}}));
  ASSERT_EQ(run("web.ova"), 0) << err_.str();
  const auto documents = parse_yaml_stream(out_.str());
  ASSERT_TRUE(documents) << documents.error().message;
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ(text_at((*documents)[0], {"spec", "source", "sha256"}), sha256_hex(disk));
  EXPECT_EQ(text_at((*documents)[1], {"kind"}), "ServiceTemplate");
  ASSERT_EQ(stored().size(), 1u);
  EXPECT_EQ(stored().front().digest, "sha256:" + sha256_hex(disk));
  EXPECT_NE(err_.str().find("left out: system \"Web Server\": device \"sound\""), std::string::npos)
      << err_.str();
}

TEST_F(OvfImport, A_disk_that_differs_from_its_digest_is_not_stored) {
  const std::string descriptor = ovf_descriptor();
  const std::string manifest = "SHA256(web.ovf)= " + sha256_hex(descriptor) +
                               "\nSHA256(disk.img)= " + sha256_hex("another") + "\n";
  write("web.ovf", descriptor);
  write("web.mf", manifest);
  write("disk.img", raw_disk());
  EXPECT_EQ(run("web.ovf"), 1);
  EXPECT_NE(err_.str().find("manifest: disk.img"), std::string::npos) << err_.str();
  EXPECT_EQ(out_.str(), "");
  EXPECT_TRUE(stored().empty());
}

TEST_F(OvfImport, A_vmdk_becomes_a_qcow2_that_guests_boot_from) {
  if (std::system("command -v qemu-img >/dev/null") != 0) GTEST_SKIP() << "no qemu-img here";
  write("disk.raw", raw_disk());
  const std::string make = "qemu-img convert -f raw -O vmdk -o subformat=streamOptimized " +
                           (folder_ / "disk.raw").string() + " " + (folder_ / "disk.vmdk").string();
  ASSERT_EQ(std::system(make.c_str()), 0);
  write("web.ovf", ovf_descriptor("", "", "disk.vmdk"));
  ASSERT_EQ(run("web.ovf"), 0) << err_.str();
  ASSERT_EQ(stored().size(), 1u);
  const ImageFile file = stored().front().file;
  EXPECT_EQ(file.format, "qcow2");
  EXPECT_EQ(file.virtual_bytes, 2 << 20);
  const std::string back =
      "qemu-img convert -f qcow2 -O raw " + file.path + " " + (folder_ / "back.raw").string();
  ASSERT_EQ(std::system(back.c_str()), 0);
  std::ifstream read(folder_ / "back.raw", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(read), {}), raw_disk());
  size_t left = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "data/images"))
    left += !entry.path().filename().string().starts_with("sha256-");
  EXPECT_EQ(left, 0u) << "no scratch file is left";
}

TEST_F(OvfImport, A_disk_that_refers_to_another_file_is_refused_before_any_tool_sees_it) {
  write(
      "disk.vmdk",
      "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n"
      "RW 2048 FLAT \"/etc/passwd\" 0\n");
  write("web.ovf", ovf_descriptor("", "", "disk.vmdk"));
  EXPECT_EQ(run("web.ovf"), 1);
  EXPECT_EQ(out_.str(), "");
  EXPECT_TRUE(stored().empty());
}

}  // namespace
}  // namespace charter

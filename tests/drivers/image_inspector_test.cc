#include "drivers/images/inspector.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

// Real headers, bent one field at a time.
namespace charter {
namespace {

void big(std::string& bytes, size_t at, uint64_t value, int width) {
  for (int i = width - 1; i >= 0; --i, value >>= 8)
    bytes[at + static_cast<size_t>(i)] = static_cast<char>(value);
}
void little(std::string& bytes, size_t at, uint64_t value, int width) {
  for (int i = 0; i < width; ++i, value >>= 8)
    bytes[at + static_cast<size_t>(i)] = static_cast<char>(value);
}
void put(std::string& bytes, size_t at, const std::string& text) {
  bytes.replace(at, text.size(), text);
}

/// What `qemu-img create -f qcow2 x 1G` writes.
std::string qcow2() {
  std::string bytes(4 * 65536, '\0');
  put(bytes, 0, "QFI\xfb");
  big(bytes, 4, 3, 4);
  big(bytes, 20, 16, 4);
  big(bytes, 24, 1 << 30, 8);
  big(bytes, 36, 2, 4);
  big(bytes, 40, 0x30000, 8);
  big(bytes, 48, 0x10000, 8);
  big(bytes, 56, 1, 4);
  big(bytes, 96, 4, 4);
  big(bytes, 100, 104, 4);
  return bytes;
}

std::string vmdk(const std::string& descriptor) {
  std::string bytes(8192, '\0');
  put(bytes, 0, "KDMV");
  little(bytes, 4, 1, 4);
  little(bytes, 12, 2048, 8);
  little(bytes, 28, 1, 8);
  little(bytes, 36, 4, 8);
  put(bytes, 512, descriptor);
  return bytes;
}

constexpr const char* kVmdk =
    "# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\nRW 2048 SPARSE \"x.vmdk\"\n";

std::string vdi() {
  std::string bytes(2048, '\0');
  little(bytes, 0x40, 0xbeda107f, 4);
  little(bytes, 0x44, 0x10001, 4);
  little(bytes, 0x4c, 1, 4);
  little(bytes, 0x170, 1 << 20, 8);
  return bytes;
}

std::string vhdx() {
  constexpr size_t kMeta = 256 * 1024;
  std::string bytes(kMeta + 128 * 1024, '\0');
  put(bytes, 0, "vhdxfile");
  put(bytes, 192 * 1024, "regi");
  little(bytes, 192 * 1024 + 8, 1, 4);
  put(bytes, 192 * 1024 + 16,
      std::string("\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e", 16));
  little(bytes, 192 * 1024 + 32, kMeta, 8);
  put(bytes, kMeta, "metadata");
  little(bytes, kMeta + 10, 2, 2);
  put(bytes, kMeta + 32,
      std::string("\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b", 16));
  little(bytes, kMeta + 48, 65536, 4);
  put(bytes, kMeta + 64,
      std::string("\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8", 16));
  little(bytes, kMeta + 80, 65544, 4);
  little(bytes, kMeta + 65544, 1 << 22, 8);
  return bytes;
}

std::string why(const std::string& bytes) {
  const auto found = inspect_image(bytes);
  return found ? "" : found.error().message;
}

TEST(ImageInspector, KnowsEachFormatAndTheSizeOfItsDisk) {
  EXPECT_EQ(*inspect_image(qcow2()), (Inspection{"qcow2", 1 << 30}));
  EXPECT_EQ(*inspect_image(vmdk(kVmdk)), (Inspection{"vmdk", 1 << 20}));
  EXPECT_EQ(*inspect_image(vdi()), (Inspection{"vdi", 1 << 20}));
  EXPECT_EQ(*inspect_image(vhdx()), (Inspection{"vhdx", 1 << 22}));
  std::string iso(65536, '\0');
  put(iso, 32769, "CD001");
  EXPECT_EQ(*inspect_image(iso), (Inspection{"iso", 65536}));
  EXPECT_EQ(*inspect_image(std::string(4096, 'x')), (Inspection{"raw", 4096}));
  EXPECT_FALSE(inspect_image(""));
}

struct Bend {
  const char* why;
  std::function<void(std::string&)> bend;
};

TEST(ImageInspector, AQcow2ThatRefersToAnythingOutsideOrLiesIsRefused) {
  const Bend bends[] = {
      {"backing file",
       [](auto& b) {
         big(b, 8, 512, 8);
         big(b, 16, 11, 4);
         put(b, 512, "/etc/shadow");
       }},
      {"backing file", [](auto& b) { big(b, 16, 5, 4); }},
      {"is encrypted", [](auto& b) { big(b, 32, 2, 4); }},
      {"another file", [](auto& b) { big(b, 72, 4, 8); }},
      {"corrupt", [](auto& b) { big(b, 72, 2, 8); }},
      {"unknown incompatible", [](auto& b) { big(b, 72, 1 << 9, 8); }},
      {"format of a backing",
       [](auto& b) {
         big(b, 104, 0xe2792aca, 4);
         big(b, 108, 3, 4);
       }},
      {"another file",
       [](auto& b) {
         big(b, 104, 0x44415441, 4);
         big(b, 108, 3, 4);
       }},
      {"is encrypted",
       [](auto& b) {
         big(b, 104, 0x0537be77, 4);
         big(b, 108, 16, 4);
       }},
      {"larger than its header",
       [](auto& b) {
         big(b, 104, 7, 4);
         big(b, 108, 0xfffffff0, 4);
       }},
      {"snapshots", [](auto& b) { big(b, 60, 65535, 4); }},
      {"limit", [](auto& b) { big(b, 24, uint64_t{8} << 60, 8); }},
      {"no size", [](auto& b) { big(b, 24, 0, 8); }},
      {"first table", [](auto& b) { big(b, 36, 0xffffffff, 4); }},
      {"first table", [](auto& b) { big(b, 36, 0, 4); }},
      {"outside the file", [](auto& b) { big(b, 40, uint64_t{1} << 62, 8); }},
      {"reference counts", [](auto& b) { big(b, 56, 0x7fffffff, 4); }},
      {"impossible width", [](auto& b) { big(b, 96, 64, 4); }},
      {"impossible length", [](auto& b) { big(b, 100, 8, 4); }},
      {"clusters", [](auto& b) { big(b, 20, 63, 4); }},
      {"version", [](auto& b) { big(b, 4, 9, 4); }},
      {"cut off", [](auto& b) { b.resize(40); }},
  };
  for (const auto& [expected, bend] : bends) {
    std::string bytes = qcow2();
    bend(bytes);
    EXPECT_NE(why(bytes).find(expected), std::string::npos) << expected << ": " << why(bytes);
  }
}

TEST(ImageInspector, OtherFormatsThatReferToAnythingOutsideAreRefused) {
  EXPECT_NE(why(vmdk("RW 2048 FLAT \"/etc/passwd\" 0\n")), "");
  EXPECT_NE(why(vmdk("RW 2048 SPARSE \"/etc/passwd\"\n")), "");
  EXPECT_NE(why(vmdk(std::string(kVmdk) + "parentFileNameHint=\"x\"\n")), "");
  EXPECT_NE(why(vmdk("parentCID=1234\nRW 1 SPARSE \"x\"\n")), "");
  EXPECT_NE(why(vmdk("")), "");
  EXPECT_NE(why("# Disk DescriptorFile\nRW 1 FLAT \"/etc/passwd\""), "");
  std::string child = vdi();
  child[0x1b8] = 1;
  EXPECT_NE(why(child), "");
  std::string difference = vdi();
  little(difference, 0x4c, 4, 4);
  EXPECT_NE(why(difference), "");
  std::string parent = vhdx();
  little(parent, 256 * 1024 + 65536 + 4, 2, 4);
  EXPECT_NE(why(parent), "");
  EXPECT_NE(why("LUKS\xba\xbe" + std::string(4096, '\0')), "");
  EXPECT_NE(why("conectix" + std::string(4096, '\0')), "");
}

TEST(ImageInspector, EveryPrefixOfAnImageIsRefusedOrSane) {
  for (const auto& whole : {qcow2(), vmdk(kVmdk), vdi(), vhdx()}) {
    for (size_t length = 1; length < 1024; ++length) {
      const auto found = inspect_image(std::string_view(whole).substr(0, length));
      EXPECT_TRUE(!found || found->virtual_bytes > 0) << length;
    }
  }
}

}  // namespace
}  // namespace charter

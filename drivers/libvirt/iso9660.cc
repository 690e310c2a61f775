#include "drivers/libvirt/iso9660.h"

#include "controller/base/check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

// Numbers and offsets are ECMA-119's, section 8 (descriptors) and 9 (directories).
namespace charter::libvirt {
namespace {

constexpr size_t kSector = 2048;
constexpr size_t kPrimary = 16, kJoliet = 17, kEnd = 18;
constexpr size_t kPathTables = 19;  // little and big endian, for primary and Joliet: four sectors
constexpr size_t kPrimaryRoot = 23, kJolietRoot = 24, kFirstFile = 25;
constexpr size_t kLabelMax = 16, kNameMax = 64;
constexpr uint8_t kDirectory = 2;

size_t sectors(size_t bytes) {
  return (bytes + kSector - 1) / kSector;
}

void put16(std::string& out, uint16_t value) {  // both byte orders
  const char bytes[] = {static_cast<char>(value), static_cast<char>(value >> 8),
                        static_cast<char>(value >> 8), static_cast<char>(value)};
  out.append(bytes, sizeof bytes);
}

std::string little32(uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i)
    out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string big32(uint32_t value) {
  std::string out = little32(value);
  std::reverse(out.begin(), out.end());
  return out;
}

void put32(std::string& out, uint32_t value) {
  out += little32(value) + big32(value);
}

/// UCS-2, big endian.
std::string wide(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += '\0';
    out += c;
  }
  return out;
}

std::string record(const std::string& id, size_t extent, size_t bytes, uint8_t flags) {
  std::string out(2, '\0');
  put32(out, static_cast<uint32_t>(extent));
  put32(out, static_cast<uint32_t>(bytes));
  out += {100, 1, 1, 0, 0, 0, 0};  // the first second of 2000
  out += static_cast<char>(flags);
  out += std::string(2, '\0');
  put16(out, 1);
  out += static_cast<char>(id.size());
  out += id;
  if (out.size() % 2 != 0) out += '\0';
  out[0] = static_cast<char>(out.size());
  return out;
}

/// Name for readers that know no Joliet: FILE0.;1 and so on. Nobody looks for them by it.
std::string plain_name(size_t index) {
  return "FILE" + std::to_string(index) + ".;1";
}

std::string root(size_t extent, const std::vector<std::string>& entries) {
  std::string out = record(std::string(1, '\0'), extent, kSector, kDirectory) +
                    record(std::string(1, '\1'), extent, kSector, kDirectory);
  for (const auto& entry : entries)
    out += entry;
  CHECK(out.size() <= kSector);
  out.resize(kSector);
  return out;
}

std::string path_table(size_t extent, bool big) {
  std::string out = {1, 0};
  const auto at = static_cast<uint32_t>(extent);
  out += big ? big32(at) : little32(at);
  out += big ? std::string("\0\1", 2) : std::string("\1\0", 2);
  out += std::string(2, '\0');
  out.resize(kSector);
  return out;
}

void write(std::string& out, size_t at, const std::string& text) {
  std::memcpy(out.data() + at, text.data(), text.size());
}

std::string descriptor(const std::string& label, size_t total, bool joliet) {
  std::string out(kSector, '\0');
  constexpr size_t kTextFrom = 190, kTextTo = 813;
  std::fill(out.begin() + kTextFrom, out.begin() + kTextTo, joliet ? '\0' : ' ');
  std::fill(out.begin() + 8, out.begin() + 72, joliet ? '\0' : ' ');
  out[0] = joliet ? 2 : 1;
  write(out, 1, "CD001\1");
  write(out, 40, joliet ? wide(label) : label);
  std::string size;
  put32(size, static_cast<uint32_t>(total));
  write(out, 80, size);
  if (joliet) write(out, 88, "%/E");
  std::string set;
  put16(set, 1);
  put16(set, 1);
  put16(set, kSector);
  put32(set, 10);  // bytes of a path table with the root alone
  write(out, 120, set);
  const size_t tables = kPathTables + (joliet ? 2 : 0);
  write(out, 140, little32(static_cast<uint32_t>(tables)));
  write(out, 148, big32(static_cast<uint32_t>(tables + 1)));
  const size_t extent = joliet ? kJolietRoot : kPrimaryRoot;
  write(out, 156, record(std::string(1, '\0'), extent, kSector, kDirectory));
  for (const size_t at : {813, 830, 847, 864})
    write(out, at, std::string(16, '0'));
  out[881] = 1;
  return out;
}

}  // namespace

std::string build_iso(const std::string& label, const std::vector<IsoFile>& files) {
  CHECK(label.size() <= kLabelMax);
  std::vector<const IsoFile*> sorted;
  for (const auto& file : files) {
    CHECK(!file.name.empty() && file.name.size() <= kNameMax);
    sorted.push_back(&file);
  }
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->name < b->name; });
  std::vector<std::string> plain, joliet;
  std::string body;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const size_t extent = kFirstFile + body.size() / kSector;
    const size_t bytes = sorted[i]->content.size();
    plain.push_back(record(plain_name(i), extent, bytes, 0));
    joliet.push_back(record(wide(sorted[i]->name), extent, bytes, 0));
    body += sorted[i]->content;
    body.resize(sectors(body.size()) * kSector);
  }
  const size_t total = kFirstFile + body.size() / kSector;
  std::string out(kPrimary * kSector, '\0');
  out += descriptor(label, total, false) + descriptor(label, total, true);
  std::string end(kSector, '\0');
  write(end, 0,
        "\xff"
        "CD001\1");
  out += end;
  static_assert(kEnd + 1 == kPathTables);
  for (const size_t extent : {kPrimaryRoot, kJolietRoot})
    out += path_table(extent, false) + path_table(extent, true);
  return out + root(kPrimaryRoot, plain) + root(kJolietRoot, joliet) + body;
}

}  // namespace charter::libvirt

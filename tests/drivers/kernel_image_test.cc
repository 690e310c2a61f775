#include "drivers/images/kernel_image.h"

#include "drivers/images/inspector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

// Images that boot a kernel: what is taken, and what is refused before anything reads it.
namespace charter {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

/// A tar archive of regular files.
std::string tar_of(const Files& files, char type = '0') {
  constexpr size_t kBlock = 512;
  std::string archive;
  for (const auto& [name, bytes] : files) {
    std::string header(kBlock, '\0');
    header.replace(0, name.size(), name);
    char size[12];
    std::snprintf(size, sizeof size, "%011zo", bytes.size());
    header.replace(124, sizeof size, size, sizeof size);
    header.replace(148, 8, "        ");
    header[156] = type;
    header.replace(257, 8, std::string("ustar\00000", 8));
    unsigned sum = 0;
    for (const char c : header)
      sum += static_cast<unsigned char>(c);
    char text[8];
    std::snprintf(text, sizeof text, "%06o", sum);
    header.replace(148, 7, text, 7);
    archive += header + bytes;
    archive.resize((archive.size() + kBlock - 1) / kBlock * kBlock, '\0');
  }
  return archive + std::string(2 * kBlock, '\0');
}

std::string bz_image() {
  std::string kernel(1024, 'k');
  kernel.replace(514, 4, "HdrS");
  return kernel;
}

Files good() {
  return {{"vmlinuz", bz_image()}, {"initrd.img", "rd"}, {"cmdline", "console=ttyS0 quiet\n"}};
}

std::string refusal(const Files& files, char type = '0') {
  const auto found = inspect_image(tar_of(files, type));
  return found ? "taken as " + found->format : found.error().message;
}

TEST(KernelImage, ItsPartsAreFoundInAnyOrder) {
  for (int turn = 0; turn < 3; ++turn) {
    Files files = good();
    std::rotate(files.begin(), files.begin() + turn, files.end());
    const std::string archive = tar_of(files);
    const auto found = inspect_image(archive);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->format, "kernel");
    EXPECT_EQ(found->virtual_bytes, 0);
    const KernelParts& parts = found->kernel;
    EXPECT_EQ(archive.substr(static_cast<size_t>(parts.kernel_at),
                             static_cast<size_t>(parts.kernel_bytes)),
              bz_image());
    EXPECT_EQ(archive.substr(static_cast<size_t>(parts.initrd_at),
                             static_cast<size_t>(parts.initrd_bytes)),
              "rd");
    EXPECT_EQ(parts.command, "console=ttyS0 quiet");
  }
  Files silent = good();
  silent.pop_back();
  EXPECT_EQ(inspect_image(tar_of(silent))->kernel.command, "");
}

TEST(KernelImage, WhatIsMissingTooMuchOrNoKernelIsRefused) {
  Files files = good();
  files[0].second = std::string(1024, 'k');
  EXPECT_EQ(refusal(files), "kernel image: vmlinuz is no bzImage for x86");
  files[0].second = "HdrS";
  EXPECT_EQ(refusal(files), "kernel image: vmlinuz is no bzImage for x86");
  files = good();
  files.erase(files.begin());
  EXPECT_EQ(refusal(files), "kernel image: it holds no vmlinuz");
  files = good();
  files[1].second = "";
  EXPECT_EQ(refusal(files), "kernel image: it holds no initrd.img");
  files = good();
  files.emplace_back("autorun.sh", "x");
  EXPECT_EQ(refusal(files), "kernel image: it holds more than vmlinuz, initrd.img and cmdline");
  files = good();
  files.emplace_back("../../etc/passwd", "x");
  EXPECT_NE(refusal(files).find("no plain file name"), std::string::npos);
  files = good();
  files.push_back(files[1]);
  EXPECT_NE(refusal(files).find("twice"), std::string::npos);
  EXPECT_NE(refusal(good(), '2').find("regular file"), std::string::npos);
}

TEST(KernelImage, ACommandLineIsOneLineOfPrintableCharacters) {
  for (const std::string& bad :
       {std::string("a\nb\n"), std::string("a\0b", 3), std::string("a\x1b[2J"),
        std::string("\xc3\xa4"), std::string(2048, 'a')}) {
    Files files = good();
    files[2].second = bad;
    EXPECT_NE(refusal(files).find("kernel image: cmdline "), std::string::npos) << bad;
  }
  Files longest = good();
  longest[2].second = std::string(2047, 'a') + "\n";
  EXPECT_EQ(refusal(longest), "taken as kernel");
}

TEST(KernelImage, EveryCutIsRefusedOrADiskOfUnknownBytes) {
  const std::string whole = tar_of(good());
  for (size_t length = 0; length + 1024 < whole.size(); length += 37) {
    const auto found = inspect_image(whole.substr(0, length));
    EXPECT_TRUE(!found || found->format == "raw") << length;
  }
}

}  // namespace
}  // namespace charter

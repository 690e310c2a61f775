#include "tests/drivers/libvirt_real.h"

#include <string>

// Machines that boot a kernel instead of a disk.
namespace charter {
namespace {

/// The line that the kernel of tests/support/micro_kernel.S says, given what its image holds.
constexpr const char* kSaid =
    "GUEST-MARKER kernel initrd=000003e8 cmdline=console=ttyS0 said=<&'\"hello\">\r\n";

class LibvirtKernel : public LibvirtReal {
 protected:
  MachineSpec kernel_spec() {
    const auto image = bench_.images().import_file(bench_.daemon().kernel(), "");
    EXPECT_TRUE(image) << image.error().message;
    MachineSpec spec = bench_.spec(kA);
    spec.image_digest = image->digest;
    spec.image_format = "kernel";
    return spec;
  }
};

TEST_F(LibvirtKernel, AKernelBootsWithItsInitrdAndCommandLine) {
  const MachineSpec spec = kernel_spec();
  ASSERT_TRUE(driver().create(spec));
  ASSERT_TRUE(driver().create(spec)) << "again it is the same machine";
  ASSERT_TRUE(driver().set_power(kA, PowerState::On));
  bench_.settle();
  EXPECT_EQ(bench_.console(kA), kSaid);
  const auto state = observed();
  EXPECT_TRUE(state.image_deployed);
  EXPECT_EQ(state.image_digest, spec.image_digest);
  EXPECT_EQ(state.disk_bytes, spec.disk_bytes) << "its disk is empty and its own";
  ASSERT_TRUE(driver().set_power(kA, PowerState::Off));
  bench_.settle();
  EXPECT_EQ(observed().power, PowerState::Off);
  ASSERT_TRUE(driver().remove(kA));
  EXPECT_EQ(files(), std::set<std::string>());
}

TEST_F(LibvirtKernel, TheHostKeepsTheImageSoTheNextMachineNeedsNoUpload) {
  const MachineSpec first = kernel_spec();
  ASSERT_TRUE(driver().create(first));
  ASSERT_TRUE(driver().remove(kA));
  std::filesystem::remove_all(bench_.daemon().directory() + "/images");
  ASSERT_TRUE(driver().create(first));
  ASSERT_TRUE(driver().set_power(kA, PowerState::On));
  bench_.settle();
  EXPECT_EQ(bench_.console(kA), kSaid);
}

TEST_F(LibvirtKernel, AnUploadThatWasInterruptedIsBegunAgain) {
  const MachineSpec spec = kernel_spec();
  ASSERT_TRUE(driver().create(spec));
  ASSERT_TRUE(driver().remove(kA));
  const std::string hex = libvirt::digest_hex(spec.image_digest);
  for (const char* part : {"kernel", "initrd", "cmdline"}) {
    const libvirt::Pool pool(virStoragePoolLookupByName(bench_.hands(), "charter"));
    const libvirt::Volume gone(
        virStorageVolLookupByName(pool.get(), libvirt::image_name(hex, part).c_str()));
    ASSERT_EQ(virStorageVolDelete(gone.get(), 0), 0) << part;
    ASSERT_TRUE(driver().create(spec)) << part;
    ASSERT_TRUE(driver().set_power(kA, PowerState::On));
    bench_.settle();
    EXPECT_EQ(bench_.console(kA), kSaid) << part;
    ASSERT_TRUE(driver().remove(kA));
  }
}

}  // namespace
}  // namespace charter

#include "drivers/libvirt/acceleration.h"

#include "controller/base/log.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/storage.h"
#include "drivers/libvirt/xml_text.h"

#include <pugixml.hpp>

#include <thread>

namespace charter::libvirt {
namespace {

constexpr auto kGlance = std::chrono::milliseconds(20);
constexpr size_t kSector = 512;
constexpr size_t kDiskBytes = 1 << 20;  // the smallest that every BIOS takes for a disk

// cli; ds, es, ss = 0; sp = 0x7c00; sti; int 13h: write one sector from 0x7c00 to sector 2 of the
// first disk; out 0x604, 0x2000: ACPI S5; hlt for ever.
constexpr unsigned char kGuest[] = {0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc,
                                    0x00, 0x7c, 0xfb, 0xb8, 0x01, 0x03, 0xb9, 0x02, 0x00, 0xba,
                                    0x80, 0x00, 0xbb, 0x00, 0x7c, 0xcd, 0x13, 0xba, 0x04, 0x06,
                                    0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd};

std::string boot_sector() {
  std::string sector(reinterpret_cast<const char*>(kGuest), sizeof kGuest);
  sector.resize(kSector);
  sector[kSector - 2] = '\x55';
  sector[kSector - 1] = '\xaa';
  return sector;
}

std::string guest_xml(const std::string& name, const std::string& pool) {
  pugi::xml_document document;
  auto domain = document.append_child("domain");
  domain.append_attribute("type").set_value("kvm");
  domain.append_child("name").text().set(name.c_str());
  auto memory = domain.append_child("memory");
  memory.append_attribute("unit").set_value("MiB");
  memory.text().set(32);
  domain.append_child("vcpu").text().set(1);
  auto type = domain.append_child("os").append_child("type");
  type.append_attribute("arch").set_value("x86_64");
  type.append_attribute("machine").set_value("q35");
  type.text().set("hvm");
  domain.append_child("features").append_child("acpi");
  auto disk = domain.append_child("devices").append_child("disk");
  disk.append_attribute("type").set_value("volume");
  auto driver = disk.append_child("driver");
  driver.append_attribute("name").set_value("qemu");
  driver.append_attribute("type").set_value("raw");
  auto source = disk.append_child("source");
  source.append_attribute("pool").set_value(pool.c_str());
  source.append_attribute("volume").set_value(name.c_str());
  auto target = disk.append_child("target");
  target.append_attribute("dev").set_value("vda");
  target.append_attribute("bus").set_value("virtio");
  return text_of(document);
}

Status prepare_disk(virConnectPtr connection, const std::string& pool, const std::string& name) {
  CHARTER_TRY(delete_volume(connection, pool, name, Wipe::Discard));
  CHARTER_TRY(make_volume(connection, pool, {.name = name, .format = "raw", .bytes = kDiskBytes}));
  CHARTER_TRY_ASSIGN(const Volume volume, require_volume(connection, pool, name));
  const std::string sector = boot_sector();
  return upload(connection, volume, kSector, [&](size_t) -> Result<std::string> { return sector; });
}

/// Runs the guest. Empty when it did what it should, else why not.
std::string run_guest(virConnectPtr connection, const Clock& clock, const std::string& pool,
                      const std::string& name) {
  const Duration begun = clock.monotonic();
  const Domain domain(
      virDomainCreateXML(connection, guest_xml(name, pool).c_str(), VIR_DOMAIN_START_AUTODESTROY));
  if (!domain) {
    last_error("starting the test guest");
    return "KVM starts no guest";
  }
  while (clock.monotonic() - begun < limits::kKvmProofTime) {
    if (virDomainIsActive(domain.get()) != 1) {
      const auto volume = find_volume(connection, pool, name);
      if (!volume || !*volume) return "the test guest's disk is gone";
      const auto bytes = download(connection, *volume, 2 * kSector);
      if (bytes && bytes->substr(kSector) == boot_sector()) return "";
      return "KVM ended the test guest before it had run";
    }
    std::this_thread::sleep_for(kGlance);
  }
  virDomainDestroy(domain.get());
  return "KVM ran the test guest for more than " + human_duration(limits::kKvmProofTime);
}

std::string kvm_problem(virConnectPtr connection, const Endpoint& endpoint) {
  const std::string pool = endpoint.settings.pools.front().name;
  const std::string name = "charter-selftest." + endpoint.owner + ".raw";
  std::string problem = "the test guest's disk could not be made";
  if (prepare_disk(connection, pool, name))
    problem = run_guest(connection, *endpoint.clock, pool, name);
  delete_volume(connection, pool, name, Wipe::Discard).has_value();
  return problem;
}

}  // namespace

DomainType choose_type(virConnectPtr connection, const Endpoint& endpoint, std::string& why) {
  if (endpoint.type == DomainType::Test) {
    why = "no guests run";
    return DomainType::Test;
  }
  if (endpoint.settings.acceleration == Acceleration::Tcg) {
    why = "TCG as asked for";
    return DomainType::Qemu;
  }
  if (endpoint.settings.acceleration == Acceleration::Kvm) {
    why = "KVM as asked for";
    return DomainType::Kvm;
  }
  const std::string problem = kvm_problem(connection, endpoint);
  why = problem.empty() ? "KVM by test" : "TCG: " + problem;
  log_info("libvirt", "acceleration chosen", {{"host", endpoint.host}, {"choice", why}});
  return problem.empty() ? DomainType::Kvm : DomainType::Qemu;
}

}  // namespace charter::libvirt

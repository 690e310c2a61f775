#include "controller/base/check.h"
#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/seed.h"
#include "drivers/libvirt/xml_text.h"

#include <cstddef>
#include <cstdint>
#include <string>

// Whatever stands in a user's field is read back as it was, ends no element and adds no device; and
// whatever a host answers is parsed or refused.
namespace {

using charter::libvirt::DomainPlan;
using charter::libvirt::DomainXml;

void round_trip(const std::string& text) {
  DomainPlan plan;
  plan.title = text;
  plan.vcpus = plan.vcpus_max = 1;
  plan.stamp = {.uid = "0f3c1c4e-53a1-4c8e-9d50-000000000001",
                .provider = text,
                .disk_class = text,
                .memory_bytes = 1 << 20,
                .networks = {text},
                .protection = {.tenant = text}};
  plan.disks = {{.pool = text, .volume = text, .format = "raw", .target = "vda"}};
  const auto xml = DomainXml::parse(build_domain(plan));
  CHECK(xml);
  const auto view = xml->view();
  CHECK(view.stamp && view.stamp->protection.tenant == text && view.stamp->networks.at(0) == text);
  CHECK(view.disks.size() == 1 && view.disks.at(0).volume == text && view.nics.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // Carriage returns and text of blanks alone are XML's to change: no name has them.
  const bool blank = text.find_first_not_of(" \t\n") == std::string::npos;
  if (charter::libvirt::is_xml_text(text) && !blank && text.find('\r') == std::string::npos)
    round_trip(text);
  if (auto xml = DomainXml::parse(text)) {
    xml->view();
    xml->set_size(2, 1 << 30);
    xml->set_complete();
    xml->remove_disk("a", "b");
    CHECK(DomainXml::parse(xml->text()));
  }
  charter::libvirt::read_volume_name(text);
  charter::MachineSpec spec;
  spec.uid = spec.name = spec.user_data = spec.ssh_key = text;
  if (charter::libvirt::needs_seed(spec)) charter::libvirt::build_seed(spec, {}).has_value();
  return 0;
}

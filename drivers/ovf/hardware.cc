#include "drivers/ovf/hardware.h"

#include "drivers/ovf/limits.h"
#include "drivers/ovf/xml_reading.h"

#include <pugixml.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace charter {
namespace {

/// CIM_ResourceAllocationSettingData.ResourceType.
enum Resource { kProcessor = 3, kMemory = 4, kEthernet = 10, kDisk = 17 };

/// Reads one section.
class Hardware {
 public:
  Hardware(const std::string& where, const std::map<std::string, OvfDisk>& disks, OvfSystem& system,
           std::vector<std::string>& ignored)
      : where_(where), disks_(disks), system_(system), ignored_(ignored) {}

  Status read(const pugi::xml_node& section) {
    size_t items = 0;
    for (const auto& node : section.children()) {
      const auto name = local_name(node);
      if (name != "Item" && name != "StorageItem" && name != "EthernetPortItem") continue;
      if (++items > limits::kOvfItemsMax) return invalid_ovf(where_ + " has too many devices");
      CHARTER_TRY(read_item(node));
    }
    if (system_.vcpus == 0) return invalid_ovf(where_ + " has no processor");
    if (system_.memory_bytes == 0) return invalid_ovf(where_ + " has no memory");
    if (system_.boot.id.empty()) return invalid_ovf(where_ + " has no disk");
    return {};
  }

 private:
  // An item of another configuration than the default one is an alternative, not a device.
  Status read_item(const pugi::xml_node& item) {
    const std::string name = text_of(item, "ElementName");
    if (!attribute_of(item, "configuration").empty()) {
      note_ignored(ignored_, where_ + ": device " + quoted(name) + " of another configuration");
      return {};
    }
    switch (std::atoi(text_of(item, "ResourceType").c_str())) {
      case kProcessor:
        return read_processors(item);
      case kMemory:
        return read_memory(item);
      case kEthernet:
        return read_network(item);
      case kDisk:
        return read_disk(item);
      default:
        note_ignored(ignored_, where_ + ": device " + quoted(name));
        return {};
    }
  }

  Status read_processors(const pugi::xml_node& item) {
    CHARTER_TRY_ASSIGN(const int64_t count,
                       amount_of(where_ + ": processors", text_of(item, "VirtualQuantity"), ""));
    system_.vcpus += count;
    if (count > limits::kOvfVcpusMax || system_.vcpus > limits::kOvfVcpusMax)
      return invalid_ovf(where_ + " has more than " + std::to_string(limits::kOvfVcpusMax) +
                         " processors");
    return {};
  }

  Status read_memory(const pugi::xml_node& item) {
    const std::string units = text_of(item, "AllocationUnits");
    if (units.empty()) return invalid_ovf(where_ + ": memory has no AllocationUnits");
    CHARTER_TRY_ASSIGN(const int64_t bytes,
                       amount_of(where_ + ": memory", text_of(item, "VirtualQuantity"), units));
    if (system_.memory_bytes != 0) return invalid_ovf(where_ + " has memory twice");
    system_.memory_bytes = bytes;
    return {};
  }

  Status read_network(const pugi::xml_node& item) {
    const std::string network = text_of(item, "Connection");
    if (network.empty()) {
      note_ignored(ignored_, where_ + ": a network card that is connected to nothing");
      return {};
    }
    system_.networks.push_back(network);
    if (system_.networks.size() > limits::kOvfNetworksMax)
      return invalid_ovf(where_ + " has more than " + std::to_string(limits::kOvfNetworksMax) +
                         " network cards");
    return {};
  }

  Status read_disk(const pugi::xml_node& item) {
    std::string resource = text_of(item, "HostResource");
    for (const std::string_view start : {"ovf:/disk/", "/disk/", "ovf://disk/"}) {
      if (!std::string_view(resource).starts_with(start)) continue;
      resource = resource.substr(start.size());
      break;
    }
    const auto found = disks_.find(resource);
    if (found == disks_.end())
      return invalid_ovf(where_ + ": disk " + quoted(resource) + " is none of the package");
    if (!used_.insert(resource).second)
      return invalid_ovf(where_ + " has disk " + quoted(resource) + " twice");
    const bool first = used_.size() == 1;
    if (first && found->second.file.empty())
      return invalid_ovf(where_ + ": its first disk has no contents to boot from");
    if (!first && !found->second.file.empty()) {
      return invalid_ovf(where_ + ": disk " + quoted(resource) +
                         " has contents and is not booted from: a volume begins empty");
    }
    if (first) {
      system_.boot = found->second;
    } else {
      system_.data.push_back(found->second);
    }
    return {};
  }

  const std::string& where_;
  const std::map<std::string, OvfDisk>& disks_;
  OvfSystem& system_;
  std::vector<std::string>& ignored_;
  std::set<std::string> used_;
};

}  // namespace

Status read_hardware(const pugi::xml_node& section, const std::string& where,
                     const std::map<std::string, OvfDisk>& disks, OvfSystem& system,
                     std::vector<std::string>& ignored) {
  return Hardware(where, disks, system, ignored).read(section);
}

}  // namespace charter

#include "drivers/ovf/template.h"

#include "drivers/ovf/limits.h"
#include "drivers/size.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter {
namespace {

constexpr const char* kVersion = "charter.dev/v1alpha1";

/// Hands out names that differ.
class Names {
 public:
  explicit Names(std::string otherwise) : otherwise_(std::move(otherwise)) {}
  std::string take(std::string_view text) {
    std::string name = object_name(text);
    if (name.empty()) name = otherwise_;
    constexpr size_t kEnding = 4;  // "-999"
    if (name.size() > limits::kTemplateNameBytesMax - kEnding)
      name.resize(limits::kTemplateNameBytesMax - kEnding);
    std::string unique = name;
    for (int i = 2; !taken_.insert(unique).second; ++i)
      unique = name + "-" + std::to_string(i);
    return unique;
  }

 private:
  std::string otherwise_;
  std::set<std::string> taken_;
};

Json value_of(const Json& value) {
  return Json::object({{"value", value}});
}

/// Makes the documents of one package.
class Making {
 public:
  Making(const OvfDescriptor& descriptor, const std::map<std::string, OvfImage>& images,
         const OvfNames& names)
      : descriptor_(descriptor), images_(images), names_(names) {}

  Result<std::vector<Json>> make() {
    Json machines = Json::array();
    for (const auto& system : descriptor_.systems) {
      CHARTER_TRY_ASSIGN(Json machine, machine_of(system));
      machines.push_back(std::move(machine));
    }
    if (volumes_.size() > limits::kOvfVolumesMax)
      return Error{Code::Invalid, "package: has more than " +
                                      std::to_string(limits::kOvfVolumesMax) + " empty disks"};
    if (networks_.size() > limits::kOvfNetworksMax)
      return Error{Code::Invalid, "package: has more than " +
                                      std::to_string(limits::kOvfNetworksMax) + " networks"};
    Json components = {{"machines", std::move(machines)}};
    if (!volumes_.empty()) components["volumes"] = volumes_;
    if (!networks_.empty()) components["networks"] = networks_;
    documents_.push_back({{"apiVersion", kVersion},
                          {"kind", "ServiceTemplate"},
                          {"metadata", {{"name", names_.package}, {"namespace", names_.space}}},
                          {"spec",
                           {{"description", "Imported from OVF package " + names_.package},
                            {"components", std::move(components)}}}});
    return std::move(documents_);
  }

 private:
  Result<Json> machine_of(const OvfSystem& system) {
    const std::string name = machine_names_.take(system.id);
    CHARTER_TRY_ASSIGN(const std::string image, image_of(system));
    Json machine = {{"name", name},
                    {"vcpus", value_of(system.vcpus)},
                    {"memory", value_of(format_size(system.memory_bytes))},
                    {"imageRef", {{"name", image}}},
                    {"bootDisk", {{"size", value_of(format_size(system.boot.capacity_bytes))}}}};
    for (const auto& disk : system.data) {
      const std::string volume = volume_names_.take(name + "-" + disk.id);
      volumes_.push_back({{"name", volume}, {"size", value_of(format_size(disk.capacity_bytes))}});
      machine["volumes"].push_back(volume);
    }
    for (const auto& network : system.networks)
      machine["networks"].push_back(network_of(network));
    return machine;
  }

  /// Name of the Image of a system's boot disk; makes it at first.
  Result<std::string> image_of(const OvfSystem& system) {
    const auto known = image_by_file_.find(system.boot.file);
    if (known != image_by_file_.end()) return known->second;
    const auto found = images_.find(system.boot.file);
    if (found == images_.end())
      return Error{Code::Invalid, "package: has no file " + system.boot.file};
    const std::string name = image_names_.take(names_.package + "-" + system.boot.id);
    const std::string os = object_name(system.os);
    documents_.push_back(
        {{"apiVersion", kVersion},
         {"kind", "Image"},
         {"metadata", {{"name", name}}},
         {"spec",
          {{"description", system.os.empty() ? "Disk of an OVF package" : described(system.os)},
           {"source",
            {{"url", names_.url_base + found->second.sha256}, {"sha256", found->second.sha256}}},
           {"format", found->second.format},
           {"os", os.empty() ? "other" : os.substr(0, limits::kTemplateNameBytesMax)},
           {"minDisk", format_size(system.boot.capacity_bytes)}}}});
    image_by_file_[system.boot.file] = name;
    return name;
  }

  static std::string described(const std::string& text) {
    std::string shown;
    for (const char c : text.substr(0, 256))
      if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f) shown += c;
    return shown;
  }

  std::string network_of(const std::string& text) {
    const auto known = network_by_text_.find(text);
    if (known != network_by_text_.end()) return known->second;
    const std::string name = network_names_.take(text);
    networks_.push_back({{"name", name}});
    network_by_text_[text] = name;
    return name;
  }

  const OvfDescriptor& descriptor_;
  const std::map<std::string, OvfImage>& images_;
  const OvfNames& names_;
  std::vector<Json> documents_;
  Json volumes_ = Json::array();
  Json networks_ = Json::array();
  Names machine_names_{"machine"}, volume_names_{"volume"}, image_names_{"image"},
      network_names_{"network"};
  std::map<std::string, std::string> image_by_file_, network_by_text_;
};

}  // namespace

std::string object_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (plain)
      name += lower;
    else if (!name.empty() && name.back() != '-')
      name += '-';
    if (name.size() >= limits::kTemplateNameBytesMax) break;
  }
  while (!name.empty() && name.back() == '-')
    name.pop_back();
  return name;
}

Result<std::vector<Json>> documents_of(const OvfDescriptor& descriptor,
                                       const std::map<std::string, OvfImage>& images,
                                       const OvfNames& names) {
  return Making(descriptor, images, names).make();
}

}  // namespace charter

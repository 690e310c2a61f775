#include "drivers/ovf/descriptor.h"

#include "drivers/images/tar.h"
#include "drivers/ovf/hardware.h"
#include "drivers/ovf/limits.h"
#include "drivers/ovf/xml_reading.h"

#include <pugixml.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace charter {
namespace {

using pugi::xml_node;

/// Sections that change nothing about what runs.
const std::set<std::string_view> kHarmless = {"AnnotationSection",
                                              "EulaSection",
                                              "ProductSection",
                                              "StartupSection",
                                              "InstallSection",
                                              "DeploymentOptionSection",
                                              "ResourceAllocationSection",
                                              "EnvironmentFilesSection",
                                              "BootDeviceSection",
                                              "SharedDiskSection"};

/// Reads one descriptor.
class Reading {
 public:
  explicit Reading(xml_node envelope) : envelope_(envelope) {}

  Result<OvfDescriptor> read() {
    CHARTER_TRY(read_files());
    CHARTER_TRY(read_disks());
    CHARTER_TRY(read_content(envelope_));
    if (found_.systems.empty()) return invalid_ovf("describes no virtual system");
    return std::move(found_);
  }

 private:
  Status read_files() {
    for (const auto& node : children_of(child_of(envelope_, "References"), "File")) {
      const std::string id = attribute_of(node, "id"), name = attribute_of(node, "href");
      if (!is_plain_file_name(name))
        return invalid_ovf("File " + quoted(id) + ": href must name a file beside the descriptor");
      if (!attribute_of(node, "chunkSize").empty())
        return invalid_ovf("File " + quoted(id) + ": split files are not supported");
      const std::string compression = attribute_of(node, "compression");
      if (!compression.empty() && compression != "identity")
        return invalid_ovf("File " + quoted(id) + ": compressed files are not supported");
      if (!files_.emplace(id, name).second)
        return invalid_ovf("File " + quoted(id) + " is there twice");
      if (files_.size() > limits::kOvfFilesMax) return invalid_ovf("names too many files");
    }
    return {};
  }

  Status read_disks() {
    for (const auto& node : children_of(child_of(envelope_, "DiskSection"), "Disk")) {
      OvfDisk disk{.id = attribute_of(node, "diskId")};
      const std::string where = "Disk " + quoted(disk.id);
      if (!attribute_of(node, "parentRef").empty())
        return invalid_ovf(where + " builds on another disk, which is not supported");
      const std::string file = attribute_of(node, "fileRef");
      const auto found = files_.find(file);
      if (!file.empty() && found == files_.end())
        return invalid_ovf(where + " names no File of the package");
      if (!file.empty()) disk.file = found->second;
      CHARTER_TRY_ASSIGN(disk.capacity_bytes,
                         amount_of(where + ".capacity", attribute_of(node, "capacity"),
                                   attribute_of(node, "capacityAllocationUnits")));
      const std::string id = disk.id;
      if (!disks_.emplace(id, std::move(disk)).second)
        return invalid_ovf(where + " is there twice");
      if (disks_.size() > limits::kOvfFilesMax) return invalid_ovf("names too many disks");
    }
    return {};
  }

  // A collection is read as its systems: what it says about them together is left out by name.
  Status read_content(xml_node parent, int depth = 0) {
    constexpr int kDepthMax = 4;
    if (depth > kDepthMax) return invalid_ovf("collections are nested too deep");
    for (const xml_node& node : parent.children()) {
      const auto name = local_name(node);
      if (name == "VirtualSystem") {
        CHARTER_TRY(read_system(node));
      } else if (name == "VirtualSystemCollection") {
        CHARTER_TRY(read_content(node, depth + 1));
      } else if (name != "References" && name != "DiskSection" && name != "NetworkSection" &&
                 name != "Strings") {
        CHARTER_TRY(leave_out(node, "package"));
      }
    }
    return {};
  }

  Status read_system(xml_node node) {
    OvfSystem system{.id = attribute_of(node, "id")};
    const std::string where = "system " + quoted(system.id);
    if (found_.systems.size() >= limits::kOvfSystemsMax)
      return invalid_ovf("describes more than " + std::to_string(limits::kOvfSystemsMax) +
                         " systems");
    bool has_hardware = false;
    for (const xml_node& child : node.children()) {
      const auto name = local_name(child);
      if (name == "VirtualHardwareSection") {
        if (has_hardware) return invalid_ovf(where + " has two hardware sections: choose one");
        has_hardware = true;
        CHARTER_TRY(read_hardware(child, where, disks_, system, found_.ignored));
      } else if (name == "OperatingSystemSection") {
        system.os = text_of(child, "Description");
      } else if (name == "Info" || name == "Name") {
        if (name == "Name") system.description = child.text().as_string();
      } else {
        CHARTER_TRY(leave_out(child, where));
      }
    }
    if (!has_hardware) return invalid_ovf(where + " has no hardware");
    found_.systems.push_back(std::move(system));
    return {};
  }

  // A section that says nothing of it has to be understood by whoever uses the package.
  Status leave_out(xml_node section, const std::string& where) {
    const std::string name(local_name(section));
    if (name.empty() || name == "Info" || name == "Name") return {};
    if (!kHarmless.contains(name) && attribute_of(section, "required") != "false")
      return invalid_ovf(where + ": section " + quoted(name) + " is required and not known here");
    note_ignored(found_.ignored, where + ": " + name);
    return {};
  }

  xml_node envelope_;
  OvfDescriptor found_;
  std::map<std::string, std::string> files_;  ///< name by id
  std::map<std::string, OvfDisk> disks_;
};

}  // namespace

Result<OvfDescriptor> parse_descriptor(std::string_view text) {
  if (text.size() > limits::kOvfDescriptorBytesMax)
    return invalid_ovf("has " + std::to_string(text.size()) + " bytes, limit " +
                       std::to_string(limits::kOvfDescriptorBytesMax));
  pugi::xml_document document;
  const auto parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_doctype);
  if (!parsed) return invalid_ovf("is no XML");
  for (const xml_node& node : document.children()) {
    if (node.type() == pugi::node_doctype)
      return invalid_ovf("declares a document type, which could name what is outside");
  }
  const xml_node envelope = document.document_element();
  if (local_name(envelope) != "Envelope") return invalid_ovf("is no OVF envelope");
  return Reading(envelope).read();
}

}  // namespace charter

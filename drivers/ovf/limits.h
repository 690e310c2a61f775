#pragma once

#include <cstddef>
#include <cstdint>

// Every bound on packages: its name, its value and why it has that value.
namespace charter::limits {

constexpr size_t kOvfDescriptorBytesMax = 4 << 20;  // real ones are below 100 KiB
constexpr size_t kOvfManifestBytesMax = 1 << 20;    // a line for each file
constexpr size_t kOvfFilesMax = 64;
constexpr size_t kOvfItemsMax = 256;    // of one system's hardware
constexpr size_t kOvfSystemsMax = 16;   // machines of a ServiceTemplate
constexpr size_t kOvfVolumesMax = 16;   // volumes of a ServiceTemplate
constexpr size_t kOvfNetworksMax = 8;   // networks of a ServiceTemplate
constexpr int64_t kOvfVcpusMax = 4096;  // of a machine, as in the ServiceTemplate's definition
constexpr size_t kOvfNoticesMax = 256;  // lines of the report
constexpr size_t kTemplateNameBytesMax = 63;  // a label of DNS

}  // namespace charter::limits

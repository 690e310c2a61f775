#include "drivers/libvirt/seed.h"

#include "drivers/libvirt/iso9660.h"
#include "drivers/libvirt/limits.h"

#include <algorithm>
#include <string_view>

namespace charter::libvirt {
namespace {

/// A YAML double-quoted scalar, which is also a JSON string.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// Host name of "ns/name": dots would make it a domain.
std::string host_name(const std::string& name) {
  std::string host = name.substr(name.rfind('/') + 1);
  std::replace(host.begin(), host.end(), '.', '-');
  constexpr size_t kHostNameMax = 63;
  return host.substr(0, kHostNameMax);
}

/// Version 2 of cloud-init's network configuration. Only the first card may hold up the boot.
std::string network_config(const std::vector<NicPlan>& nics) {
  std::string text = "version: 2\nethernets:\n";
  for (size_t i = 0; i < nics.size(); ++i) {
    text +=
        "  nic" + std::to_string(i) + ":\n    match: {macaddress: " + quoted(nics[i].mac) +
        "}\n    dhcp4: true\n    dhcp4-overrides: {route-metric: " + std::to_string(100 * (i + 1)) +
        "}\n";
    if (i > 0) text += "    optional: true\n";
  }
  return nics.empty() ? "version: 2\nethernets: {}\n" : text;
}

bool is_one_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace

bool needs_seed(const MachineSpec& spec) {
  return !spec.user_data.empty() || !spec.ssh_key.empty();
}

Result<std::string> build_seed(const MachineSpec& spec, const std::vector<NicPlan>& nics) {
  if (static_cast<int64_t>(spec.user_data.size()) > limits::kSeedUserDataBytesMax) {
    return Error{Code::Invalid, "user data has " + std::to_string(spec.user_data.size()) +
                                    " bytes, limit " +
                                    std::to_string(limits::kSeedUserDataBytesMax)};
  }
  if (spec.user_data.find('\0') != std::string::npos)
    return Error{Code::Invalid, "user data holds a zero byte"};
  std::string key = spec.ssh_key;
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r'))
    key.pop_back();
  if (!is_one_line(key)) return Error{Code::Invalid, "ssh key is more than one line"};
  std::string meta = "instance-id: " + quoted(spec.uid) +
                     "\nlocal-hostname: " + quoted(host_name(spec.name)) + "\n";
  if (!key.empty()) meta += "public-keys:\n- " + quoted(key) + "\n";
  const std::string user = spec.user_data.empty() ? "#cloud-config\n{}\n" : spec.user_data;
  return build_iso(
      "cidata",
      {{"meta-data", meta}, {"network-config", network_config(nics)}, {"user-data", user}});
}

}  // namespace charter::libvirt

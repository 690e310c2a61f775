#include "drivers/libvirt/settings.h"

#include "drivers/libvirt/limits.h"
#include "drivers/settings_fields.h"
#include "drivers/size.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace charter::libvirt {
namespace {

using nlohmann::json;

bool is_plain_path(std::string_view path) {
  return path.starts_with('/') && path.find("..") == std::string_view::npos &&
         std::all_of(path.begin(), path.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '/' || c == '.' || c == '-' || c == '_';
         });
}

/// Digits of a number up to `most`.
std::optional<int> small_number(std::string_view digits, int most) {
  int number = 0;
  if (digits.empty() || digits.size() > 3) return std::nullopt;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number <= most ? std::optional(number) : std::nullopt;
}

std::string dotted(uint32_t address) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += std::to_string(address >> shift & 255) + (shift > 0 ? "." : "");
  return text;
}

/// Reads a word of a closed list.
template <class E>
E one_of(SettingsFields& fields, const std::string& name, E otherwise,
         std::initializer_list<std::pair<std::string_view, E>> words) {
  const std::string value = fields.text(name, "");
  if (value.empty()) return otherwise;
  std::string known;
  for (const auto& [word, meaning] : words) {
    if (word == value) return meaning;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  fields.reject(name, "FieldValueNotSupported", "\"" + value + "\" is none of " + known);
  return otherwise;
}

StoragePool read_pool(SettingsFields fields, std::set<std::string>& names) {
  StoragePool pool;
  pool.name = fields.text("name", "");
  pool.classes = fields.texts("classes", limits::kStorageClassesMax);
  pool.path = fields.text("path", "");
  if (pool.name.empty()) fields.reject("name", "FieldValueRequired", "required value");
  if (!names.insert(pool.name).second)
    fields.reject("name", "FieldValueDuplicate", "\"" + pool.name + "\" is named twice");
  if (!pool.path.empty() && !is_plain_path(pool.path))
    fields.invalid("path", "\"" + pool.path + "\" is no absolute path without special characters");
  fields.refuse_others();
  return pool;
}

// Fields that a mode does not use are refused, and those that it needs are asked for.
void check_network(SettingsFields& fields, const NetworkMapping& mapping,
                   const std::string& address) {
  const bool user = mapping.mode == NetworkMode::User;
  if (!user && mapping.network.empty())
    fields.reject("network", "FieldValueRequired", "name the network of libvirt");
  if (user && !mapping.network.empty())
    fields.invalid("network", "user mode has no network of libvirt");
  if (mapping.is_made() && mapping.address.text.empty()) {
    fields.reject("address", address.empty() ? "FieldValueRequired" : "FieldValueInvalid",
                  "state the host's address in the network, its first, such as 10.77.0.1/24");
  }
  if (!mapping.is_made() && !address.empty())
    fields.invalid("address", "only modes Isolated and NAT make a network");
}

NetworkMapping read_network(SettingsFields fields) {
  NetworkMapping mapping;
  mapping.name = fields.text("name", "");
  mapping.network = fields.text("network", "");
  mapping.mode = one_of<NetworkMode>(fields, "mode", NetworkMode::Libvirt,
                                     {{"Network", NetworkMode::Libvirt},
                                      {"User", NetworkMode::User},
                                      {"Isolated", NetworkMode::Isolated},
                                      {"NAT", NetworkMode::Nat}});
  const std::string address = fields.text("address", "");
  mapping.address = parse_host_address(address).value_or(HostAddress());
  check_network(fields, mapping, address);
  fields.refuse_others();
  return mapping;
}

MachineClass read_class(SettingsFields fields) {
  MachineClass made;
  made.name = fields.text("name", "");
  made.cpu_model = fields.text("cpuModel", "");
  made.cores_per_socket = static_cast<int>(fields.integer("coresPerSocket", 1, 1));
  made.threads_per_core = static_cast<int>(fields.integer("threadsPerCore", 1, 1));
  made.firmware = one_of<Firmware>(fields, "firmware", Firmware::Bios,
                                   {{"BIOS", Firmware::Bios}, {"UEFI", Firmware::Uefi}});
  if (made.name.empty()) fields.reject("name", "FieldValueRequired", "required value");
  if (made.cores_per_socket > limits::kCoresPerSocketMax)
    fields.invalid("coresPerSocket", "at most " + std::to_string(limits::kCoresPerSocketMax));
  if (made.threads_per_core > limits::kThreadsPerCoreMax)
    fields.invalid("threadsPerCore", "at most " + std::to_string(limits::kThreadsPerCoreMax));
  fields.refuse_others();
  return made;
}

/// "1.5" is 1500 thousandths; at least 1.
int64_t factor(SettingsFields& fields, const std::string& name) {
  const std::string text = fields.text(name, "1");
  const size_t point = text.find('.');
  std::string whole = text.substr(0, point);
  std::string rest = point == std::string::npos ? "" : text.substr(point + 1);
  const bool digits = (whole + rest).find_first_not_of("0123456789") == std::string::npos;
  if (!digits || whole.empty() || whole.size() > 3 || rest.size() > 3) {
    fields.invalid(name, "\"" + text + "\" is no decimal from 1 to 999.999");
    return 1000;
  }
  rest.resize(3, '0');
  const int64_t thousandths = std::stoll(whole) * 1000 + std::stoll(rest);
  if (thousandths < 1000) fields.invalid(name, "\"" + text + "\" is less than 1");
  return std::max<int64_t>(1000, thousandths);
}

int64_t size(SettingsFields& fields, const std::string& name) {
  const std::string text = fields.text(name, "");
  if (text.empty()) return 0;
  const auto bytes = parse_size(text);
  if (!bytes) fields.invalid(name, "\"" + text + "\" is no size such as 8GB or 8Gi");
  return bytes.value_or(0);
}

/// Calls `read` with the object `name`, if it is there.
template <class Read>
void within(SettingsFields& fields, const std::string& name, std::vector<Cause>& findings,
            Read read) {
  const json* value = fields.find(name);
  if (value == nullptr) return;
  if (!value->is_object()) return fields.reject(name, "FieldValueTypeInvalid", "must be an object");
  SettingsFields inner(*value, fields.path(name), findings);
  read(inner);
  inner.refuse_others();
}

void read_lists(SettingsFields& fields, Settings& settings) {
  std::set<std::string> names;
  if (const json* pools = fields.array("storagePools", limits::kStoragePoolsMax)) {
    fields.each_object("storagePools", *pools, [&](SettingsFields pool, size_t) {
      settings.pools.push_back(read_pool(std::move(pool), names));
    });
  }
  if (settings.pools.empty())
    fields.reject("storagePools", "FieldValueRequired", "at least one pool is needed");
  if (const json* networks = fields.array("networks", limits::kNetworksMax)) {
    fields.each_object("networks", *networks, [&](SettingsFields network, size_t) {
      settings.networks.push_back(read_network(std::move(network)));
    });
  }
  if (const json* classes = fields.array("machineClasses", limits::kMachineClassesMax)) {
    fields.each_object("machineClasses", *classes, [&](SettingsFields entry, size_t) {
      settings.classes.push_back(read_class(std::move(entry)));
    });
  }
}

void read_amounts(SettingsFields& fields, std::vector<Cause>& findings, Settings& settings) {
  within(fields, "overcommit", findings, [&](SettingsFields& inner) {
    settings.overcommit = {factor(inner, "vcpus"), factor(inner, "memory"),
                           factor(inner, "storage")};
  });
  within(fields, "reserve", findings, [&](SettingsFields& inner) {
    settings.reserve = {inner.integer("vcpus", 0, 0), size(inner, "memory"),
                        size(inner, "storage")};
  });
}

// What the Provider promises and this driver cannot do is found here, and not by the first machine.
void check_promises(const DriverSettings& from, std::vector<Cause>& findings) {
  const auto& tenancies = from.can.tenancies;
  if (std::find(tenancies.begin(), tenancies.end(), Tenancy::DedicatedHost) != tenancies.end()) {
    findings.push_back({"FieldValueNotSupported",
                        "the libvirt driver cannot dedicate a host: leave DedicatedHost out",
                        "spec.security.isolation"});
  }
  if (from.can.encryption_at_rest) {
    findings.push_back({"FieldValueNotSupported", "the libvirt driver does not encrypt disks",
                        "spec.security.encryptionAtRest"});
  }
}

}  // namespace

bool StoragePool::takes(const std::string& storage_class) const {
  return storage_class.empty() || classes.empty() ||
         std::find(classes.begin(), classes.end(), storage_class) != classes.end();
}

const NetworkMapping* Settings::network(const std::string& name) const {
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [&](const NetworkMapping& m) { return m.name == name; });
  return found == networks.end() ? nullptr : &*found;
}

MachineClass Settings::machine_class(const std::string& name) const {
  const auto found = std::find_if(classes.begin(), classes.end(),
                                  [&](const MachineClass& entry) { return entry.name == name; });
  return found == classes.end() ? MachineClass{.name = name} : *found;
}

std::optional<HostAddress> parse_host_address(std::string_view text) {
  uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const char end = part < 3 ? '.' : '/';
    const size_t stop = text.find(end);
    if (stop == std::string_view::npos) return std::nullopt;
    const auto byte = small_number(text.substr(0, stop), 255);
    if (!byte) return std::nullopt;
    address = address << 8 | static_cast<uint32_t>(*byte);
    text.remove_prefix(stop + 1);
  }
  const auto prefix = small_number(text, 32);
  constexpr int kLargest = 16, kSmallest = 29;
  if (!prefix || *prefix < kLargest || *prefix > kSmallest) return std::nullopt;
  const uint32_t hosts = (uint32_t{1} << (32 - *prefix)) - 1;
  if ((address & hosts) != 1) return std::nullopt;
  const uint32_t network = address & ~hosts;
  return HostAddress{dotted(address), *prefix, dotted(network + 2), dotted(network + hosts - 1)};
}

Result<Settings> parse_settings(const DriverSettings& from) {
  const json tree = json::parse(from.settings, nullptr, false);
  if (!tree.is_object()) return Error{Code::Invalid, "spec.libvirt: must be an object"};
  std::vector<Cause> findings;
  Settings settings;
  settings.provider_uid = from.provider_uid;
  settings.can = from.can;
  SettingsFields fields(tree, "spec.libvirt", findings);
  settings.address = {fields.text("uri", ""), from.credentials};
  if (const auto problem = uri_problem(settings.address.uri); !problem.empty())
    fields.invalid("uri", problem);
  read_lists(fields, settings);
  settings.acceleration = one_of<Acceleration>(
      fields, "acceleration", Acceleration::Auto,
      {{"Auto", Acceleration::Auto}, {"KVM", Acceleration::Kvm}, {"TCG", Acceleration::Tcg}});
  settings.wipe = one_of<Wipe>(fields, "wipe", Wipe::Discard,
                               {{"Discard", Wipe::Discard}, {"Zero", Wipe::Zero}});
  settings.stop_timeout =
      fields.duration("stopTimeout", settings.stop_timeout, limits::kStopTimeoutMax);
  settings.console_pool = fields.text("consolePool", "");
  read_amounts(fields, findings, settings);
  fields.refuse_others();
  check_promises(from, findings);
  if (!findings.empty()) return settings_error(std::move(findings));
  return settings;
}

}  // namespace charter::libvirt

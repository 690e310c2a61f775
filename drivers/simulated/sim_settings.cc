#include "drivers/simulated/sim_settings.h"

#include "drivers/settings_fields.h"
#include "drivers/size.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace charter {
namespace {

using nlohmann::json;

constexpr size_t kHostsMax = 1024;   // as in the CRD
constexpr size_t kFailuresMax = 32;  // as in the CRD
constexpr Duration kHangDefault = std::chrono::seconds(30);
constexpr Duration kTransitionMax = std::chrono::hours(24);

int64_t size_of(SettingsFields& fields, const std::string& name) {
  if (!fields.find(name)) {
    fields.reject(name, "FieldValueRequired", "required value");
    return 0;
  }
  const std::string value = fields.text(name, "");
  const std::optional<int64_t> bytes = parse_size(value);
  if (!bytes || *bytes <= 0)
    fields.invalid(name, "\"" + value + "\" is no size such as 64GB or 8Gi");
  return bytes.value_or(0);
}

SimHostSettings read_host(SettingsFields fields, std::set<std::string>& names) {
  SimHostSettings host;
  host.name = fields.text("name", "");
  if (host.name.empty()) fields.reject("name", "FieldValueRequired", "required value");
  if (!host.name.empty() && !names.insert(host.name).second) {
    fields.reject("name", "FieldValueDuplicate", "\"" + host.name + "\" is named twice");
  }
  if (fields.find("vcpus")) {
    host.total.vcpus = fields.integer("vcpus", 0, 1);
  } else {
    fields.reject("vcpus", "FieldValueRequired", "required value");
  }
  host.total.memory_bytes = size_of(fields, "memory");
  host.total.storage_bytes = size_of(fields, "storage");
  fields.refuse_others();
  return host;
}

/// "0.05" is 50,000 millionths. Floats never enter: the CRD passes the share as text.
std::optional<int64_t> parse_rate(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string digits(point == std::string_view::npos ? "" : text.substr(point + 1));
  if ((whole != "0" && whole != "1") || digits.size() > 6) return std::nullopt;
  digits.resize(6, '0');
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const int64_t ppm = (whole == "1" ? 1'000'000 : 0) + std::stoll(digits);
  return ppm <= 1'000'000 ? std::optional(ppm) : std::nullopt;
}

FaultKind read_kind(SettingsFields& fields) {
  const std::string word = fields.text("error", "Unavailable");
  for (const FaultKind kind :
       {FaultKind::Unavailable, FaultKind::Timeout, FaultKind::LostReply, FaultKind::NoCapacity,
        FaultKind::Denied, FaultKind::Slow, FaultKind::Hang}) {
    if (fault_word(kind) == word) return kind;
  }
  fields.reject(
      "error", "FieldValueNotSupported",
      "\"" + word +
          "\" is none of Unavailable, Timeout, LostReply, NoCapacity, Denied, Slow, Hang");
  return FaultKind::Unavailable;
}

void read_call(SettingsFields& fields, FaultRule& rule) {
  rule.call = fields.text("call", "");
  const auto& names = sim_call_names();
  if (rule.call.empty()) {
    fields.reject("call", "FieldValueRequired", "required value");
  } else if (rule.call != "Any" &&
             std::find(names.begin(), names.end(), rule.call) == names.end()) {
    std::string known = "Any";
    for (const std::string_view name : names)
      known.append(", ").append(name);
    fields.reject("call", "FieldValueNotSupported", "\"" + rule.call + "\" is none of " + known);
  }
}

FaultRule read_failure(SettingsFields fields, const std::string& key) {
  FaultRule rule{.key = key};
  read_call(fields, rule);
  rule.kind = read_kind(fields);
  rule.every = fields.integer("every", 0, 1);
  rule.first = fields.integer("first", 0, 1);
  const std::string rate = fields.text("rate", "");
  if (!rate.empty()) {
    const std::optional<int64_t> ppm = parse_rate(rate);
    if (!ppm) fields.invalid("rate", "\"" + rate + "\" is no decimal between 0 and 1");
    rule.rate_ppm = ppm.value_or(0);
  }
  const int given = (rule.every > 0) + (rule.first > 0) + (rate.empty() ? 0 : 1);
  if (given != 1) fields.invalid("every", "state exactly one of every, first and rate");
  const Duration otherwise = rule.kind == FaultKind::Hang ? kHangDefault : Duration{};
  rule.delay = fields.duration("delay", otherwise, kSimDelayMax);
  if (rule.kind == FaultKind::Slow && rule.delay == Duration{}) {
    fields.reject("delay", "FieldValueRequired", "a Slow failure needs a delay");
  }
  fields.refuse_others();
  return rule;
}

}  // namespace

Result<SimSettings> parse_sim_settings(const std::string& json_text) {
  const json tree = json::parse(json_text, nullptr, false);
  if (!tree.is_object()) return Error{Code::Invalid, "spec.simulated: must be an object"};
  std::vector<Cause> findings;
  SimSettings settings;
  SettingsFields fields(tree, "spec.simulated", findings);
  settings.boot_time = fields.duration("bootTime", settings.boot_time, kTransitionMax);
  settings.image_time = fields.duration("imageTime", settings.image_time, kTransitionMax);
  settings.stop_time = fields.duration("stopTime", settings.stop_time, kTransitionMax);
  settings.latency = fields.duration("latency", settings.latency, kSimDelayMax);
  settings.live_resize = fields.flag("liveResize", settings.live_resize);
  settings.seed = static_cast<uint64_t>(fields.integer("seed", 1, 0));
  std::set<std::string> names;
  if (const json* hosts = fields.array("hosts", kHostsMax)) {
    fields.each_object("hosts", *hosts, [&](SettingsFields host, size_t) {
      settings.hosts.push_back(read_host(std::move(host), names));
    });
  }
  if (settings.hosts.empty() && findings.empty()) {
    fields.reject("hosts", "FieldValueRequired", "at least one host is needed");
  }
  if (const json* failures = fields.array("failures", kFailuresMax)) {
    fields.each_object("failures", *failures, [&](SettingsFields failure, size_t i) {
      // The key holds the whole rule, so that an edited rule starts counting anew.
      const std::string key = std::to_string(i) + ":" + (*failures)[i].dump();
      settings.failures.push_back(read_failure(std::move(failure), key));
    });
  }
  fields.refuse_others();
  if (!findings.empty()) return settings_error(std::move(findings));
  return settings;
}

}  // namespace charter

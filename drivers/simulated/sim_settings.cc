#include "drivers/simulated/sim_settings.h"

#include "drivers/simulated/sim_size.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

namespace charter {
namespace {

using nlohmann::json;

constexpr size_t kHostsMax = 1024;   // as in the CRD
constexpr size_t kFailuresMax = 32;  // as in the CRD
constexpr Duration kHangDefault = std::chrono::seconds(30);
constexpr Duration kTransitionMax = std::chrono::hours(24);

/// Reads one JSON object field by field and collects every finding under its path.
class Fields {
 public:
  Fields(const json& tree, std::string path, std::vector<Cause>& findings)
      : tree_(tree), path_(std::move(path)), findings_(findings) {}

  std::string path(const std::string& name) const { return path_ + "." + name; }
  const json* find(const std::string& name) {
    known_.insert(name);
    const auto found = tree_.find(name);
    return found == tree_.end() || found->is_null() ? nullptr : &*found;
  }
  void reject(const std::string& name, const char* reason, const std::string& message) {
    findings_.push_back({reason, message, path(name)});
  }
  void invalid(const std::string& name, const std::string& message) {
    reject(name, "FieldValueInvalid", message);
  }

  std::string text(const std::string& name, const std::string& otherwise) {
    const json* value = find(name);
    if (!value) return otherwise;
    if (value->is_string()) return value->get<std::string>();
    reject(name, "FieldValueTypeInvalid", "must be a string");
    return otherwise;
  }
  int64_t integer(const std::string& name, int64_t otherwise, int64_t least) {
    const json* value = find(name);
    if (!value) return otherwise;
    const bool huge = value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX;
    if (!value->is_number_integer() || huge) {
      reject(name, "FieldValueTypeInvalid", "must be an integer");
    } else if (value->get<int64_t>() < least) {
      invalid(name, value->dump() + " is less than " + std::to_string(least));
    } else {
      return value->get<int64_t>();
    }
    return otherwise;
  }
  bool flag(const std::string& name, bool otherwise) {
    const json* value = find(name);
    if (!value) return otherwise;
    if (value->is_boolean()) return value->get<bool>();
    reject(name, "FieldValueTypeInvalid", "must be true or false");
    return otherwise;
  }
  Duration duration(const std::string& name, Duration otherwise, Duration most) {
    const std::string value = text(name, "");
    if (value.empty()) return otherwise;
    const std::optional<Duration> parsed = parse_duration(value);
    if (!parsed) {
      invalid(name, "\"" + value + "\" is no duration such as 500ms, 2s or 1m30s");
    } else if (*parsed > most) {
      invalid(name, "\"" + value + "\" is longer than " + human_duration(most));
    } else {
      return *parsed;
    }
    return otherwise;
  }
  int64_t size(const std::string& name) {
    if (!find(name)) {
      reject(name, "FieldValueRequired", "required value");
      return 0;
    }
    const std::string value = text(name, "");
    const std::optional<int64_t> bytes = parse_size(value);
    if (!bytes || *bytes <= 0) invalid(name, "\"" + value + "\" is no size such as 64GB or 8Gi");
    return bytes.value_or(0);
  }
  const json* array(const std::string& name, size_t most) {
    const json* value = find(name);
    if (value && !value->is_array()) {
      reject(name, "FieldValueTypeInvalid", "must be a list");
      return nullptr;
    }
    if (value && value->size() > most) {
      reject(name, "FieldValueTooMany", "has more than " + std::to_string(most) + " entries");
      return nullptr;
    }
    return value;
  }
  /// To be called last: what was never asked for is unknown.
  void refuse_others() {
    for (const auto& [name, value] : tree_.items()) {
      if (!known_.contains(name)) invalid(name, "unknown field");
    }
  }

 private:
  const json& tree_;
  std::string path_;
  std::vector<Cause>& findings_;
  std::set<std::string> known_;
};

SimHostSettings read_host(Fields fields, std::set<std::string>& names) {
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
  host.total.memory_bytes = fields.size("memory");
  host.total.storage_bytes = fields.size("storage");
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

FaultKind read_kind(Fields& fields) {
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

void read_call(Fields& fields, FaultRule& rule) {
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

FaultRule read_failure(Fields fields, const std::string& key) {
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

/// Calls `read(fields, index)` for each entry that is an object.
template <class Read>
void each_object(const json& list, const std::string& path, std::vector<Cause>& findings,
                 Read read) {
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    if (list[i].is_object()) {
      read(Fields(list[i], at, findings), i);
    } else {
      findings.push_back({"FieldValueTypeInvalid", "must be an object", at});
    }
  }
}

Error to_error(std::vector<Cause> findings) {
  std::string message;
  for (const Cause& cause : findings) {
    if (!message.empty()) message += "; ";
    message += cause.field + ": " + cause.message;
  }
  Error error{Code::Invalid, std::move(message)};
  error.causes = std::move(findings);
  return error;
}

}  // namespace

Result<SimSettings> parse_sim_settings(const std::string& json_text) {
  const json tree = json::parse(json_text, nullptr, false);
  if (!tree.is_object()) return Error{Code::Invalid, "spec.simulated: must be an object"};
  std::vector<Cause> findings;
  SimSettings settings;
  Fields fields(tree, "spec.simulated", findings);
  settings.boot_time = fields.duration("bootTime", settings.boot_time, kTransitionMax);
  settings.image_time = fields.duration("imageTime", settings.image_time, kTransitionMax);
  settings.stop_time = fields.duration("stopTime", settings.stop_time, kTransitionMax);
  settings.latency = fields.duration("latency", settings.latency, kSimDelayMax);
  settings.live_resize = fields.flag("liveResize", settings.live_resize);
  settings.seed = static_cast<uint64_t>(fields.integer("seed", 1, 0));
  std::set<std::string> names;
  if (const json* hosts = fields.array("hosts", kHostsMax)) {
    each_object(*hosts, fields.path("hosts"), findings, [&](Fields host, size_t) {
      settings.hosts.push_back(read_host(std::move(host), names));
    });
  }
  if (settings.hosts.empty() && findings.empty()) {
    fields.reject("hosts", "FieldValueRequired", "at least one host is needed");
  }
  if (const json* failures = fields.array("failures", kFailuresMax)) {
    each_object(*failures, fields.path("failures"), findings, [&](Fields failure, size_t i) {
      // The key holds the whole rule, so that an edited rule starts counting anew.
      const std::string key = std::to_string(i) + ":" + (*failures)[i].dump();
      settings.failures.push_back(read_failure(std::move(failure), key));
    });
  }
  fields.refuse_others();
  if (!findings.empty()) return to_error(std::move(findings));
  return settings;
}

}  // namespace charter

#include "drivers/settings_fields.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {

using nlohmann::json;

const json* SettingsFields::find(const std::string& name) {
  known_.insert(name);
  const auto found = tree_.find(name);
  return found == tree_.end() || found->is_null() ? nullptr : &*found;
}

void SettingsFields::reject(const std::string& name, const char* reason,
                            const std::string& message) {
  findings_.push_back({reason, message, path(name)});
}

void SettingsFields::invalid(const std::string& name, const std::string& message) {
  reject(name, "FieldValueInvalid", message);
}

std::string SettingsFields::text(const std::string& name, const std::string& otherwise) {
  const json* value = find(name);
  if (!value) return otherwise;
  if (value->is_string()) return value->get<std::string>();
  reject(name, "FieldValueTypeInvalid", "must be a string");
  return otherwise;
}

int64_t SettingsFields::integer(const std::string& name, int64_t otherwise, int64_t least) {
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

bool SettingsFields::flag(const std::string& name, bool otherwise) {
  const json* value = find(name);
  if (!value) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  reject(name, "FieldValueTypeInvalid", "must be true or false");
  return otherwise;
}

Duration SettingsFields::duration(const std::string& name, Duration otherwise, Duration most) {
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

const json* SettingsFields::array(const std::string& name, size_t most) {
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

std::vector<std::string> SettingsFields::texts(const std::string& name, size_t most) {
  std::vector<std::string> values;
  const json* list = array(name, most);
  if (!list) return values;
  for (const json& value : *list) {
    if (value.is_string()) {
      values.push_back(value.get<std::string>());
    } else {
      reject(name, "FieldValueTypeInvalid", "must be a list of strings");
    }
  }
  return values;
}

void SettingsFields::each_object(const std::string& name, const json& list,
                                 const std::function<void(SettingsFields, size_t)>& read) {
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string at = path(name) + "[" + std::to_string(i) + "]";
    if (list[i].is_object()) {
      read(SettingsFields(list[i], at, findings_), i);
    } else {
      findings_.push_back({"FieldValueTypeInvalid", "must be an object", at});
    }
  }
}

void SettingsFields::refuse_others() {
  for (const auto& [name, value] : tree_.items()) {
    if (!known_.contains(name)) invalid(name, "unknown field");
  }
}

Error settings_error(std::vector<Cause> findings) {
  std::string message;
  for (const Cause& cause : findings) {
    if (!message.empty()) message += "; ";
    message += cause.field + ": " + cause.message;
  }
  Error error{Code::Invalid, std::move(message)};
  error.causes = std::move(findings);
  return error;
}

}  // namespace charter

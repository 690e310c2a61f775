#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

// Reads a driver's own section of a Provider strictly: every field is asked for, every finding is
// collected under its path, and what nobody asked for is refused. Drivers see no schema, and must
// not trust that somebody else applied it.
namespace charter {

/// One JSON object, read field by field. Whoever holds the tree and the findings outlives it.
class SettingsFields {
 public:
  SettingsFields(const nlohmann::json& tree, std::string path, std::vector<Cause>& findings)
      : tree_(tree), path_(std::move(path)), findings_(findings) {}

  std::string path(const std::string& name) const { return path_ + "." + name; }
  /// The value, or nullptr when it is absent or null.
  const nlohmann::json* find(const std::string& name);
  void reject(const std::string& name, const char* reason, const std::string& message);
  void invalid(const std::string& name, const std::string& message);

  // A field, or `otherwise` when it is absent or wrong.
  std::string text(const std::string& name, const std::string& otherwise);
  int64_t integer(const std::string& name, int64_t otherwise, int64_t least);
  bool flag(const std::string& name, bool otherwise);
  Duration duration(const std::string& name, Duration otherwise, Duration most);
  /// nullptr when it is absent, no list, or longer than `most`.
  const nlohmann::json* array(const std::string& name, size_t most);
  /// Strings of a list; empty when it is absent.
  std::vector<std::string> texts(const std::string& name, size_t most);

  /// Calls `read(fields, index)` for each entry of `list`, the field `name`, that is an object.
  void each_object(const std::string& name, const nlohmann::json& list,
                   const std::function<void(SettingsFields, size_t)>& read);
  /// To be called last: what was never asked for is unknown.
  void refuse_others();

 private:
  const nlohmann::json& tree_;
  std::string path_;
  std::vector<Cause>& findings_;
  std::set<std::string> known_;
};

/// All findings as one error of code Invalid.
Error settings_error(std::vector<Cause> findings);

}  // namespace charter

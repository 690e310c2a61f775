#include "controller/object/user_info.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

std::vector<std::string> texts(const Json* list) {
  std::vector<std::string> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& text : *list) {
    if (text.is_string()) out.push_back(text.get<std::string>());
  }
  return out;
}

}  // namespace

Caller caller_of(const Json& user) {
  Caller caller;
  caller.user = text_at(user, {"username"});
  caller.uid = text_at(user, {"uid"});
  caller.groups = texts(at(user, {"groups"}));
  if (const Json* extra = at(user, {"extra"}); extra && extra->is_object()) {
    for (auto entry = extra->begin(); entry != extra->end(); ++entry)
      caller.extra.emplace_back(entry.key(), texts(&*entry));
  }
  return caller;
}

}  // namespace charter

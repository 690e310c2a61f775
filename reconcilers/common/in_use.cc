#include "reconcilers/common/in_use.h"

namespace charter {
namespace {

constexpr size_t kUsersShown = 5;  // a message has 1 KiB, a name up to 253 bytes

}  // namespace

std::string user_list(const std::vector<std::string>& users) {
  std::string text;
  for (size_t i = 0; i < users.size() && i < kUsersShown; ++i) {
    text += (i == 0 ? "" : ", ") + users[i];
  }
  if (users.size() > kUsersShown) {
    text += " and " + std::to_string(users.size() - kUsersShown) + " more";
  }
  return text;
}

}  // namespace charter

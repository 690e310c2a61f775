#include "reconcilers/common/findings.h"

namespace charter {

std::string findings_text(const std::vector<Cause>& causes) {
  std::string text;
  for (const auto& cause : causes) {
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  }
  return text;
}

Status verdict(std::vector<Cause> causes, std::string reason) {
  if (causes.empty()) return {};
  auto text = findings_text(causes);
  return Error{Code::Invalid, std::move(text), std::move(reason), std::move(causes)};
}

}  // namespace charter

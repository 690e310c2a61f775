#include "reconcilers/common/step.h"

namespace charter {
namespace {

Statement state(std::string_view type, const char* status, std::string_view reason,
                std::string message) {
  return {std::string(type), status, std::string(reason), std::move(message)};
}

}  // namespace

Statement ready_true(std::string_view reason, std::string message) {
  return state("Ready", "True", reason, std::move(message));
}

Statement ready_unknown(std::string_view reason, std::string message) {
  return state("Ready", "Unknown", reason, std::move(message));
}

Statement ready_false(std::string_view reason, std::string message) {
  return state("Ready", "False", reason, std::move(message));
}

Statement is_so(std::string_view type, std::string_view reason, std::string message) {
  return state(type, "True", reason, std::move(message));
}

Statement is_not_so(std::string_view type, std::string_view reason, std::string message) {
  return state(type, "False", reason, std::move(message));
}

Statement is_unknown(std::string_view type, std::string_view reason, std::string message) {
  return state(type, "Unknown", reason, std::move(message));
}

}  // namespace charter

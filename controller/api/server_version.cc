#include "controller/api/server_version.h"

#include "controller/base/embedded.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

#if defined(__x86_64__)
constexpr const char* kPlatform = "linux/amd64";
#elif defined(__aarch64__)
constexpr const char* kPlatform = "linux/arm64";
#else
constexpr const char* kPlatform = "linux/unknown";
#endif

}  // namespace

std::string server_version() {
  const embedded::Build build = embedded::build();
  const Json document = {{"major", "1"},
                         {"minor", "35"},
                         {"gitVersion", "v1.35.0+charter." CHARTER_VERSION},
                         {"gitCommit", build.commit},
                         {"gitTreeState", build.tree},
                         {"buildDate", build.date},
                         {"goVersion", ""},  // no part of this is Go; clients want the member
                         {"compiler", "g++ " __VERSION__},
                         {"platform", kPlatform}};
  return document.dump(2);
}

}  // namespace charter

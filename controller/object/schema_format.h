#pragma once

#include <string_view>

// The string formats that Kubernetes checks in custom resources (k8s.io/kube-openapi strfmt). Pure.
namespace charter {

/// True when `text` has the format, and for formats that Kubernetes does not know: those are
/// ignored.
bool matches_format(std::string_view format, std::string_view text);

}  // namespace charter

#pragma once

#include "controller/object/value.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

// Findings about fields in Kubernetes' exact words (k8s.io/apimachinery field.Error): each function
// makes the Cause whose message `kubectl` users know, e.g. `Invalid value: 99: must be …`. Pure.
namespace charter {

/// "Invalid value: <value>: <detail>".
Cause invalid_cause(std::string field, const Json& value, std::string_view detail);
/// "Invalid value: <value>: <detail>" with the reason of a wrong type.
Cause type_cause(std::string field, const Json& value, std::string_view detail);
/// "Required value", with ": <detail>" unless empty.
Cause required_cause(std::string field, std::string_view detail = {});
/// "Forbidden: <detail>".
Cause forbidden_cause(std::string field, std::string_view detail);
/// "Duplicate value: <value>".
Cause duplicate_cause(std::string field, const Json& value);
/// `Unsupported value: <value>: supported values: "a", "b"`.
Cause unsupported_cause(std::string field, const Json& value,
                        const std::vector<std::string>& supported);
/// "Too many: <actual>: must have at most <most> items".
Cause too_many_cause(std::string field, size_t actual, int64_t most);
/// "Too long: may not be more than <most> bytes".
Cause too_long_cause(std::string field, int64_t most);

/// Text in double quotes with Go's escapes (strconv.Quote).
std::string go_quote(std::string_view text);
/// A number as Go's %v prints a float64: 10, 1.5, 1e+06.
std::string go_float(double number);
/// A value as Kubernetes prints it in a finding: strings quoted, floats as Go does, the rest as
/// JSON.
std::string value_text(const Json& value);

}  // namespace charter

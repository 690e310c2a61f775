#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

// Errors as values. `Error` is the only error type that crosses a folder's border: walls translate
// their library's exceptions and codes into it, and `controller/api/status_body` is the only place that
// turns it into HTTP. Messages are for the user: lower case, value and limit, field path; never text
// from a library, never a secret.
namespace charter {

/// What kind of failure this is. The list is Kubernetes' StatusReason (metav1.StatusReason*), whose
/// HTTP codes `http_status` returns, plus RequestHeaderFieldsTooLarge (431) and InsufficientStorage
/// (507: the data directory is full).
enum class Code {
  BadRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  AlreadyExists,
  Conflict,
  Gone,
  Expired,
  Invalid,
  Timeout,
  ServerTimeout,
  TooManyRequests,
  RequestEntityTooLarge,
  RequestHeaderFieldsTooLarge,
  UnsupportedMediaType,
  NotAcceptable,
  MethodNotAllowed,
  InternalError,
  ServiceUnavailable,
  InsufficientStorage,
};

/// HTTP status of a code, e.g. 409 for Conflict.
int http_status(Code code);

/// Kubernetes' word for a code, e.g. "AlreadyExists".
const char* reason_word(Code code);

/// The code of an answer from another server: by its reason word, else by its HTTP status; InternalError for what is
/// neither known.
Code code_of_answer(std::string_view reason, int http_status);

/// True when the same call may succeed later without anybody changing it.
bool is_retryable(Code code);

/// One finding about one field, as in Status.details.causes. `field` is a path such as
/// `spec.items[0].name`; `reason` one of metav1.CauseType* (FieldValueInvalid, FieldValueRequired, …).
struct Cause {
  std::string reason;
  std::string message;
  std::string field;
  bool operator==(const Cause&) const = default;
};

/// Which object an error is about, as in Status.details. `kind` is the plural resource for storage errors
/// and the Kind for validation errors (so does kube-apiserver).
struct Subject {
  std::string group;
  std::string kind;
  std::string name;
  std::string uid;
  bool operator==(const Subject&) const = default;
};

/// A failure. `message` is complete in itself. `reason`, if set, is a word of the closed condition-reason
/// list for reconcilers (e.g. "WaitForCapacity"); the API ignores it.
struct Error {
  Code code = Code::InternalError;
  std::string message;
  std::string reason = {};
  std::vector<Cause> causes = {};
  std::optional<Subject> subject = {};
  int retry_after_s = 0;  ///< > 0: the client should wait this many seconds (Retry-After)
  bool operator==(const Error&) const = default;
};

/// A value or an Error.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}
};

/// Success or an Error.
using Status = Result<void>;

}  // namespace charter

/// Evaluates `expr` (a Result) and returns its error from the enclosing function.
#define CHARTER_TRY(expr)                                         \
  do {                                                            \
    if (auto charter_try_result = (expr); !charter_try_result)    \
      return ::charter::Error(std::move(charter_try_result.error())); \
  } while (false)

/// Declares `decl` from the value of `expr` (a Result), or returns its error.
#define CHARTER_TRY_ASSIGN(decl, expr) \
  CHARTER_TRY_ASSIGN_IMPL(CHARTER_TRY_CONCAT(charter_try_, __LINE__), decl, expr)
#define CHARTER_TRY_CONCAT_INNER(a, b) a##b
#define CHARTER_TRY_CONCAT(a, b) CHARTER_TRY_CONCAT_INNER(a, b)
#define CHARTER_TRY_ASSIGN_IMPL(temp, decl, expr)         \
  auto temp = (expr);                                     \
  if (!temp) return ::charter::Error(std::move(temp.error())); \
  decl = std::move(*temp)

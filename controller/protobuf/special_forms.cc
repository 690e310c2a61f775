#include "controller/protobuf/special_forms.h"

#include "controller/base/clock.h"
#include "wire/authentication_v1.pb.h"
#include "wire/authorization_v1.pb.h"
#include "wire/meta_v1.pb.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>

namespace charter {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr int64_t kNanosInSecond = 1'000'000'000;
constexpr int64_t kNanosInMicro = 1'000;
constexpr int64_t kSecondsMax =
    INT64_MAX / kNanosInSecond - 1;  // what Instant holds, years 1678 to 2261

Error bad(std::string message) {
  return {Code::BadRequest, std::move(message)};
}

Result<Instant> instant(int64_t seconds, int64_t nanos) {
  if (seconds > kSecondsMax || seconds < -kSecondsMax) return bad("time is out of range");
  return Instant(Duration(seconds * kNanosInSecond + nanos));
}

int64_t nanos_since_epoch(Instant at) {
  return at.time_since_epoch().count();
}

/// Seconds, rounded down, so that the rest is never negative.
int64_t whole_seconds(Instant at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

Result<std::optional<Json>> read_time(const Message& message) {
  const auto& time = static_cast<const wire::meta::v1::Time&>(message);
  if (!time.has_seconds() && !time.has_nanos()) return std::optional<Json>();
  // Kubernetes ignores the nanoseconds of a Time: JSON has no place for them.
  CHARTER_TRY_ASSIGN(const Instant at, instant(time.seconds(), 0));
  return std::optional<Json>(format_time(at));
}

Result<std::optional<Json>> read_micro_time(const Message& message) {
  const auto& time = static_cast<const wire::meta::v1::MicroTime&>(message);
  if (!time.has_seconds() && !time.has_nanos()) return std::optional<Json>();
  if (time.nanos() < 0 || time.nanos() >= kNanosInSecond)
    return bad("nanoseconds are out of range");
  CHARTER_TRY_ASSIGN(const Instant at, instant(time.seconds(), time.nanos()));
  return std::optional<Json>(format_micro_time(at));
}

Result<Instant> parse(const Json& value) {
  const auto at = value.is_string() ? parse_time(value.get<std::string>()) : std::nullopt;
  if (!at) return bad("is not a time");
  return *at;
}

Status write_time(const Json& value, Message& message) {
  CHARTER_TRY_ASSIGN(const Instant at, parse(value));
  auto& time = static_cast<wire::meta::v1::Time&>(message);
  time.set_seconds(whole_seconds(at));
  time.set_nanos(0);
  return {};
}

Status write_micro_time(const Json& value, Message& message) {
  CHARTER_TRY_ASSIGN(const Instant at, parse(value));
  auto& time = static_cast<wire::meta::v1::MicroTime&>(message);
  const int64_t seconds = whole_seconds(at);
  const int64_t rest = nanos_since_epoch(at) - seconds * kNanosInSecond;
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(rest - rest % kNanosInMicro));
  return {};
}

Result<std::optional<Json>> read_fields(const Message& message) {
  const std::string& raw = static_cast<const wire::meta::v1::FieldsV1&>(message).raw();
  if (raw.empty()) return std::optional<Json>(Json::object());
  CHARTER_TRY_ASSIGN(Json fields, parse_json(raw));
  if (fields.is_null()) return std::optional<Json>();
  return std::optional<Json>(std::move(fields));
}

Status write_fields(const Json& value, Message& message) {
  static_cast<wire::meta::v1::FieldsV1&>(message).set_raw(encode(value));
  return {};
}

/// authentication's and authorization's ExtraValue are two types of one shape.
template <class ExtraValue>
Result<std::optional<Json>> read_extra(const Message& message) {
  Json list = Json::array();
  for (const std::string& item : static_cast<const ExtraValue&>(message).items())
    list.push_back(item);
  return std::optional<Json>(std::move(list));
}

template <class ExtraValue>
Status write_extra(const Json& value, Message& message) {
  if (!value.is_array()) return bad("is not a list");
  for (const Json& item : value) {
    if (!item.is_string()) return bad("is not a list of strings");
    static_cast<ExtraValue&>(message).add_items(item.get<std::string>());
  }
  return {};
}

}  // namespace

const SpecialForm* find_special_form(const Descriptor& type) {
  using AuthnExtra = wire::authentication::v1::ExtraValue;
  using AuthzExtra = wire::authorization::v1::ExtraValue;
  static const std::map<const Descriptor*, SpecialForm> kForms = {
      {wire::meta::v1::Time::descriptor(), {read_time, write_time}},
      {wire::meta::v1::MicroTime::descriptor(), {read_micro_time, write_micro_time}},
      {wire::meta::v1::FieldsV1::descriptor(), {read_fields, write_fields}},
      {AuthnExtra::descriptor(), {read_extra<AuthnExtra>, write_extra<AuthnExtra>}},
      {AuthzExtra::descriptor(), {read_extra<AuthzExtra>, write_extra<AuthzExtra>}},
  };
  const auto found = kForms.find(&type);
  return found == kForms.end() ? nullptr : &found->second;
}

}  // namespace charter

#include "crds/types/fields.h"

#include <nlohmann/json.hpp>

namespace charter {

std::string to_string(const FieldPlace& place) {
  if (place.index >= 0) return to_string(*place.parent) + "[" + std::to_string(place.index) + "]";
  if (place.parent == nullptr) return std::string(place.key);
  return to_string(*place.parent) + "." + std::string(place.key);
}

const Json* FieldReader::find(std::string_view key) const {
  const auto child = node_.find(key);
  return child == node_.end() || child->is_null() ? nullptr : &*child;
}

void FieldReader::fail(const FieldPlace& place, std::string message) {
  if (error_) return;
  const auto path = to_string(place);
  error_ = Error{Code::Invalid, path + ": " + message};
  error_->causes.push_back({"FieldValueInvalid", std::move(message), path});
}

void FieldReader::read(const Json& node, const FieldPlace& place, bool& out) {
  if (!node.is_boolean()) return fail(place, "must be a boolean");
  out = node.get<bool>();
}

void FieldReader::read(const Json& node, const FieldPlace& place, int64_t& out) {
  const bool too_large = node.is_number_unsigned() && node.get<uint64_t>() > INT64_MAX;
  if (!node.is_number_integer() || too_large) return fail(place, "must be an integer of 64 bits");
  out = node.get<int64_t>();
}

void FieldReader::read(const Json& node, const FieldPlace& place, std::string& out) {
  if (!node.is_string()) return fail(place, "must be a string");
  out = node.get_ref<const std::string&>();
}

void FieldReader::read(const Json& node, const FieldPlace& place, Instant& out) {
  const auto* text = node.get_ptr<const std::string*>();
  const auto time = text != nullptr ? parse_time(*text) : std::nullopt;
  if (!time)
    return fail(place, "must be a time between 1678 and 2261, such as 2026-01-01T00:00:00Z");
  out = *time;
}

void FieldReader::read(const Json& node, const FieldPlace& place, Duration& out) {
  const auto* text = node.get_ptr<const std::string*>();
  const auto length = text != nullptr ? parse_duration(*text) : std::nullopt;
  if (!length) return fail(place, "must be a duration of at most 292 years, such as 72h or 10m");
  out = *length;
}

void FieldReader::read(const Json& node, const FieldPlace& place, CalendarPeriod& out) {
  const auto* text = node.get_ptr<const std::string*>();
  const auto period = text != nullptr ? parse_calendar_period(*text) : std::nullopt;
  if (!period) return fail(place, "must be a calendar period such as P1M, P2Y, P6W or P14D");
  out = *period;
}

void FieldReader::read(const Json& node, const FieldPlace& place, ParameterValue& out) {
  if (node.is_number_integer()) return read(node, place, out.value.emplace<int64_t>());
  if (node.is_string()) return read(node, place, out.value.emplace<std::string>());
  fail(place, "must be an integer or a string");
}

void FieldReader::read(const Json& node, const FieldPlace& place, UnitSize& out) {
  if (node.is_object()) return read(node, place, out.machine);
  read_bytes(node, place, out.capacity_bytes);
}

void FieldReader::read_bytes(const Json& node, const FieldPlace& place, int64_t& out) {
  const auto* text = node.get_ptr<const std::string*>();
  if (text == nullptr) return fail(place, "must be an amount such as 8GB");
  auto bytes = parse_bytes(*text);
  if (!bytes) return fail(place, bytes.error().message);
  out = *bytes;
}

bool FieldReader::expect_object(const Json& node, const FieldPlace& place) {
  if (!node.is_object()) fail(place, "must be an object");
  return node.is_object();
}

bool FieldReader::expect_list(const Json& node, const FieldPlace& place) {
  if (!node.is_array()) fail(place, "must be a list");
  return node.is_array();
}

size_t FieldReader::size_of(const Json& list) {
  return list.size();
}

const Json& FieldReader::element(const Json& list, size_t index) {
  return list[index];
}

std::vector<std::pair<std::string, const Json*>> FieldReader::entries(const Json& object) {
  std::vector<std::pair<std::string, const Json*>> all;
  for (auto entry = object.begin(); entry != object.end(); ++entry)
    all.emplace_back(entry.key(), &entry.value());
  return all;
}

std::string FieldReader::word_at(const Json& node) {
  return node.is_string() ? node.get<std::string>() : std::string();
}

void FieldReader::fail_word(const Json& node, const FieldPlace& place) {
  fail(place, "Unsupported value: " + encode(node));
}

FieldWriter::FieldWriter(Json& object) : object_(object) {
  object_ = Json::object();
}

Json& FieldWriter::open(std::string_view key) {
  return open(object_, key);
}

Json& FieldWriter::open(Json& object, std::string_view key) {
  return object[std::string(key)];
}

void FieldWriter::drop_if_empty(std::string_view key) {
  const auto& slot = object_[std::string(key)];
  const bool empty_text = slot.is_string() && slot.get_ref<const std::string&>().empty();
  const bool empty_tree = (slot.is_object() || slot.is_array() || slot.is_null()) && slot.empty();
  if (empty_text || empty_tree) object_.erase(std::string(key));
}

Json& FieldWriter::append(Json& list) {
  return list.emplace_back();
}

void FieldWriter::make_list(Json& slot) {
  slot = Json::array();
}

void FieldWriter::make_object(Json& slot) {
  slot = Json::object();
}

void FieldWriter::write(Json& slot, bool value) {
  slot = value;
}

void FieldWriter::write(Json& slot, int64_t value) {
  slot = value;
}

void FieldWriter::write(Json& slot, std::string_view value) {
  slot = std::string(value);
}

void FieldWriter::write(Json& slot, const ParameterValue& parameter) {
  if (const auto* number = std::get_if<int64_t>(&parameter.value)) return write(slot, *number);
  write(slot, std::get<std::string>(parameter.value));
}

void FieldWriter::write(Json& slot, const UnitSize& size) {
  if (size.machine.empty()) return write(slot, bytes_text(size.capacity_bytes));
  write(slot, size.machine);
}

Result<const Json*> spec_of(const Json& object) {
  const auto* spec = at(object, {"spec"});
  if (spec == nullptr || !spec->is_object()) return Error{Code::Invalid, "spec: Required value"};
  return spec;
}

const Json* status_of(const Json& object) {
  const auto* status = at(object, {"status"});
  return status != nullptr && status->is_object() ? status : nullptr;
}

}  // namespace charter

#include "controller/protobuf/to_json.h"

#include "controller/base/base64.h"
#include "controller/protobuf/special_forms.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include <optional>

namespace charter {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Json text_value(const FieldDescriptor& field, const std::string& bytes) {
  return field.type() == FieldDescriptor::TYPE_BYTES ? encode_base64(bytes) : bytes;
}

/// Nothing for a message that JSON leaves out.
Result<std::optional<Json>> message_value(const Message& message) {
  if (const SpecialForm* form = find_special_form(*message.GetDescriptor()))
    return form->read(message);
  CHARTER_TRY_ASSIGN(Json value, to_json(message));
  return std::optional<Json>(std::move(value));
}

/// The value of a field that holds one value.
Result<std::optional<Json>> single_value(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return std::optional<Json>(reflection.GetBool(message, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return std::optional<Json>(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::optional<Json>(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_value(reflection.GetMessage(message, &field));
    default:
      break;  // no wire file uses another type; the test walks them all
  }
  std::string scratch;
  return std::optional<Json>(
      text_value(field, reflection.GetStringReference(message, &field, &scratch)));
}

Result<Json> list_value(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  Json list = Json::array();
  std::string scratch;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      CHARTER_TRY_ASSIGN(auto item,
                         message_value(reflection.GetRepeatedMessage(message, &field, i)));
      list.push_back(item ? std::move(*item) : Json());
    } else {
      list.push_back(
          text_value(field, reflection.GetRepeatedStringReference(message, &field, i, &scratch)));
    }
  }
  return list;
}

Result<Json> map_value(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  Json object = Json::object();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    CHARTER_TRY_ASSIGN(const auto key, single_value(entry, *field.message_type()->map_key()));
    CHARTER_TRY_ASSIGN(auto value, single_value(entry, *field.message_type()->map_value()));
    object[key->get<std::string>()] = value ? std::move(*value) : Json();
  }
  return object;
}

bool is_zero(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  if (value.is_boolean()) return !value.get<bool>();
  return value.is_number_integer() && value.get<int64_t>() == 0;
}

}  // namespace

Result<Json> to_json(const Message& message) {
  const auto& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  Json out = Json::object();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      if (reflection.FieldSize(message, &field) == 0) continue;
      CHARTER_TRY_ASSIGN(out[field.name()],
                         field.is_map() ? map_value(message, field) : list_value(message, field));
      continue;
    }
    // Go's zero struct: what is required is there, whether it was sent or not.
    const bool always = field.is_required() && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!always && !reflection.HasField(message, &field)) continue;
    CHARTER_TRY_ASSIGN(auto value, single_value(message, field));
    if (!value || (field.is_required() && is_zero(*value))) continue;
    out[field.name()] = std::move(*value);
  }
  return out;
}

}  // namespace charter

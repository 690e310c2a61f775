#include "controller/base/limits.h"
#include "controller/object/json_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace charter {
namespace {

/// Largest magnitude up to which every integer has a double of its own.
constexpr double kExactIntegerMax = 9007199254740992.0;

/// Builds the tree from the parser's events, and remembers repeated keys when somebody asks for
/// them.
class TreeBuilder final : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(std::string_view text, std::vector<std::string>* duplicates)
      : text_(text), duplicates_(duplicates) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override {
    // One representation for one number: only what int64 cannot hold stays unsigned.
    if (value <= static_cast<uint64_t>(INT64_MAX)) return put(static_cast<int64_t>(value));
    return put(value);
  }
  bool number_float(number_float_t value, const string_t&) override {
    return put(json_number(value));
  }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& members = open_.back()->get_ref<Json::object_t&>();
    const auto [member, fresh] = members.try_emplace(std::move(name));
    slot_ = &member->second;
    if (duplicates_ != nullptr) {
      keys_.back() = &member->first;
      if (!fresh) report_duplicate();
    }
    if (!fresh) *slot_ = nullptr;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;
    const size_t offset = position == 0 ? 0 : position - 1;
    if (error.id == kNumberOverflow) {
      failure_ = "number " + token.substr(0, 32) + " is out of range" + place_in(text_, offset);
    } else if (offset >= text_.size()) {
      failure_ = "unexpected end of JSON input" + place_in(text_, text_.size());
    } else {
      failure_ = "invalid character " + name_character(text_, offset) + place_in(text_, offset);
    }
    return false;
  }

  Json take() { return std::move(root_); }
  const std::string& failure() const { return failure_; }

 private:
  /// Where the next value goes: the root, the member whose key was read, or the end of the open
  /// array.
  Json& place() {
    if (open_.empty()) return root_;
    if (open_.back()->is_object()) return *slot_;
    open_.back()->push_back(nullptr);
    return open_.back()->back();
  }

  template <class Value>
  bool put(Value&& value) {
    place() = std::forward<Value>(value);
    return true;
  }

  bool open(Json container) {
    Json& target = place();
    target = std::move(container);
    open_.push_back(&target);
    if (duplicates_ != nullptr) keys_.push_back(nullptr);
    return true;
  }

  bool close() {
    open_.pop_back();
    if (duplicates_ != nullptr) keys_.pop_back();
    return true;
  }

  void report_duplicate() {
    if (duplicates_->size() >= limits::kCausesMax) return;
    std::string path;
    for (size_t i = 0; i < open_.size(); ++i) {
      if (open_[i]->is_array()) {
        path += "[" + std::to_string(open_[i]->size() - 1) + "]";
      } else {
        path += (path.empty() ? "" : ".") + *keys_[i];
      }
    }
    const bool known =
        std::find(duplicates_->begin(), duplicates_->end(), path) != duplicates_->end();
    if (!known) duplicates_->push_back(std::move(path));
  }

  std::string_view text_;
  std::vector<std::string>* duplicates_;
  Json root_;
  std::vector<Json*> open_;               // containers from the root to the innermost
  std::vector<const std::string*> keys_;  // beside open_: the member being read, null in arrays
  Json* slot_ = nullptr;                  // value of the last key
  std::string failure_;
};

}  // namespace

Json json_number(double number) {
  const bool whole = std::abs(number) <= kExactIntegerMax && number == std::trunc(number);
  return whole ? Json(static_cast<int64_t>(number)) : Json(number);
}

Result<Json> read_json(std::string_view text, std::vector<std::string>* duplicates) {
  TreeBuilder builder(text, duplicates);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    return Error{Code::BadRequest, builder.failure()};
  }
  return builder.take();
}

Result<Json> parse_json(std::string_view text, std::vector<std::string>* duplicates) {
  CHARTER_TRY(check_document(text));
  return read_json(text, duplicates);
}

}  // namespace charter

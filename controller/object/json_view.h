#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Parts of an encoded object without a tree of it: a list shown as a table needs five values of
// three kilobytes, and building the tree costs ten times as much as walking over the bytes. For
// text that encode() made, only: it is compact, its keys are unique and escaped in one way, and it
// is not checked again. Pure.
namespace charter {

/// The members of one object, found in one pass; the views live as long as the text.
class JsonView {
 public:
  /// Empty when `text` is not an object.
  explicit JsonView(std::string_view text);
  /// The value of a member as JSON text, or empty. `key` is written as json_key() writes it.
  std::string_view member(std::string_view key) const;
  const std::vector<std::pair<std::string_view, std::string_view>>& members() const& {
    return members_;
  }
  void members() const&& = delete;  // a loop over a temporary's members would read freed memory

 private:
  std::vector<std::pair<std::string_view, std::string_view>> members_;
};

/// A key as it stands in encoded text: quoted and escaped.
std::string json_key(std::string_view name);

/// The text of a string value with its escapes resolved; empty for any other value.
std::string json_string(std::string_view value);

/// The value of one member of an object, or empty; looks no further than it.
std::string_view json_member(std::string_view object, std::string_view key);

/// Calls `visit` with each element of an array, in order, until it returns false.
void each_json_element(std::string_view array, const std::function<bool(std::string_view)>& visit);

}  // namespace charter

#pragma once

#include "crds/types/view.h"

#include <type_traits>

// The two visitors that `fields` of a typed view meets: one fills the struct from a tree, one
// renders it. Included by the .cc files of crds/types only, because it needs the full JSON header.
namespace charter {

/// Where a reader stands, as a chain on the stack: a path text is built only for an error.
struct FieldPlace {
  const FieldPlace* parent = nullptr;
  std::string_view key = {};
  int64_t index = -1;  ///< >= 0: an element of the parent
};

/// "spec.items[0].price".
std::string to_string(const FieldPlace& place);

/// Reads the members of one struct; the first finding wins and is kept in `error`.
class FieldReader {
 public:
  FieldReader(const Json& node, const FieldPlace& place, std::optional<Error>& error)
      : node_(node), place_(place), error_(error) {}

  /// A member that may be absent.
  template <class T>
  void operator()(std::string_view key, T&& member) {
    if (const auto* child = find(key)) read(*child, FieldPlace{&place_, key}, member);
  }

  /// A member that must be there.
  template <class T>
  void required(std::string_view key, T&& member) {
    const auto* child = find(key);
    if (child == nullptr) return fail(FieldPlace{&place_, key}, "Required value");
    read(*child, FieldPlace{&place_, key}, member);
  }

 private:
  const Json* find(std::string_view key) const;
  void fail(const FieldPlace& place, std::string message);

  void read(const Json& node, const FieldPlace& place, bool& out);
  void read(const Json& node, const FieldPlace& place, int64_t& out);
  void read(const Json& node, const FieldPlace& place, std::string& out);
  void read(const Json& node, const FieldPlace& place, Instant& out);
  void read(const Json& node, const FieldPlace& place, Duration& out);
  void read(const Json& node, const FieldPlace& place, CalendarPeriod& out);
  void read(const Json& node, const FieldPlace& place, ParameterValue& out);
  void read(const Json& node, const FieldPlace& place, UnitSize& out);
  void read_bytes(const Json& node, const FieldPlace& place, int64_t& out);

  void read(const Json& node, const FieldPlace& place, AsBytes<int64_t>& out) {
    read_bytes(node, place, out.value);
  }
  void read(const Json& node, const FieldPlace& place, AsBytes<std::optional<int64_t>>& out) {
    read_bytes(node, place, out.value.emplace());
  }

  // What the templates need of a tree, so that this header does without the full JSON header.
  bool expect_object(const Json& node, const FieldPlace& place);
  bool expect_list(const Json& node, const FieldPlace& place);
  static size_t size_of(const Json& list);
  static const Json& element(const Json& list, size_t index);
  static std::vector<std::pair<std::string, const Json*>> entries(const Json& object);
  std::string word_at(const Json& node);
  void fail_word(const Json& node, const FieldPlace& place);

  template <WordEnum E>
  void read(const Json& node, const FieldPlace& place, E& out) {
    const auto value = parse_word<E>(word_at(node));
    if (!value) return fail_word(node, place);
    out = *value;
  }

  template <class T>
  requires requires(T& t, FieldReader& f) { T::fields(f, t); }
  void read(const Json& node, const FieldPlace& place, T& out) {
    if (!expect_object(node, place)) return;
    FieldReader reader(node, place, error_);
    T::fields(reader, out);
  }

  template <class T>
  void read(const Json& node, const FieldPlace& place, std::optional<T>& out) {
    read(node, place, out.emplace());
  }

  template <class T>
  void read(const Json& node, const FieldPlace& place, std::vector<T>& out) {
    if (!expect_list(node, place)) return;
    out.clear();
    out.reserve(size_of(node));
    for (size_t i = 0; i < size_of(node); ++i) {
      read(element(node, i), FieldPlace{&place, {}, static_cast<int64_t>(i)}, out.emplace_back());
    }
  }

  template <class T>
  void read(const Json& node, const FieldPlace& place, std::map<std::string, T>& out) {
    if (!expect_object(node, place)) return;
    out.clear();
    for (const auto& [key, child] : entries(node))
      read(*child, FieldPlace{&place, key}, out[key]);
  }

  const Json& node_;
  const FieldPlace& place_;
  std::optional<Error>& error_;
};

/// Renders the members of one struct into an object.
class FieldWriter {
 public:
  /// `object` becomes an object with what is written.
  explicit FieldWriter(Json& object);

  /// Left out when empty.
  template <class T>
  void operator()(std::string_view key, const T& member) {
    write(open(key), member);
    drop_if_empty(key);
  }

  /// Written even when empty.
  template <class T>
  void required(std::string_view key, const T& member) {
    write(open(key), member);
  }

 private:
  Json& open(std::string_view key);
  void drop_if_empty(std::string_view key);
  static Json& open(Json& object, std::string_view key);
  static Json& append(Json& list);
  static void make_list(Json& slot);
  static void make_object(Json& slot);

  static void write(Json& slot, bool value);
  static void write(Json& slot, int64_t value);
  static void write(Json& slot, std::string_view value);
  static void write(Json& slot, const std::string& value) { write(slot, std::string_view(value)); }
  static void write(Json& slot, Instant value) { write(slot, format_time(value)); }
  static void write(Json& slot, Duration value) { write(slot, duration_text(value)); }
  static void write(Json& slot, const CalendarPeriod& value) {
    write(slot, calendar_period_text(value));
  }
  static void write(Json& slot, const ParameterValue& value);
  static void write(Json& slot, const UnitSize& value);
  static void write(Json& slot, const AsBytes<const int64_t>& bytes) {
    write(slot, bytes_text(bytes.value));
  }
  static void write(Json& slot, const AsBytes<const std::optional<int64_t>>& bytes) {
    if (bytes.value) write(slot, bytes_text(*bytes.value));
  }

  template <WordEnum E>
  static void write(Json& slot, E value) {
    write(slot, to_word(value));
  }

  template <class T>
  requires requires(const T& t, FieldWriter& f) { T::fields(f, t); }
  static void write(Json& slot, const T& value) {
    FieldWriter writer(slot);
    T::fields(writer, value);
  }

  template <class T>
  static void write(Json& slot, const std::optional<T>& value) {
    if (value) write(slot, *value);
  }

  template <class T>
  static void write(Json& slot, const std::vector<T>& list) {
    make_list(slot);
    for (const auto& element : list)
      write(append(slot), element);
  }

  template <class T>
  static void write(Json& slot, const std::map<std::string, T>& map) {
    make_object(slot);
    for (const auto& [key, value] : map)
      write(open(slot, key), value);
  }

  Json& object_;
};

/// Reads a struct from a tree; `root` names it in field paths.
template <class T>
Result<T> read_struct(const Json& node, std::string_view root) {
  std::optional<Error> error;
  T value;
  const FieldPlace place{nullptr, root};
  FieldReader reader(node, place, error);
  T::fields(reader, value);
  if (error) return std::move(*error);
  return value;
}

/// `spec` of an object. Errors: Invalid when there is none.
Result<const Json*> spec_of(const Json& object);
/// `status` of an object, or null.
const Json* status_of(const Json& object);

/// Reads a whole object of kind K: meta, spec, status and conditions. An absent status is an empty
/// one.
template <class K>
Result<K> read_object(const Json& object) {
  K view;
  CHARTER_TRY_ASSIGN(const Json* spec, spec_of(object));
  CHARTER_TRY_ASSIGN(view.spec, read_struct<typename K::Spec>(*spec, "spec"));
  if (const Json* status = status_of(object)) {
    CHARTER_TRY_ASSIGN(view.status, read_struct<typename K::Status>(*status, "status"));
    view.conditions = read_conditions(object);
  }
  view.meta = read_meta(object);
  return view;
}

/// Renders a struct into `tree`.
template <class T>
void write_struct(Json& tree, const T& value) {
  FieldWriter writer(tree);
  T::fields(writer, value);
}

}  // namespace charter

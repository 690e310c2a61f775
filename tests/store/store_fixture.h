#pragma once

#include "controller/store/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Objects, writes and directories for the store's tests.
namespace charter::testing {

inline constexpr std::string_view kBucket = "example.dev/things";

/// A directory of its own, removed at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// An object with a label "app" and a spec.value, which carries `padding` more bytes.
ObjectPtr thing(const ObjectName& name, const std::string& value, size_t padding = 0);
/// spec.value of a thing.
std::string value_of(const Encoded& object);

Write create(const ObjectName& name, const std::string& value, std::string_view bucket = kBucket);
Write update(const ObjectPtr& current, const std::string& value, std::string_view bucket = kBucket);
Write removal(const ObjectPtr& current, std::string_view bucket = kBucket);

/// Commits and expects success.
ObjectPtr must_commit(Store& store, Write write);
/// Opens and expects success. In inline mode, so that a test is one sequence of steps.
std::unique_ptr<Store> must_open(StoreOptions options);
StoreOptions inline_options(const std::string& data_dir = "");

/// "name=value@version" of each object.
std::vector<std::string> describe(const std::vector<ObjectPtr>& objects);
/// "A name=value@revision (before)" of each event.
std::vector<std::string> describe(const std::vector<StoreEventPtr>& events);
/// Everything a client could see of a store: revisions, objects and events of the buckets.
std::vector<std::string> visible_state(const Store& store, const std::vector<std::string>& buckets);

}  // namespace charter::testing

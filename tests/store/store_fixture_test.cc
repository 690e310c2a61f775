#include "tests/store/store_fixture.h"

#include "controller/base/check.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace charter::testing {

TempDir::TempDir() {
  std::string path = (std::filesystem::temp_directory_path() / "charter-store-XXXXXX").string();
  CHECK(mkdtemp(path.data()) != nullptr);
  path_ = path;
}

TempDir::~TempDir() {
  std::filesystem::remove_all(path_);
}

ObjectPtr thing(const ObjectName& name, const std::string& value, size_t padding) {
  Json tree = {
      {"apiVersion", "example.dev/v1"},
      {"kind", "Thing"},
      {"metadata",
       {{"name", name.name}, {"uid", "uid-of-" + name.name}, {"labels", {{"app", value}}}}},
      {"spec", {{"value", value}}}};
  if (!name.ns.empty()) tree["metadata"]["namespace"] = name.ns;
  if (padding > 0) tree["spec"]["padding"] = std::string(padding, 'x');
  return Encoded::make(tree, 0);
}

std::string value_of(const Encoded& object) {
  return text_at(object.tree(), {"spec", "value"});
}

Write create(const ObjectName& name, const std::string& value, std::string_view bucket) {
  return {Write::Op::Put, {std::string(bucket), name}, 0, thing(name, value), {}};
}

Write update(const ObjectPtr& current, const std::string& value, std::string_view bucket) {
  const ObjectName name{current->header().ns, current->header().name};
  return {Write::Op::Put,
          {std::string(bucket), name},
          current->header().version,
          thing(name, value),
          {}};
}

Write removal(const ObjectPtr& current, std::string_view bucket) {
  const ObjectName name{current->header().ns, current->header().name};
  return {Write::Op::Delete, {std::string(bucket), name}, current->header().version, current, {}};
}

ObjectPtr must_commit(Store& store, Write write) {
  Result<Committed> result = store.commit(std::move(write));
  CHECK_MSG(result.has_value(), result ? "" : result.error().message);
  return result->object;
}

std::unique_ptr<Store> must_open(StoreOptions options) {
  Result<std::unique_ptr<Store>> store = Store::open(std::move(options));
  CHECK_MSG(store.has_value(), store ? "" : store.error().message);
  return std::move(*store);
}

StoreOptions inline_options(const std::string& data_dir) {
  StoreOptions options;
  options.data_dir = data_dir;
  options.mode = WriterMode::Inline;
  return options;
}

std::vector<std::string> describe(const std::vector<ObjectPtr>& objects) {
  std::vector<std::string> lines;
  for (const ObjectPtr& object : objects) {
    const Header& header = object->header();
    lines.push_back(to_string(ObjectName{header.ns, header.name}) + "=" + value_of(*object) + "@" +
                    std::to_string(header.version));
  }
  return lines;
}

std::vector<std::string> describe(const std::vector<StoreEventPtr>& events) {
  std::vector<std::string> lines;
  for (const StoreEventPtr& event : events) {
    const char* kind = event->kind == StoreEvent::Kind::Added      ? "A "
                       : event->kind == StoreEvent::Kind::Modified ? "M "
                                                                   : "D ";
    std::string line = kind + describe(std::vector{event->object})[0];
    EXPECT_EQ(event->revision, event->object->header().version);
    if (event->before) line += " was " + describe(std::vector{event->before})[0];
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> visible_state(const Store& store,
                                       const std::vector<std::string>& buckets) {
  std::vector<std::string> lines = {"revision " + std::to_string(store.revision()),
                                    "compacted " + std::to_string(store.compacted())};
  for (const std::string& bucket : buckets) {
    lines.push_back("bucket " + bucket);
    for (std::string& line : describe(store.list(bucket, {})->objects))
      lines.push_back(std::move(line));
    for (std::string& line : describe(*store.events(bucket, store.compacted(), 1'000'000))) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

TEST(StoreFixture, A_thing_carries_its_name_and_value) {
  const ObjectPtr object = thing({"a", "b"}, "v");
  EXPECT_EQ(object->header().ns, "a");
  EXPECT_EQ(object->header().name, "b");
  EXPECT_EQ(value_of(*object), "v");
}

}  // namespace charter::testing

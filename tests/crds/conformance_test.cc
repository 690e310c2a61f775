// Every property of every CRD goes through its typed view and back: a property that a view forgets
// fails here, by its path.

#include "controller/base/embedded.h"
#include "controller/object/kind_registry.h"
#include "crds/types/account.h"
#include "crds/types/contract.h"
#include "crds/types/git_source.h"
#include "crds/types/image.h"
#include "crds/types/invoice.h"
#include "crds/types/kinds.h"
#include "crds/types/machine.h"
#include "crds/types/provider.h"
#include "crds/types/rate_card.h"
#include "crds/types/service_instance.h"
#include "crds/types/service_offering.h"
#include "crds/types/service_offering_revision.h"
#include "crds/types/service_template.h"
#include "crds/types/usage_report.h"
#include "crds/types/volume.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using RoundTrip = Result<Json> (*)(const Json& object);

template <class K, Result<K> (*Read)(const Json&)>
Result<Json> round_trip(const Json& object) {
  CHARTER_TRY_ASSIGN(const K view, Read(object));
  Json tree = {{"spec", spec_json(view.spec)}, {"status", status_json(view.status)}};
  for (const auto& condition : view.conditions) {
    tree["status"]["conditions"].push_back({{"type", condition.type},
                                            {"status", condition.status},
                                            {"reason", condition.reason},
                                            {"message", condition.message},
                                            {"observedGeneration", condition.observed_generation}});
  }
  return tree;
}

const std::map<std::string, RoundTrip>& round_trips() {
  static const std::map<std::string, RoundTrip> kTrips = {
      {"Provider", round_trip<Provider, read_provider>},
      {"Image", round_trip<Image, read_image>},
      {"ServiceTemplate", round_trip<ServiceTemplate, read_service_template>},
      {"RateCard", round_trip<RateCard, read_rate_card>},
      {"ServiceOffering", round_trip<ServiceOffering, read_service_offering>},
      {"ServiceOfferingRevision",
       round_trip<ServiceOfferingRevision, read_service_offering_revision>},
      {"Account", round_trip<Account, read_account>},
      {"Contract", round_trip<Contract, read_contract>},
      {"ServiceInstance", round_trip<ServiceInstance, read_service_instance>},
      {"Machine", round_trip<Machine, read_machine>},
      {"Volume", round_trip<Volume, read_volume>},
      {"UsageReport", round_trip<UsageReport, read_usage_report>},
      {"Invoice", round_trip<Invoice, read_invoice>},
      {"GitSource", round_trip<GitSource, read_git_source>},
  };
  return kTrips;
}

/// One CRD: its kind, whole definition and openAPIV3Schema.
struct Definition {
  std::string kind;
  Json document;
  Json schema;
};

std::vector<Definition> definitions() {
  std::vector<Definition> all;
  for (const auto& file : embedded::crds()) {
    auto document = parse_yaml(file.text);
    EXPECT_TRUE(document) << file.name;
    if (!document) continue;
    const auto schema = (*document)["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    all.push_back({text_at(*document, {"spec", "names", "kind"}), *document, schema});
  }
  return all;
}

bool accepts(const Json& schema, const Json& value) {
  std::vector<Cause> causes;
  // Schemas are of objects: wrap the node.
  const auto compiled =
      Schema::compile({{"type", "object"}, {"properties", {{"v", schema}}}}, "test", causes);
  if (compiled == nullptr) return false;
  compiled->validate({{"v", value}}, causes);
  return causes.empty();
}

/// Makes a tree with a value of its own in every property of a schema.
class Sampler {
 public:
  Json sample(const Json& schema, const std::string& path) {
    if (schema.contains("enum")) return schema["enum"].back();
    const auto type = schema.value("type", std::string());
    if (type == "object") return object(schema, path);
    if (type == "array") {
      // Keys of a list map are often enums, of which a sample knows one word: two elements would be
      // duplicates.
      const bool single = schema["items"].contains("enum") ||
                          schema.value("x-kubernetes-list-type", std::string()) == "map";
      auto list = Json::array({sample(schema["items"], path + "[]")});
      if (!single) list.push_back(sample(schema["items"], path + "[]"));
      return list;
    }
    if (type == "boolean") return !schema.value("default", false);
    if (type == "integer") {
      const auto minimum = schema.value("minimum", int64_t{0});
      const auto room = schema.value("maximum", minimum + 20) - minimum;
      return minimum + (room < 20 ? 1 + next() % room : next());
    }
    if (type == "string") return text(schema, path);
    if (schema.value("x-kubernetes-int-or-string", false))
      return next() % 2 == 0 ? Json(next()) : Json("v" + digits());
    // The only free-form property: the size of a sold unit.
    EXPECT_TRUE(path.ends_with(".equals"))
        << path << " is free-form: teach the sampler and the view about it";
    return next() % 2 == 0 ? Json(digits() + "GB")
                           : Json{{"vcpus", next()}, {"memory", digits() + "GB"}};
  }

 private:
  int64_t next() { return ++counter_ % 20 + 1; }
  std::string digits() { return std::to_string(next()); }

  Json object(const Json& schema, const std::string& path) {
    auto tree = Json::object();
    if (schema.contains("properties")) {
      for (const auto& [name, property] : schema["properties"].items())
        tree[name] = sample(property, path + "." + name);
    }
    if (schema.contains("additionalProperties")) {
      for (const char* key : {"alpha", "beta"})
        tree[key] = sample(schema["additionalProperties"], path + "." + key);
    }
    return tree;
  }

  Json text(const Json& schema, const std::string& path) {
    const auto n = digits();
    const auto day = n.size() < 2 ? "0" + n : n;
    const std::string hex = std::string(64 - n.size(), 'a') + n;
    for (const std::string& candidate :
         {"2026-03-" + day + "T00:00:00Z", n + "GB", n + "h", "P" + n + "M", "sha256:" + hex, hex,
          hex.substr(24), "https://h" + n + ".example/x", "qemu+ssh://h" + n + "/system", n + ".5",
          "0." + day, "m" + n + "@example.org", std::string("SEK"), "EU-" + n, "v" + n,
          "/srv/d" + n, "10.77." + n + ".1/24"}) {
      // Without a format a time is no more than a text; sizes and the like come first there.
      const bool is_time = candidate.ends_with("Z");
      if (is_time && schema.value("format", std::string()) != "date-time" &&
          !schema.contains("pattern"))
        continue;
      if (accepts(schema, candidate)) return candidate;
    }
    ADD_FAILURE() << path << ": no candidate fits " << schema;
    return n;
  }

  int64_t counter_ = 0;
};

/// Pointers at which `found` differs from `wanted`.
std::vector<std::string> differences(const Json& wanted, const Json& found) {
  std::vector<std::string> paths;
  for (const auto& operation : Json::diff(wanted, found))
    paths.push_back(operation.dump());
  return paths;
}

Json sample_object(const Json& schema) {
  Sampler sampler;
  Json object = {{"metadata", {{"name", "sample"}, {"uid", "u-1"}, {"generation", 7}}}};
  for (const char* part : {"spec", "status"})
    object[part] = sampler.sample(schema["properties"][part], part);
  // Transition times are written by set_condition, not by views.
  for (auto& condition : object["status"]["conditions"])
    condition.erase("lastTransitionTime");
  return object;
}

TEST(Conformance, EveryCrdHasATypedViewAndTheOtherWayRound) {
  std::set<std::string> kinds;
  for (const auto& definition : definitions())
    kinds.insert(definition.kind);
  for (const auto& [kind, trip] : round_trips())
    EXPECT_TRUE(kinds.contains(kind)) << kind;
  EXPECT_EQ(kinds.size(), round_trips().size());
}

TEST(Conformance, EveryPropertySurvivesReadingAndRendering) {
  for (const auto& definition : definitions()) {
    const auto object = sample_object(definition.schema);
    const auto rendered = round_trips().at(definition.kind)(object);
    ASSERT_TRUE(rendered) << definition.kind << ": " << rendered.error().message;
    const Json wanted = {{"spec", object["spec"]}, {"status", object["status"]}};
    EXPECT_EQ(differences(wanted, *rendered), std::vector<std::string>()) << definition.kind;
  }
}

TEST(Conformance, APropertyThatTheViewDoesNotKnowIsFound) {
  for (auto definition : definitions()) {
    definition.schema["properties"]["status"]["properties"]["planted"] = {{"type", "integer"}};
    const auto object = sample_object(definition.schema);
    const auto rendered = round_trips().at(definition.kind)(object);
    ASSERT_TRUE(rendered) << definition.kind;
    const Json wanted = {{"spec", object["spec"]}, {"status", object["status"]}};
    const auto found = differences(wanted, *rendered);
    ASSERT_EQ(found.size(), 1u) << definition.kind;
    EXPECT_NE(found[0].find("/status/planted"), std::string::npos);
  }
}

TEST(Conformance, SamplesAreValidSoTheyCoverWhatUsersMayWrite) {
  for (const auto& definition : definitions()) {
    std::vector<Cause> causes;
    const auto schema = Schema::compile(definition.schema, "spec", causes);
    ASSERT_NE(schema, nullptr) << definition.kind << ": " << causes.front().field << " "
                               << causes.front().message;
    auto object = sample_object(definition.schema);
    for (auto& condition : object["status"]["conditions"])
      condition["lastTransitionTime"] = "2026-01-01T00:00:00Z";
    std::vector<std::string> unknown;
    schema->prune(object, &unknown);
    schema->validate(object, causes);
    EXPECT_TRUE(unknown.empty()) << definition.kind << ": " << unknown.front();
    // Samples state both members of either-or pairs (value, fromParameter): the one rule they
    // break.
    std::erase_if(causes, [](const Cause& cause) {
      return cause.message.starts_with("Too many: 2: must have at most 1");
    });
    for (const auto& cause : causes)
      ADD_FAILURE() << definition.kind << ": " << cause.field << ": " << cause.message;
  }
}

/// A tree with the required properties only.
Json required_only(const Json& full, const Json& schema) {
  auto tree = Json::object();
  for (const auto& name : schema.value("required", Json::array())) {
    const auto key = name.get<std::string>();
    const auto& property = schema["properties"][key];
    tree[key] = property.value("type", std::string()) == "object" && property.contains("properties")
                    ? required_only(full[key], property)
                    : full[key];
  }
  return tree;
}

TEST(Conformance, DefaultsOfTheViewsEqualDefaultsOfTheSchemas) {
  for (const auto& definition : definitions()) {
    const auto full = sample_object(definition.schema);
    Json minimal = {{"spec", required_only(full["spec"], definition.schema["properties"]["spec"])}};
    std::vector<Cause> causes;
    const auto schema = Schema::compile(definition.schema, "spec", causes);
    ASSERT_NE(schema, nullptr) << definition.kind;
    Json defaulted = minimal;
    schema->apply_defaults(defaulted);
    const auto by_view = round_trips().at(definition.kind)(minimal);
    const auto by_schema = round_trips().at(definition.kind)(defaulted);
    ASSERT_TRUE(by_view && by_schema) << definition.kind;
    EXPECT_EQ(differences(*by_schema, *by_view), std::vector<std::string>()) << definition.kind;
  }
}

/// Paths of defaults inside lists that people write.
void find_listed_defaults(const Json& schema, const std::string& path, const Json& keys,
                          std::vector<std::string>& found) {
  const auto properties = schema.value("properties", Json::object());
  for (const auto& [name, property] : properties.items()) {
    const auto at = path + "." + name;
    const bool is_key = std::find(keys.begin(), keys.end(), name) != keys.end();
    if (!keys.is_null() && !is_key && property.contains("default")) found.push_back(at);
    find_listed_defaults(property, at, keys, found);
    if (!property.contains("items")) continue;
    const auto own = property.value("x-kubernetes-list-map-keys", Json::array());
    find_listed_defaults(property["items"], at + "[]", own, found);
  }
}

// `kubectl apply` compares a list as a whole: with a default inside, applying the same manifest
// again would say "configured" for ever. Keys of a list need one.
TEST(Conformance, NoElementOfAListHasADefaultSoThatApplyingAgainChangesNothing) {
  std::vector<std::string> found;
  for (const auto& definition : definitions()) {
    if (definition.kind == "ServiceOfferingRevision") continue;  // only the controller writes it
    find_listed_defaults(definition.schema["properties"]["spec"], definition.kind, Json(), found);
  }
  EXPECT_EQ(found, std::vector<std::string>());
}

TEST(Conformance, EveryCrdIsServedUnderTheNameThatKindsKnows) {
  KindRegistry registry;
  for (const auto& definition : definitions()) {
    const auto defined = registry.define(definition.document, KindRegistry::Origin::Definition);
    ASSERT_TRUE(defined) << definition.kind << ": " << defined.error().message;
  }
  const auto table = registry.table();
  for (const auto* resource :
       {&kinds::providers(), &kinds::images(), &kinds::service_templates(), &kinds::rate_cards(),
        &kinds::service_offerings(), &kinds::service_offering_revisions(), &kinds::accounts(),
        &kinds::contracts(), &kinds::service_instances(), &kinds::machines(), &kinds::volumes(),
        &kinds::usage_reports(), &kinds::invoices()}) {
    const auto* type = table->find(*resource);
    ASSERT_NE(type, nullptr) << resource->resource;
    EXPECT_EQ(type->kind, kinds::kind_of(*resource));
    EXPECT_EQ(type->bucket(), kinds::bucket(*resource));
    EXPECT_TRUE(type->has_status) << type->kind;
  }
}

}  // namespace
}  // namespace charter

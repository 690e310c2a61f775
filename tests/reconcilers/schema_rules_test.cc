#include "controller/base/embedded.h"
#include "controller/cel/rules.h"
#include "controller/object/schema.h"
#include "crds/types/kinds.h"
#include "reconcilers/account/admit.h"
#include "reconcilers/contract/admit.h"
#include "reconcilers/image/admit.h"
#include "reconcilers/invoice/admit.h"
#include "reconcilers/machine/admit.h"
#include "reconcilers/provider/admit.h"
#include "reconcilers/rate_card/admit.h"
#include "reconcilers/service_instance/admit.h"
#include "reconcilers/service_offering/admit.h"
#include "reconcilers/service_offering_revision/admit.h"
#include "reconcilers/usage_report/admit.h"
#include "reconcilers/volume/admit.h"
#include "tests/reconcilers/contract/samples.h"
#include "tests/reconcilers/map_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

// The rules in crds/ against `admit` in C++: a cluster without our webhook has the first alone, so
// each of them must refuse what the second does, in the same words.
namespace charter {
namespace {

using Admitter = Status (*)(const AdmitRequest&, const View&);

const std::map<std::string, Admitter>& admitters() {
  static const std::map<std::string, Admitter> kAdmitters = {
      {"Account", account::admit},
      {"Contract", contract::admit},
      {"Image", image::admit},
      {"Invoice", invoice::admit},
      {"Machine", machine::admit},
      {"Provider", provider::admit},
      {"RateCard", rate_card::admit},
      {"ServiceInstance", service_instance::admit},
      {"ServiceOffering", service_offering::admit},
      {"ServiceOfferingRevision", service_offering_revision::admit},
      {"UsageReport", usage_report::admit},
      {"Volume", volume::admit},
  };
  return kAdmitters;
}

/// openAPIV3Schema by kind.
std::map<std::string, Json> schemas() {
  std::map<std::string, Json> out;
  for (const auto& file : embedded::crds()) {
    const Json definition = *parse_yaml(file.text);
    const Json* schema = at(definition["spec"]["versions"][0], {"schema", "openAPIV3Schema"});
    out[text_at(definition, {"spec", "names", "kind"})] = *schema;
  }
  return out;
}

size_t count_rules(const Json& node) {
  size_t out = 0;
  if (node.is_array())
    for (const Json& child : node)
      out += count_rules(child);
  if (!node.is_object()) return out;
  for (const auto& [key, child] : node.items())
    out += key == "x-kubernetes-validations" ? child.size() : count_rules(child);
  return out;
}

/// One write: `spec` merged over the sample of the kind, against the sample itself or, on create,
/// nothing. `words` is what both say, or what the rule says and then what `admit` does.
struct Row {
  std::string kind;
  enum class Write { Create, Update } write;
  std::string spec;
  std::vector<std::string> words;
};

constexpr const char* kMachine =
    "{instanceRef: {name: i}, component: web, index: 0, providerRef: {name: p}, vcpus: 1, memory: "
    "1GiB, image: {name: im, digest: 'sha256:00'}, bootDisk: {size: 10GiB}}";
constexpr const char* kVolume =
    "{contractRef: {name: c}, instanceRef: {name: i}, size: 10GiB, class: ssd}";
constexpr const char* kPeriod =
    "{contractRef: {name: c}, period: {from: '2026-06-01T00:00:00Z', to: '2026-07-01T00:00:00Z'}, "
    "currency: USD}";
constexpr const char* kPrices =
    "{currency: USD, effectiveFrom: '2030-01-01T00:00:00Z', items: [{meter: cpu-hours, price: "
    "'1', per: CPUHour}]}";

/// A right spec of each kind.
Json sample_of(const std::string& kind) {
  static const std::map<std::string, const char*> kSpecs = {
      {"Account",
       "{namespaces: [team], limits: {compute: 1}, billing: {email: b@x.example, period: Month}}"},
      {"Image",
       "{os: linux, format: qcow2, architecture: x86_64, source: {url: 'https://images.example/a', "
       "sha256: '00'}}"},
      {"Invoice", kPeriod},
      {"Machine", kMachine},
      {"Provider",
       "{driver: simulated, location: {region: r, jurisdiction: EU}, simulated: {hosts: [{name: h, "
       "vcpus: 1, memory: 1GB, storage: 1GB}]}}"},
      {"RateCard", kPrices},
      {"ServiceInstance",
       "{contractRef: {name: c}, lease: {duration: 1h}, volumes: [{name: v, size: 10GiB, class: "
       "ssd, shared: true}]}"},
      {"ServiceOffering",
       "{templateRef: {namespace: ns, name: t}, edition: 2, publication: Retired}"},
      {"UsageReport", kPeriod},
      {"Volume", kVolume},
  };
  Json out = {{"metadata", {{"name", "sample"}, {"namespace", "consumerco"}}}};
  if (kind == "Contract") return contract::sample_contract();
  if (kind == "ServiceOfferingRevision") return contract::sample_revision();
  out["spec"] = *parse_yaml(kSpecs.at(kind));
  return out;
}

const std::string kOtherMachine = ": field is immutable: make another Machine";
const std::string kOtherVolume = ": field is immutable: make another Volume";

const std::vector<Row> kRows = {
    {"Machine",
     Row::Write::Update,
     "{instanceRef: {name: j}}",
     {"spec.instanceRef.name: Invalid value: \"j\"" + kOtherMachine}},
    {"Machine",
     Row::Write::Update,
     "{component: db}",
     {"spec.component: Invalid value: \"db\"" + kOtherMachine}},
    {"Machine", Row::Write::Update, "{index: 7}", {"spec.index: Invalid value: 7" + kOtherMachine}},
    {"Machine",
     Row::Write::Update,
     "{providerRef: {name: q}}",
     {"spec.providerRef.name: Invalid value: \"q\"" + kOtherMachine}},
    {"Volume",
     Row::Write::Create,
     "{attachTo: [{name: a}, {name: b}]}",
     {"spec.attachTo: Forbidden: only a volume with shared: true can be attached to several "
      "machines"}},
    {"Volume",
     Row::Write::Create,
     "{contractRef: null, instanceRef: null}",
     {"spec.contractRef: Required value: a volume of no instance needs a contract"}},
    {"Volume",
     Row::Write::Update,
     "{contractRef: {name: d}}",
     {"spec.contractRef.name: Invalid value: \"d\"" + kOtherVolume}},
    {"Volume",
     Row::Write::Update,
     "{class: hdd}",
     {"spec.class: Invalid value: \"hdd\"" + kOtherVolume}},
    {"Volume",
     Row::Write::Update,
     "{shared: true}",
     {"spec.shared: Invalid value: true" + kOtherVolume}},
    {"Volume",
     Row::Write::Update,
     "{instanceRef: {name: j}}",
     {"spec.instanceRef: Forbidden" + kOtherVolume}},
    {"Volume",
     Row::Write::Update,
     "{size: 9.5GiB}",
     {"spec.size: Invalid value: \"9.5GiB\": a volume never shrinks; it has 10GiB",
      "spec.size: Invalid value: \"9728MiB\": a volume never shrinks; it has 10GiB"}},
    {"Provider",
     Row::Write::Update,
     "{driver: remote, simulated: null, remote: {server: 'https://x.example', namespace: ns}}",
     {"spec.driver: Invalid value: \"remote\": field is immutable: make another Provider"}},
    {"Provider",
     Row::Write::Create,
     "{driver: libvirt, libvirt: {uri: 'qemu:///system', storagePools: []}, simulated: null, "
     "credentialsRef: "
     "{name: s, namespace: ns}}",
     {"spec.credentialsRef: Forbidden: a hypervisor of this machine asks for no credentials"}},
    {"Provider",
     Row::Write::Create,
     "{driver: libvirt, libvirt: {uri: 'qemu+ssh://u@h/system', storagePools: []}, simulated: null}",
     {"spec.credentialsRef: Required value: libvirt over TLS or SSH needs a Secret to log in "
      "with"}},
    {"Provider",
     Row::Write::Create,
     "{simulated: {failures: [{call: X, first: 1, every: 2}]}}",
     {"spec.simulated.failures[0]: Invalid value: \"X\": state exactly one of every, first and "
      "rate"}},
    {"Provider",
     Row::Write::Create,
     "{simulated: {failures: [{call: X, first: 1, error: Slow}]}}",
     {"spec.simulated.failures[0].delay: Required value: a Slow failure needs a delay"}},
    {"Invoice",
     Row::Write::Update,
     "{currency: EUR}",
     {"spec: Forbidden: an invoice can't be changed; corrections are lines on a later one"}},
    {"Invoice",
     Row::Write::Create,
     "{period: {to: '2026-06-01T00:00:00Z'}}",
     {"spec.period.to: Invalid value: must be after the beginning",
      "spec.period.to: Invalid value: \"2026-06-01T00:00:00Z\": must be after the beginning, "
      "2026-06-01T00:00:00Z"}},
    {"UsageReport",
     Row::Write::Create,
     "{period: {to: '2026-05-01T00:00:00Z'}}",
     {"spec.period.to: Invalid value: must be after the beginning",
      "spec.period.to: Invalid value: \"2026-05-01T00:00:00Z\": must be after the beginning, "
      "2026-06-01T00:00:00Z"}},
    {"ServiceOffering",
     Row::Write::Update,
     "{edition: 1}",
     {"spec.edition: Invalid value: 1: must not fall",
      "spec.edition: Invalid value: 1: must not fall, it is 2"}},
    {"ServiceOffering",
     Row::Write::Update,
     "{publication: Draft}",
     {"spec.publication: Invalid value: \"Draft\": what was published does not become a draft "
      "again; Retired takes no new contracts"}},
    {"ServiceOfferingRevision",
     Row::Write::Update,
     "{edition: 9}",
     {"spec: Forbidden: a revision is immutable: publish a new edition"}},
    {"Image",
     Row::Write::Create,
     "{source: {url: null}}",
     {"spec.source.url: Required value: where the image is"}},
    {"Image",
     Row::Write::Create,
     "{source: {sha256: null}}",
     {"spec.source.sha256: Required value: the digest of the bytes at url"}},
    {"RateCard",
     Row::Write::Create,
     "{validUntil: '2030-01-01T00:00:00Z'}",
     {"spec.validUntil: Invalid value: must be after effectiveFrom",
      "spec.validUntil: Invalid value: \"2030-01-01T00:00:00Z\": must be after effectiveFrom "
      "2030-01-01T00:00:00Z"}},
    {"RateCard",
     Row::Write::Create,
     "{items: [{meter: units, price: '1', per: UnitHour}]}",
     {"spec.items[0].unit: Required value: the sold unit that is counted"}},
    {"RateCard",
     Row::Write::Create,
     "{items: [{meter: cpu-hours, unit: compute, price: '1', per: CPUHour}]}",
     {"spec.items[0].unit: Forbidden: only the meter units counts sold units"}},
    {"Account",
     Row::Write::Create,
     "{namespaces: [team, kube-system]}",
     {"spec.namespaces[1]: Forbidden: a namespace of the system belongs to no account"}},
    {"Account",
     Row::Write::Create,
     "{members: [{subject: {kind: ServiceAccount, name: s}, permissions: [Terminate]}]}",
     {"spec.members[0].subject.namespace: Required value: a ServiceAccount has a namespace"}},
    {"Account",
     Row::Write::Create,
     "{members: [{subject: {kind: User, name: s, namespace: ns}, permissions: [Terminate]}]}",
     {"spec.members[0].subject.namespace: Forbidden: only a ServiceAccount has one"}},
    {"Contract",
     Row::Write::Update,
     "{offeringRef: {name: another}}",
     {"spec.offeringRef.name: Invalid value: \"another\": field is immutable"}},
    {"Contract",
     Row::Write::Create,
     "{term: {duration: P1M, end: '2027-01-01T00:00:00Z'}}",
     {"spec.term.end: Forbidden: state either duration or end"}},
    {"ServiceInstance",
     Row::Write::Update,
     "{contractRef: {name: d}}",
     {"spec.contractRef.name: Invalid value: \"d\": field is immutable"}},
    {"ServiceInstance",
     Row::Write::Update,
     "{volumes: [{name: v, size: 10GiB, class: hdd, shared: true}]}",
     {"spec.volumes[0].class: Invalid value: \"hdd\": field is immutable"}},
    {"ServiceInstance",
     Row::Write::Update,
     "{volumes: [{name: v, size: 10GiB, class: ssd, shared: false}]}",
     {"spec.volumes[0].shared: Invalid value: false: field is immutable"}},
    {"ServiceInstance",
     Row::Write::Update,
     "{volumes: [{name: v, size: 5GiB, class: ssd, shared: true}]}",
     {"spec.volumes[0].size: Invalid value: \"5GiB\": a volume can't shrink without losing what "
      "is on it; it has 10GiB"}},
    {"ServiceInstance",
     Row::Write::Create,
     "{lease: {duration: 0s}}",
     {"spec.lease.duration: Invalid value: \"0s\": must be above zero"}},
};

std::vector<Row> rows() {
  const auto create = Row::Write::Create;
  std::vector<Row> out = kRows;
  const std::map<std::string, std::string> settings = {
      {"simulated", "{hosts: [{name: h, vcpus: 1, memory: 1GB, storage: 1GB}]}"},
      {"libvirt", "{uri: 'qemu:///system', storagePools: []}"},
      {"remote", "{server: 'https://x.example', namespace: ns}"}};
  for (const auto& [name, own] : settings) {
    const std::string other = name == "remote" ? "libvirt" : "remote";
    out.push_back({"Provider",
                   create,
                   "{driver: " + name + ", simulated: null}",
                   {"spec." + name + ": Required value: driver " + name + " needs its settings"}});
    out.push_back({"Provider",
                   create,
                   "{driver: " + other + ", simulated: null, " + other + ": " + settings.at(other) +
                       ", " + name + ": " + own + "}",
                   {"spec." + name + ": Forbidden: the driver is " + other}});
  }
  return out;
}

std::vector<std::string> lines_of(const std::vector<Cause>& causes) {
  std::vector<std::string> out;
  for (const Cause& cause : causes)
    out.push_back(cause.field + ": " + cause.message);
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines)
    out += line + "\n";
  return out;
}

bool holds(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

/// A kind's schema, its rules and what is asked of them.
struct Judges {
  std::shared_ptr<const Schema> schema;
  std::shared_ptr<const cel::RuleSet> rules;
};

Judges judges_of(const Json& source) {
  std::vector<Cause> causes;
  Judges out;
  out.schema = Schema::compile(source, "s", causes);
  out.rules = cel::RuleSet::compile(source, "s", causes);
  EXPECT_TRUE(causes.empty()) << joined(lines_of(causes));
  return out;
}

MapView world() {
  MapView view;
  const Json account = contract::sample_account();
  view.put(kinds::bucket(kinds::accounts()), account, account::header_fields(account));
  view.put(kinds::bucket(kinds::service_offerings()), contract::sample_offering());
  view.put(kinds::bucket(kinds::service_offering_revisions()), contract::sample_revision());
  return view;
}

TEST(SchemaRules, Each_refuses_what_admission_refuses_in_the_same_words) {
  const auto all = schemas();
  const MapView view = world();
  for (const Row& row : rows()) {
    const Judges judges = judges_of(all.at(row.kind));
    Json before = sample_of(row.kind);
    Json now = before;
    now["spec"].merge_patch(*parse_yaml(row.spec));
    judges.schema->apply_defaults(before);
    judges.schema->apply_defaults(now);
    const bool update = row.write == Row::Write::Update;
    cel::RuleReport report;
    judges.rules->validate(now, update ? &before : nullptr, report);
    EXPECT_TRUE(holds(lines_of(report.causes), row.words.front()))
        << row.kind << " " << row.spec << "\n"
        << joined(lines_of(report.causes));
    AdmitRequest request;
    request.operation = update ? AdmitRequest::Operation::Update : AdmitRequest::Operation::Create;
    request.object = &now;
    request.before = update ? &before : nullptr;
    request.now = *parse_time("2026-06-01T00:00:00Z");
    const Status judged = admitters().at(row.kind)(request, view);
    ASSERT_FALSE(judged) << row.kind << " " << row.spec;
    EXPECT_TRUE(holds(lines_of(judged.error().causes), row.words.back()))
        << row.kind << " " << row.spec << "\n"
        << joined(lines_of(judged.error().causes)) << judged.error().message;
  }
}

TEST(SchemaRules, What_is_right_is_not_refused_and_may_grow) {
  for (const auto& [kind, source] : schemas()) {
    if (count_rules(source) == 0) continue;
    if (!admitters().contains(kind)) continue;
    const Judges judges = judges_of(source);
    Json object = sample_of(kind);
    judges.schema->apply_defaults(object);
    cel::RuleReport report;
    judges.rules->validate(object, nullptr, report);
    judges.rules->validate(object, &object, report);
    if (kind == "Volume") {
      Json larger = object;
      larger["spec"]["size"] = "11GB";
      judges.rules->validate(larger, &object, report);
    }
    EXPECT_EQ(joined(lines_of(report.causes)), "") << kind;
    EXPECT_TRUE(report.warnings.empty()) << kind;
  }
}

TEST(SchemaRules, None_is_without_a_write_that_it_refuses) {
  std::map<std::string, size_t> tried;
  for (const Row& row : rows())
    ++tried[row.kind];
  for (const auto& [kind, source] : schemas())
    if (admitters().contains(kind)) {
      EXPECT_EQ(tried[kind], count_rules(source)) << kind;
    }
}

}  // namespace
}  // namespace charter

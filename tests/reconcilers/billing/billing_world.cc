#include "tests/reconcilers/billing/billing_world.h"

#include "controller/base/check.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace charter::test {
namespace {

std::string without_delays(std::string yaml) {
  const std::string boot = "bootTime: 2s";
  const auto at = yaml.find(boot);
  CHECK(at != std::string::npos);
  return yaml.replace(at, boot.size(), "bootTime: 0s\n    imageTime: 0s\n    stopTime: 0s");
}

/// Of a file of many only the objects that the story is about: the others take time and no part.
std::string only_those_used(const std::string& yaml) {
  std::string used;
  const std::string between = "\n---\n";
  for (size_t from = 0; from < yaml.size();) {
    const size_t to = std::min(yaml.find(between, from), yaml.size());
    const std::string document = yaml.substr(from, to - from);
    const bool is_used = document.find("kind: ServiceTemplate") == std::string::npos &&
                         document.find("kind: ServiceOffering") == std::string::npos;
    for (const char* name : {"name: server-open\n", "name: compute-highspeed\n"}) {
      if (!is_used && document.find(name) == std::string::npos) continue;
      used += (used.empty() ? "" : between) + document;
      break;
    }
    from = to + between.size();
  }
  return used;
}

std::string day_text(int day, const char* hour) {
  return "2026-06-" + std::string(day < 10 ? "0" : "") + std::to_string(day) + "T" + hour +
         ":00:00Z";
}

}  // namespace

std::string file_text(const std::string& path) {
  std::ifstream file(std::string(CHARTER_SOURCE_DIR) + "/" + path);
  CHECK_MSG(file.good(), path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Directory::Directory() {
  std::string name = (std::filesystem::temp_directory_path() / "charter-bills-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Directory::~Directory() {
  std::filesystem::remove_all(path_);
}

BillingWorld::BillingWorld(WorldOptions options, const std::string& items)
    : World(std::move(options)) {
  if (exists("Account", "consumerco")) {
    settle();  // it goes on where another one ended
    return;
  }
  apply(file_text("manifests/s1-catalog/00-namespace.yaml"));
  apply(without_delays(file_text("manifests/s1-catalog/10-provider.yaml")));
  for (const char* part : {"20-images", "30-templates", "40-ratecard", "50-offerings"}) {
    std::string text =
        only_those_used(file_text(std::string("manifests/s1-catalog/") + part + ".yaml"));
    const std::string begin = "  items:\n";
    if (const auto at = text.find(begin); !items.empty() && at != std::string::npos)
      text.insert(at + begin.size(), items);
    apply(text);
  }
  settle();
  apply(file_text("manifests/s2-contract/00-namespace.yaml"));
  apply(file_text("manifests/s2-contract/10-account.yaml"));
  settle();
}

void BillingWorld::contract() {
  apply(file_text("manifests/s2-contract/20-contract.yaml"));
  settle();
  accept();
}

void BillingWorld::accept() {
  edit("Contract", kContract,
       "{spec: {acceptance: {offerHash: '" + field("Contract", kContract, "status.offer.hash") +
           "'}}}");
  settle();
}

void BillingWorld::provision() {
  apply(file_text("manifests/s3-provision/10-instance.yaml"));
  settle();
}

void BillingWorld::scale(int replicas) {
  edit("ServiceInstance", kInstance, "{spec: {replicas: " + std::to_string(replicas) + "}}");
  settle();
}

void BillingWorld::live_until(const std::string& time) {
  const auto at = parse_time(time);
  CHECK_MSG(at.has_value(), time);
  // What was started is seen to its end; then the time is skipped in which only drift checks are
  // due.
  const Duration left = *at - clock().now();
  settle_for(std::min<Duration>(left, std::chrono::seconds(10)));
  if (disturb && *at - clock().now() > std::chrono::seconds(60)) {
    clock().advance((*at - clock().now()) / 3);
    disturb();
    settle();
  }
  clock().advance(*at - clock().now());
  settle();
  if (disturb) disturb();
}

void BillingWorld::live_through_june() {
  live_until(day_text(2, "00"));
  scale(1);
  for (int day = 3; day <= 30; ++day) {
    live_until(day_text(day, "08"));
    scale(day < 24 ? 2 : 3);
    live_until(day_text(day, "20"));
    scale(1);
  }
}

std::string BillingWorld::bytes(const std::string& invoice) {
  Json bill = get("Invoice", invoice);
  if (bill.is_null()) return "no bill";
  bill["status"].erase("conditions");
  return encode({{"spec", bill["spec"]}, {"status", bill["status"]}});
}

std::vector<std::string> BillingWorld::lines(const std::string& invoice) {
  std::vector<std::string> all;
  const Json bill = get("Invoice", invoice);
  const Json* lines = at(bill, {"status", "lines"});
  if (lines == nullptr) return all;
  for (const auto& line : *lines) {
    std::string text;
    for (const char* part :
         {"description", "meter", "basis", "quantity", "per", "price", "amount", "corrects"})
      text += (text.empty() ? "" : "|") + text_at(line, {part});
    all.push_back(std::move(text));
  }
  return all;
}

}  // namespace charter::test

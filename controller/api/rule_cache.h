#pragma once

#include "controller/object/schema.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace charter::cel {
class RuleSet;
}

namespace charter {

/// The compiled x-kubernetes-validations of the schemas that are served, each compiled at its first
/// write and forgotten with its schema. Thread-safe; asked only for schemas that have rules.
class RuleCache {
 public:
  std::shared_ptr<const cel::RuleSet> find(const std::shared_ptr<const Schema>& schema);

 private:
  std::mutex mutex_;
  std::map<const Schema*,
           std::pair<std::weak_ptr<const Schema>, std::shared_ptr<const cel::RuleSet>>>
      known_;
};

std::shared_ptr<RuleCache> make_rule_cache();

/// Judges a write by the rules of its schema, unless `causes` already say that its shape is wrong:
/// then they say that it was not judged, as kube-apiserver does.
void judge_rules(RuleCache& rules, const std::shared_ptr<const Schema>& schema, const Json& object,
                 const Json* before, std::vector<Cause>& causes,
                 std::vector<std::string>& warnings);

/// Appends what is wrong with the rules of a definition whose schemas are right.
void check_rules(const Json& definition, std::vector<Cause>& causes);

}  // namespace charter

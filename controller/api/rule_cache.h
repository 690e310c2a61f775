#pragma once

#include "controller/object/schema.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace charter::cel {
class RuleSet;
}

namespace charter {

/// The compiled x-kubernetes-validations of the schemas that are served, each compiled at its first
/// write and forgotten with its schema. Thread-safe; asked only for schemas that have rules.
class RuleCache {
 public:
  /// Null when none of the rules is to be evaluated. The first who asks compiles; only those who
  /// ask for the same schema wait for it.
  std::shared_ptr<const cel::RuleSet> find(const std::shared_ptr<const Schema>& schema);

 private:
  struct Entry {
    explicit Entry(const std::shared_ptr<const Schema>& of) : schema(of) {}
    const std::weak_ptr<const Schema> schema;
    std::once_flag compiled;
    std::shared_ptr<const cel::RuleSet> rules;  ///< once compiled
  };
  std::shared_ptr<Entry> entry_of(const std::shared_ptr<const Schema>& schema);

  std::mutex mutex_;  // guards known_
  std::map<const Schema*, std::shared_ptr<Entry>> known_;
};

std::shared_ptr<RuleCache> make_rule_cache();

/// Judges a write by the rules of its schema, unless `causes` already say that its shape is wrong:
/// then they say that it was not judged, as kube-apiserver does.
void judge_rules(RuleCache& rules, const std::shared_ptr<const Schema>& schema, const Json& object,
                 const Json* before, std::vector<Cause>& causes,
                 std::vector<std::string>& warnings);

/// Appends what is wrong with the rules of a definition whose schemas are right. Versions whose
/// schema is as it was in `before` (null on create) are not asked what they may cost.
void check_rules(const Json& definition, const Json* before, std::vector<Cause>& causes);

}  // namespace charter

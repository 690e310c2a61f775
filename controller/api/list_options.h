#pragma once

#include <functional>
#include <optional>
#include <string>

#include "controller/api/router.h"
#include "controller/object/kind_registry.h"
#include "controller/object/labels.h"

// Query parameters of list, watch and deletecollection (metav1.ListOptions), checked as kube-apiserver checks them. Pure.
namespace charter {

/// Parsed ListOptions.
struct ListOptions {
  enum class Match { Unset, NotOlderThan, Exact };
  Selector labels;
  Selector fields;
  size_t limit = 0;
  std::optional<int64_t> version;     ///< resourceVersion, when given
  Match match = Match::Unset;
  bool continued = false;             ///< a continue token was given: at_revision and after are set
  int64_t at_revision = 0;            ///< 0: newest
  ObjectName after;
  bool bookmarks = false;
  std::optional<bool> initial_events = {};  ///< sendInitialEvents; unset: as it was before that parameter was
  std::optional<int64_t> timeout_s;
};

/// Which verb the options belong to; some are legal for one only.
enum class ListUse { List, Watch };

/// Errors: BadRequest and Invalid with kube's texts.
Result<ListOptions> parse_list_options(const Route& route, const ResourceType& type, ListUse use);

/// True when an object passes the selectors.
bool matches(const ListOptions& options, const Encoded& object);

}  // namespace charter

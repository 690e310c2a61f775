#pragma once

#include <cstddef>
#include <string>
#include <vector>

// What the generator stores: a custom kind with objects of about 1.5 KB, and a catalog to order
// service instances from.
namespace charter::bench {

inline constexpr const char* kNamespace = "bench";
inline constexpr const char* kCollection = "/apis/example.dev/v1/namespaces/bench/instances";
inline constexpr const char* kServiceInstances =
    "/apis/charter.dev/v1alpha1/namespaces/bench/serviceinstances";

/// A namespace as JSON.
std::string namespace_object(const std::string& name);
/// The CustomResourceDefinition instances.example.dev, as large as real ones are: defaults, list
/// maps, status, printer columns.
std::string bench_definition();
/// The `index`-th object, 1.5 KB.
std::string bench_object(const std::string& name, size_t index);
/// The same object with a status, for PUT of /status; `version` may be empty.
std::string bench_object_with_status(const std::string& name, size_t index,
                                     const std::string& version);

/// An object and the collection that it is created in.
struct CatalogEntry {
  std::string collection;
  std::string body;
};
/// Provider, image, template, rate card, offering, account, contract: enough for `instances`
/// service instances.
std::vector<CatalogEntry> bench_catalog(size_t instances);
/// A service instance of one machine under the catalog's contract.
std::string service_instance(const std::string& name);

}  // namespace charter::bench

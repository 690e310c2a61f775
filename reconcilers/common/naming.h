#pragma once

#include "controller/object/object.h"

#include <initializer_list>
#include <string>
#include <string_view>

// Names that controllers give, derived from what they stand for, so that a second attempt finds the
// first.
namespace charter {

/// "sha256:" and the digest of the tree's canonical encoding (compact, sorted keys).
std::string content_hash(const Json& tree);

/// "orders-web-0": parts joined by '-', characters outside [a-z0-9-] replaced, at most 63 bytes.
/// When anything had to be changed or cut, the name ends in eight hex digits of the hash of the
/// parts, so that different parts never collide.
std::string child_name(std::initializer_list<std::string_view> parts);
/// The same, up to 253 bytes and with dots allowed.
std::string child_subdomain(std::initializer_list<std::string_view> parts);

/// An ownerReference entry that makes `owner` the controller of a child.
Json owner_reference(const Gvr& owner_resource, const Meta& owner);

/// A new object: apiVersion, kind, metadata {name, namespace}, spec. `resource` is one of
/// crds/types/kinds.h.
Json new_object(const Gvr& resource, const ObjectName& name, Json spec);
/// Adds to metadata: owner, label, annotation, finalizer.
void add_owner(Json& object, const Gvr& owner_resource, const Meta& owner);
void add_label(Json& object, const std::string& key, std::string value);
void add_finalizer(Json& object, std::string_view finalizer);
/// Removes a finalizer; true when it was there.
bool remove_finalizer(Json& object, std::string_view finalizer);

// Finalizers, see resources.md "Deletion".
inline constexpr std::string_view kReclaimFinalizer = "charter.dev/reclaim";
inline constexpr std::string_view kFinalBillFinalizer = "charter.dev/final-bill";
inline constexpr std::string_view kInUseFinalizer = "charter.dev/in-use";
inline constexpr std::string_view kRolesFinalizer = "charter.dev/roles";

// Labels on children.
inline constexpr std::string_view kAccountLabel = "charter.dev/account";
inline constexpr std::string_view kInstanceLabel = "charter.dev/instance";
inline constexpr std::string_view kComponentLabel = "charter.dev/component";
inline constexpr std::string_view kContractLabel = "charter.dev/contract";
inline constexpr std::string_view kOfferingLabel = "charter.dev/offering";

}  // namespace charter

#pragma once

#include "controller/object/kind_registry.h"

// A resource with several versions is stored in one of them and served in each: conversion strategy
// None of apiextensions/v1. Only apiVersion changes; what the other version's schema does not know
// is pruned, and what it has defaults for is filled in.
namespace charter {

/// Turns an object of another version into one of this: sets apiVersion, prunes, fills in defaults.
void convert(const ResourceType& type, Json& tree);

/// The object as this version shows it; itself when it is stored so. Cheap then: it looks at the
/// first bytes.
ObjectPtr in_version(const ResourceType& type, const ObjectPtr& object);

/// True when the object is stored in this version.
bool is_in_version(const ResourceType& type, const Encoded& object);

}  // namespace charter

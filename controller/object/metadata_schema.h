#pragma once

#include "controller/object/schema.h"

// The parts that every kind has. Kinds do not declare them in their schemas.
namespace charter {

/// metav1.ObjectMeta, shared by all kinds. Built once; thread-safe.
const Schema& object_meta_schema();
/// apiVersion and kind: a string.
const Schema& envelope_string_schema();

}  // namespace charter

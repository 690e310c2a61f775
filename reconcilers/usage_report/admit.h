#pragma once

#include "controller/object/admit.h"

// What may be written to a UsageReport. Pure.
//
//   create, update   the period ends after it begins
//   delete           always
namespace charter::usage_report {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view);

}  // namespace charter::usage_report

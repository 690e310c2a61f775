#pragma once

#include "controller/object/admit.h"

// What may be written to an Invoice. Pure.
//
//   create   the period ends after it begins
//   update   spec stays: a correction is a line on a later invoice
//   delete   a draft (it is made again), or whatever its namespace takes with it
namespace charter::invoice {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view);

}  // namespace charter::invoice

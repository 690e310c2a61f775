#pragma once

#include "controller/runtime/controller.h"

namespace charter::invoice {

/// Opens the bills of contracts: one for each calendar month that is over, and the final one
/// (periods.h). A bill's name follows from contract and period, so that two attempts make one.
ControllerSpec opener();

}  // namespace charter::invoice

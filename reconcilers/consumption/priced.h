#pragma once

#include "controller/runtime/caches.h"

#include <string>

// Whether anybody pays for what machines consume.
namespace charter::consumption {

/// True when the terms that the contract accepted have a price, be it 0, for a meter of
/// consumption. Only then counters are read and entries written: what runs without one writes
/// nothing. False without a contract, or when what it accepted cannot be read now.
bool is_priced(const Caches& caches, const ObjectName& contract);

}  // namespace charter::consumption

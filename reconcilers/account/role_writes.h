#pragma once

#include "controller/runtime/reconciler.h"
#include "reconcilers/account/roles.h"

namespace charter::account {

/// Carries out one change of an account's roles: one write. An object that can't be changed (a
/// binding to another role) is removed; the next pass makes it again.
Status change_role(const Runtime& rt, const Account& account, const RoleChange& change);

}  // namespace charter::account

#pragma once

#include "controller/object/admit.h"

// What may be written to an Account. Pure: other objects through the View only, and a new time zone
// is looked up in the system's database.
//
//   create, update  namespaces, limits, prices and placement are for who holds the verb `grant` on
//                   the Account: from them follow rights in namespaces, so that the right to update
//                   (an account's administrator has it) is not enough
//                   a namespace belongs to one Account at most, and leaves it only when no contract
//                   in it is left (also in the turn, `guard`); members are named once; a
//                   ServiceAccount has a namespace, others have none; each price is agreed once;
//                   a namespace of the system (kube-…) belongs to nobody; months can be counted in
//                   its time zone
//   delete          no contract is left; those that are, are listed
//
// Lowering a limit below what is used is allowed: it blocks only new work.
namespace charter::account {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view);

/// Rules that two writes must not pass together: who owns a namespace.
Status guard(const AdmitRequest& request, const View& view);

/// Header fields of an Account: those of this folder and those of reconcilers/common/pause.h.
Pairs header_fields(const Json& account);

}  // namespace charter::account

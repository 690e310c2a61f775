#pragma once

#include "reconcilers/contract/plan.h"

// The part of the plan that leads to an agreement: offers, their expiry, acceptance. Used for the
// first request and for amendments alike; plan.cc says when. Pure.
//
//   offer stands   acceptance names it   over a limit   -> talk
//   no             any                   any            Changed: a new offer
//   lapsed         no, or too late       any            Changed: a new offer
//   lapsed         yes, in time          yes            Changed: a new offer
//   yes            no                    any            Waiting
//   yes            yes                   yes            Waiting (OverLimit)
//   yes            yes                   no             Changed: accepted
//
// With policy Automatic a standing offer counts as named. No offer can be made: Stopped.
namespace charter::contract {

/// The pass that is being planned: what was seen, and the decision as it grows.
struct Pass {
  const Contract& contract;
  const Observed& have;
  Step step;

  /// States a condition, in the place of one of the same type.
  void say(Statement statement);
  /// States Accepted and Offered for the terms in force.
  void say_accepted();
  /// A revision that exists, or nullptr.
  const ServiceOfferingRevision::Spec* revision(const std::string& name) const;
  /// Whether status.offer waits for an answer.
  bool has_pending_offer() const;
};

/// How a round of negotiation ended.
enum class Talk {
  Changed,  ///< status.offer or status.accepted changed: look again
  Waiting,  ///< for the consumer
  Stopped,  ///< nothing to talk about
};

/// The first agreement. States Ready, Offered and Accepted.
Talk negotiate_request(Pass& pass);
/// Whether the request differs from the terms in force.
bool is_amended(const Pass& pass);
/// Another agreement, while the old terms hold. States Amending and Offered; leaves Ready alone.
Talk negotiate_amendment(Pass& pass);
/// The request is as accepted: withdraws an offer for anything else.
Talk drop_amendment(Pass& pass);

}  // namespace charter::contract

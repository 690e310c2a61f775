#pragma once

#include "controller/object/object.h"

#include <string>
#include <string_view>

// Continue tokens: where the next page of a list starts, and of which state. Opaque to clients, and nothing in them is
// believed: a token only says where to go on in what its bearer may list anyhow. Pure.
namespace charter {

/// What a token says.
struct PageToken {
  int64_t revision = 0;  ///< of the state that is listed; 0: the newest
  ObjectName after;      ///< the page starts behind it
};

/// Errors: BadRequest with kube's text for everything that was not made here.
Result<PageToken> read_page_token(std::string_view text);

/// The continue token of a page that ended with `last` at `revision`.
std::string make_continue_token(int64_t revision, const ObjectName& last);

/// The token that goes on after `last` in the newest state, for clients whose own token is too old.
std::string make_inconsistent_token(const ObjectName& last);

}  // namespace charter

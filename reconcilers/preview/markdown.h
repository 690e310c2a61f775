#pragma once

#include "reconcilers/preview/findings.h"

#include <string>

namespace charter::preview {

/// The report as Markdown, for a comment on a change request: a line of counts, then tables. What
/// comes from manifests and commits stands in code spans, so that it can neither form text nor
/// mention anybody. Long ones are cut, with a line that says so, to what such a comment may hold.
/// Pure.
std::string markdown(const Rehearsed& seen, const Findings& found);

}  // namespace charter::preview

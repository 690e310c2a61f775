#pragma once

#include "controller/object/document_read.h"

// GET …/contracts/NAME/usage?from=&to=&granularity=: what was used under a contract, straight from
// the ledger. The period defaults to the calendar month, in UTC, that holds the present.
//
//   Accept                       answer
//   application/json, */*, none  lines, actions, profile and days; with intervals=true each
//   interval text/csv                     the lines text/csv;profile=focus       charges by the
//   FOCUS specification, rated by the prices in force
namespace charter::contract {

/// KindHooks::documents["usage"].
Result<Document> usage_document(const DocumentQuery& query);

}  // namespace charter::contract

#include "controller/store/ledger_follow.h"

namespace charter {

void LedgerFollow::look_at(const ledger_rows::Row& row) {
  const MeterSpan& span = row.edge.span;
  const std::string where = "ledger " + std::to_string(row.position);
  if (row.position != position_ + 1)
    find_(where, "rows " + std::to_string(position_ + 1) + " to " +
                     std::to_string(row.position - 1) + " are missing");
  if (row.hash != ledger_rows::chain(head_, row))
    find_(where, ledger_rows::title(row.edge) + ": the chain of hashes is broken here");
  position_ = row.position;
  head_ = row.hash;
  Meter& meter = meters_[{row.edge.subject, span.meter, span.basis}];
  if (row.edge.closes()) {
    MeterSpan begun = span;
    begun.to_s.reset();
    begun.ended_by.clear();
    if (!meter.open || meter.last != begun || row.begun != meter.opened || *span.to_s < span.from_s)
      find_(where, ledger_rows::title(row.edge) + ": ends what did not begin like that");
    open_.erase({span.payer, meter.opened});
    meter.open = false;
    meter.ended = *span.to_s;
  } else {
    const bool first = meter.last.number == 0;
    if (meter.open || (!first && span.number != meter.last.number + 1) || span.from_s < meter.ended)
      find_(where, ledger_rows::title(row.edge) + ": begins before the one before it has ended");
    meter.open = true;
    meter.last = span;
    meter.opened = row.position;
    open_.insert({span.payer, row.position});
  }
}

}  // namespace charter

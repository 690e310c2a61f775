#include "drivers/libvirt/stats_record.h"

#include "drivers/libvirt/errors.h"

#include <charconv>

namespace charter::libvirt {
namespace {

/// Owns what the bulk call answers.
using Answer = std::unique_ptr<virDomainStatsRecordPtr, FreeWith<virDomainStatsRecordListFree>>;

std::string text_of(const virTypedParameter& value) {
  switch (value.type) {
    case VIR_TYPED_PARAM_INT:
      return std::to_string(value.value.i);
    case VIR_TYPED_PARAM_UINT:
      return std::to_string(value.value.ui);
    case VIR_TYPED_PARAM_LLONG:
      return std::to_string(value.value.l);
    case VIR_TYPED_PARAM_ULLONG:
      return std::to_string(value.value.ul);
    case VIR_TYPED_PARAM_STRING:
      return value.value.s != nullptr ? value.value.s : "";
    default:
      return "";
  }
}

template <class Take>
Status ask(virConnectPtr connection, unsigned kinds, unsigned flags, Take take) {
  virDomainStatsRecordPtr* listed = nullptr;
  const int count = virConnectGetAllDomainStats(connection, kinds, &listed, flags);
  if (count < 0) return last_error("listing machines");
  const Answer answer(listed);
  for (int i = 0; i < count; ++i)
    take(*listed[i]);
  return {};
}

}  // namespace

std::string uuid_of(virDomainPtr domain) {
  char uuid[VIR_UUID_STRING_BUFLEN];
  return virDomainGetUUIDString(domain, uuid) == 0 ? uuid : "";
}

StatsRecord::StatsRecord(const virDomainStatsRecord& record)
    : uuid_(uuid_of(record.dom)), domain_(virDomainRef(record.dom) == 0 ? record.dom : nullptr) {
  for (int i = 0; i < record.nparams; ++i)
    fields_[record.params[i].field] = text_of(record.params[i]);
}

std::optional<int64_t> StatsRecord::number(const std::string& field) const {
  const std::string value = text(field);
  int64_t number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool whole =
      !value.empty() && read.ec == std::errc() && read.ptr == value.data() + value.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::string StatsRecord::text(const std::string& field) const {
  const auto found = fields_.find(field);
  return found == fields_.end() ? "" : found->second;
}

Result<std::vector<StatsRecord>> bulk_stats(virConnectPtr connection, unsigned kinds,
                                            unsigned flags) {
  std::vector<StatsRecord> records;
  CHARTER_TRY(ask(connection, kinds, flags,
                  [&](const virDomainStatsRecord& record) { records.emplace_back(record); }));
  return records;
}

Result<std::vector<StatsDigest>> bulk_digests(virConnectPtr connection, unsigned kinds,
                                              unsigned flags) {
  std::vector<StatsDigest> digests;
  CHARTER_TRY(ask(connection, kinds, flags, [&](const virDomainStatsRecord& record) {
    StatsDigest digest{uuid_of(record.dom),
                       Domain(virDomainRef(record.dom) == 0 ? record.dom : nullptr), ""};
    for (int i = 0; i < record.nparams; ++i) {
      digest.text += record.params[i].field;
      digest.text += '=';
      digest.text += text_of(record.params[i]);
      digest.text += ' ';
    }
    digests.push_back(std::move(digest));
  }));
  return digests;
}

}  // namespace charter::libvirt

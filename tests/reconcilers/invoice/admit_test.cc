#include "reconcilers/invoice/admit.h"

#include "tests/reconcilers/map_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::invoice {
namespace {

Json object_until(const std::string& to) {
  return *parse_yaml(
      "{metadata: {name: june}, spec: {contractRef: {name: orders}, currency: USD, period: {from: "
      "2026-06-01T00:00:00Z, to: " +
      to + "}}}");
}

std::string verdict(const Json& now, const Json* before = nullptr) {
  AdmitRequest request;
  request.object = &now;
  request.before = before;
  const auto status = admit(request, MapView());
  return status ? "" : status.error().message;
}

TEST(InvoiceAdmit, APeriodEndsAfterItBegins) {
  EXPECT_EQ(verdict(object_until("2026-07-01T00:00:00Z")), "");
  EXPECT_EQ(verdict(object_until("2026-06-01T00:00:00Z")),
            "spec.period.to: Invalid value: \"2026-06-01T00:00:00Z\": must be after the beginning, "
            "2026-06-01T00:00:00Z");
}

TEST(InvoiceAdmit, ASpecIsNeverChanged) {
  const auto before = object_until("2026-07-01T00:00:00Z");
  EXPECT_EQ(verdict(before, &before), "");
  EXPECT_NE(verdict(object_until("2026-08-01T00:00:00Z"), &before).find("corrections are lines"),
            std::string::npos);
}

}  // namespace
}  // namespace charter::invoice

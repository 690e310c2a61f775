#pragma once

#include "tests/support/world.h"

#include <string>
#include <vector>

// ProviderCo and ConsumerCo from the manifests (S1 to S3), in a World whose machines take no time
// to boot, stop or get their image, so that what the story says of hours holds to the second.
namespace charter::test {

/// Text of a file below the repository's root; a missing one fails the test.
std::string file_text(const std::string& path);

/// A World with catalog, account and contract; the clock starts at 2026-06-01T00:00:00Z.
class BillingWorld : public World {
 public:
  explicit BillingWorld(WorldOptions options = {});

  static constexpr const char* kContract = "consumerco/orders";
  static constexpr const char* kInstance = "consumerco/order-mgmt";

  /// Requests the contract of S2 and accepts what is offered.
  void contract();
  /// Accepts what is offered now.
  void accept();
  /// Runs the instance of S3: three servers and a volume of 500 GB.
  void provision();
  void scale(int replicas);
  /// Lives until this moment; nothing is done at a time between.
  void live_until(const std::string& time);
  /// S5: day 1 three servers; day 2 one; days 3 to 23 two from 08 to 20 and one overnight; days 24
  /// to 30 three by day, one by night.
  void live_through_june();

  /// "description|meter|basis|quantity|per|price|amount|corrects" of each line.
  std::vector<std::string> lines(const std::string& invoice);
  std::string invoice(const std::string& name, const std::string& path) {
    return field("Invoice", name, path);
  }
};

}  // namespace charter::test

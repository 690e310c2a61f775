#pragma once

#include "tests/support/world.h"

#include <functional>
#include <string>
#include <vector>

// ProviderCo and ConsumerCo from the manifests (S1 to S3), in a World whose machines take no time
// to boot, stop or get their image, so that what the story says of hours holds to the second.
namespace charter::test {

/// Text of a file below the repository's root; a missing one fails the test.
std::string file_text(const std::string& path);

/// A directory that goes with the test.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A World with catalog and account, or what its data directory holds; the clock starts at
/// 2026-06-01T00:00:00Z if the options do not say otherwise.
class BillingWorld : public World {
 public:
  explicit BillingWorld(WorldOptions options = {}) : BillingWorld(std::move(options), "") {}
  /// `items` are more lines of YAML below the rate card's items.
  BillingWorld(WorldOptions options, const std::string& items);

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
  /// Called at each of those moments, with the world at rest, and by chance at one before it.
  std::function<void()> disturb;
  /// S5: day 1 three servers; day 2 one; days 3 to 23 two from 08 to 20 and one overnight; days 24
  /// to 30 three by day, one by night.
  void live_through_june();

  /// The bill's spec and what its status says of content and stages: all but the object's identity
  /// and its conditions.
  std::string bytes(const std::string& invoice);
  /// "description|meter|basis|quantity|per|price|amount|corrects" of each line.
  std::vector<std::string> lines(const std::string& invoice);
  std::string invoice(const std::string& name, const std::string& path) {
    return field("Invoice", name, path);
  }
};

}  // namespace charter::test

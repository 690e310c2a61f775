#include "tests/reconcilers/contract/samples.h"

#include "crds/types/account.h"
#include "crds/types/contract.h"
#include "crds/types/service_offering.h"
#include "crds/types/service_offering_revision.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::contract {

Json sample(const std::string& yaml) {
  auto tree = parse_yaml(yaml);
  EXPECT_TRUE(tree) << (tree ? "" : tree.error().message);
  return tree ? *tree : Json::object();
}

Json sample_account() {
  return sample(R"(
apiVersion: charter.dev/v1alpha1
kind: Account
metadata: {name: consumerco, uid: account-uid, generation: 1}
spec:
  namespaces: [consumerco]
  limits: {compute: 5, storage: 5}
  members:
  - {subject: {kind: User, name: fred}, permissions: [RequestContract, AcceptContract]}
  billing: {email: bills@consumerco.example}
)");
}

Json sample_offering() {
  return sample(R"(
apiVersion: charter.dev/v1alpha1
kind: ServiceOffering
metadata: {name: compute-highspeed, uid: offering-uid}
spec:
  publication: Published
  templateRef: {namespace: catalog, name: server}
  units:
    compute: {per: Machine, equals: {vcpus: 4, memory: 8GB}}
    storage: {per: Capacity, equals: 100GB}
  serviceLevel: {availability: "99.9"}
  billing: {rateCardRef: std-2026}
  placement: {jurisdictions: [EU, US], subcontracting: Allowed}
  contractPolicy: {acceptance: Explicit, quoteTTL: 72h}
status:
  revision: compute-highspeed-1
)");
}

Json sample_revision() {
  return sample(R"(
apiVersion: charter.dev/v1alpha1
kind: ServiceOfferingRevision
metadata: {name: compute-highspeed-1, uid: revision-uid}
spec:
  offeringRef: {name: compute-highspeed, uid: offering-uid}
  edition: 1
  contentHash: "sha256:0000000000000000000000000000000000000000000000000000000000000001"
  template:
    components:
      machines:
      - {name: server, vcpus: {value: 4}, memory: {value: 8GB}, imageRef: {name: linux}, bootDisk: {size: {value: 20GB}}}
  images:
  - {name: linux, digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", format: qcow2, architecture: x86_64}
  units:
    compute: {per: Machine, equals: {vcpus: 4, memory: 8GB}}
    storage: {per: Capacity, equals: 100GB}
  serviceLevel: {availability: "99.9"}
  billing: {rateCardRef: std-2026}
  rateCard:
    currency: USD
    effectiveFrom: 2026-01-01T00:00:00Z
    items:
    - {meter: cpu-hours, basis: Active, price: "0.13", per: CPUHour}
    - {meter: storage, basis: Allocated, price: "5.00", per: TBDay}
    discounts:
    - {"on": OrderedNotProvisioned, percent: "40"}
  placement: {jurisdictions: [EU, US], subcontracting: Allowed}
  contractPolicy: {acceptance: Explicit, quoteTTL: 72h}
)");
}

Json sample_contract() {
  return sample(R"(
apiVersion: charter.dev/v1alpha1
kind: Contract
metadata: {name: orders, namespace: consumerco, uid: contract-uid, generation: 1}
spec:
  offeringRef: {name: compute-highspeed}
  quantities: {compute: 3, storage: 5}
  term: {start: Immediately, renew: Auto}
  deletionProtection: true
)");
}

TEST(ContractSamples, EveryDocumentIsWhatItsTypedViewReads) {
  EXPECT_TRUE(read_account(sample_account()));
  EXPECT_TRUE(read_service_offering(sample_offering()));
  const auto revision = read_service_offering_revision(sample_revision());
  EXPECT_TRUE(revision) << (revision ? "" : revision.error().message);
  EXPECT_TRUE(read_contract(sample_contract()));
}

}  // namespace charter::contract

#include "controller/protobuf/messages.h"

#include "wire/authentication_v1.pb.h"
#include "wire/authorization_v1.pb.h"
#include "wire/autoscaling_v1.pb.h"
#include "wire/coordination_v1.pb.h"
#include "wire/core_v1.pb.h"
#include "wire/meta_v1.pb.h"
#include "wire/rbac_v1.pb.h"

#include <map>
#include <string>

namespace charter {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;

/// The file of an apiVersion. Naming a message of each also keeps the linker from dropping it.
const FileDescriptor* find_file(std::string_view api_version) {
  static const std::map<std::string, const FileDescriptor*, std::less<>> kFiles = {
      {"authentication.k8s.io/v1", wire::authentication::v1::TokenReview::descriptor()->file()},
      {"authorization.k8s.io/v1",
       wire::authorization::v1::SubjectAccessReview::descriptor()->file()},
      {"autoscaling/v1", wire::autoscaling::v1::Scale::descriptor()->file()},
      {"coordination.k8s.io/v1", wire::coordination::v1::Lease::descriptor()->file()},
      {"meta.k8s.io/v1", wire::meta::v1::PartialObjectMetadata::descriptor()->file()},
      {"rbac.authorization.k8s.io/v1", wire::rbac::v1::Role::descriptor()->file()},
      {"v1", wire::core::v1::Secret::descriptor()->file()},
  };
  const auto found = kFiles.find(api_version);
  return found == kFiles.end() ? nullptr : found->second;
}

}  // namespace

const Descriptor* find_message(std::string_view api_version, std::string_view kind) {
  // Kubernetes registers DeleteOptions with every group and version, Status with v1.
  if (kind == "DeleteOptions") return wire::meta::v1::DeleteOptions::descriptor();
  if (kind == "Status") return api_version == "v1" ? wire::meta::v1::Status::descriptor() : nullptr;
  const FileDescriptor* file = find_file(api_version);
  const Descriptor* message =
      file == nullptr ? nullptr : file->FindMessageTypeByName(std::string(kind));
  // Parts of documents (ObjectReference) are no kinds.
  return message != nullptr && message->FindFieldByName("metadata") != nullptr ? message : nullptr;
}

std::unique_ptr<google::protobuf::Message> new_message(const Descriptor& type) {
  const auto* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
  return std::unique_ptr<google::protobuf::Message>(prototype->New());
}

}  // namespace charter

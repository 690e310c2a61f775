#include "reconcilers/service_instance/children.h"

#include "controller/runtime/caches.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/service_instance/look.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_instance {
namespace {

constexpr size_t kPasswordBytes = 24;  // 112 bits of the generated-name alphabet
constexpr const char* kBoundary = "charter-user-data";

/// Writes children of one instance.
class ChildWriter {
 public:
  ChildWriter(const Runtime& rt, const ServiceInstance& instance) : rt_(rt), instance_(instance) {}

  Status operator()(const CreateVolume& action) const {
    auto object =
        new_object(kinds::volumes(), named(action.volume.name), spec_json(action.volume.spec));
    add_label(object, std::string(kComponentLabel), action.volume.volume);
    add_finalizer(object, kReclaimFinalizer);  // its own first pass would only add it
    return create(kinds::volumes(), std::move(object));
  }

  Status operator()(const CreateMachine& action) const {
    auto object =
        new_object(kinds::machines(), named(action.machine.name), spec_json(action.machine.spec));
    add_label(object, std::string(kComponentLabel), action.machine.spec.component);
    add_finalizer(object, kReclaimFinalizer);  // its own first pass would only add it
    return create(kinds::machines(), std::move(object));
  }

  Status operator()(const UpdateVolume& action) const {
    return update_spec(kinds::volumes(), action.name, spec_json(action.spec));
  }
  Status operator()(const UpdateMachine& action) const {
    return update_spec(kinds::machines(), action.name, spec_json(action.spec));
  }

  // An access Secret that somebody removed comes back with the password that the machines know.
  Status operator()(const CreateAccess& action) const {
    auto password = known_password();
    if (password.empty()) password = random_name_suffix(rt_.random, kPasswordBytes);
    return create_secret(action.name, {{"user", kLoginUser}, {"password", std::move(password)}});
  }

  Status operator()(const CreateCloudInit& action) const {
    const auto access = rt_.caches.get(secrets(), named(action.access));
    if (access == nullptr) {
      return Error{Code::NotFound, "secret " + action.access + " does not exist", "NotFound"};
    }
    const auto password = secret_text(access->bare_tree(), "password");
    return create_secret(action.name, {{"password", password},
                                       {"user-data", cloud_init(password, action.user_data)}});
  }

  Status operator()(const WriteAddresses& action) const {
    const auto found = rt_.caches.get(secrets(), named(action.name));
    if (found == nullptr) return {};
    auto object = found->tree();
    object["stringData"] = {{"addresses", action.addresses}};
    return written(rt_.client.update(kinds::secrets(), object, Part::Main));
  }

  Status operator()(const DeleteObject& action) const {
    auto gone = rt_.client.remove(resource_of(action.kind), named(action.name),
                                  {.uid = action.uid, .propagation = "Background"});
    if (!gone && gone.error().code == Code::NotFound) return {};
    return gone;
  }

 private:
  static std::string secrets() { return kinds::bucket(kinds::secrets()); }
  ObjectName named(const std::string& name) const { return {instance_.meta.ns, name}; }

  static const Gvr& resource_of(DeleteObject::Kind kind) {
    switch (kind) {
      case DeleteObject::Kind::Machine:
        return kinds::machines();
      case DeleteObject::Kind::Volume:
        return kinds::volumes();
      case DeleteObject::Kind::Secret:
        return kinds::secrets();
      case DeleteObject::Kind::Instance:
        break;
    }
    return kinds::service_instances();
  }

  static Status written(const Result<ObjectPtr>& result) {
    if (!result) return Error(result.error());
    return {};
  }

  bool is_ours(const Encoded& object) const {
    const auto& owners = object.header().owners;
    return std::any_of(owners.begin(), owners.end(), [&](const OwnerReference& owner) {
      return owner.uid == instance_.meta.uid;
    });
  }

  Status create(const Gvr& resource, Json object) const {
    add_owner(object, kinds::service_instances(), instance_.meta);
    add_label(object, std::string(kInstanceLabel), instance_label(instance_.meta.name));
    add_label(object, std::string(kContractLabel), child_name({instance_.spec.contract.name}));
    const auto name = text_at(object, {"metadata", "name"});
    const auto created = rt_.client.create(resource, object);
    if (created) return {};
    if (created.error().code != Code::AlreadyExists) return Error(created.error());
    const auto there = rt_.client.get(resource, named(name));
    if (there && is_ours(**there)) return {};
    return Error{Code::AlreadyExists,
                 resource.resource + " " + name +
                     " exists and does not belong to this instance; remove or rename it",
                 "AlreadyExists"};
  }

  Status create_secret(const std::string& name, Json text) const {
    auto object = new_object(kinds::secrets(), named(name), Json::object());
    object.erase("spec");
    object["type"] = "Opaque";
    object["stringData"] = std::move(text);
    return create(kinds::secrets(), std::move(object));
  }

  Status update_spec(const Gvr& resource, const std::string& name, Json spec) const {
    const auto found = rt_.caches.get(kinds::bucket(resource), named(name));
    if (found == nullptr) return {};
    auto object = found->tree();
    object["spec"] = std::move(spec);
    return written(rt_.client.update(resource, object, Part::Main));
  }

  std::string known_password() const {
    for (const auto& secret : rt_.caches.owned_by(secrets(), instance_.meta.uid)) {
      auto password = secret_text(secret->bare_tree(), "password");
      if (!password.empty()) return password;
    }
    return {};
  }

  const Runtime& rt_;
  const ServiceInstance& instance_;
};

std::string part(const char* type, const std::string& text) {
  return std::string("--") + kBoundary + "\nContent-Type: " + type + "; charset=\"utf-8\"\n\n" +
         text + (text.ends_with('\n') ? "" : "\n");
}

}  // namespace

std::string cloud_init(const std::string& password, const std::string& user_data) {
  const auto own = std::string("#cloud-config\nusers:\n- default\n- name: ") + kLoginUser +
                   "\n  lock_passwd: false\n  shell: /bin/bash\n  sudo: ALL=(ALL) NOPASSWD:ALL\n"
                   "ssh_pwauth: true\nchpasswd:\n  expire: false\n  list: |\n    " +
                   kLoginUser + ":" + password + "\n";
  if (user_data.empty()) return own;
  // Of two parts cloud-init lets the later one win, so the template has the last word. It tells
  // the kind of a text/plain part by its first line.
  return std::string("Content-Type: multipart/mixed; boundary=\"") + kBoundary +
         "\"\nMIME-Version: 1.0\n\n" + part("text/cloud-config", own) +
         part("text/plain", user_data) + "--" + kBoundary + "--\n";
}

Status carry_out(const Runtime& rt, const ServiceInstance& instance, const Action& action) {
  return std::visit(ChildWriter(rt, instance), action);
}

}  // namespace charter::service_instance

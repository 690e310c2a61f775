#pragma once

#include "controller/base/result.h"
#include "drivers/libvirt/settings.h"
#include "drivers/libvirt/stamp.h"

#include <pugixml.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Definitions of domains: made from a plan, read back, and changed in place. Pure.
//
// A change always starts from the definition that the host has, so that what somebody else added to
// it stays. The boot disk is vda, the seed vdz, volumes take the letters between; each disk names
// pool and volume, never a path.
namespace charter::libvirt {

/// What runs a domain's code: <domain type=…>.
enum class DomainType { Test, Qemu, Kvm };

/// A disk of a domain.
struct DiskPlan {
  std::string pool, volume;
  std::string format;  ///< always stated: nothing is ever guessed from a disk's bytes
  std::string target;  ///< vda …
  std::string serial;  ///< how the guest finds it: /dev/disk/by-id/virtio-<serial>
  bool shared = false;
  bool read_only = false;
};

/// A network card of a domain.
struct NicPlan {
  std::string mac;
  std::string network;  ///< of libvirt; empty: user mode
};

/// What boots instead of a disk: paths on the host, and the kernel's command line. Empty: a disk.
struct KernelPlan {
  std::string kernel, initrd, command;
};

/// A domain to be defined.
struct DomainPlan {
  DomainType type = DomainType::Qemu;
  Stamp stamp;
  std::string title;
  int vcpus = 0;
  int vcpus_max = 0;  ///< of whole sockets
  MachineClass make;
  KernelPlan kernel;
  std::vector<DiskPlan> disks;
  std::vector<NicPlan> nics;
  std::string console_log;  ///< path; empty: no log
};

/// A disk as a definition has it.
struct DiskView {
  std::string pool, volume, target;
};

/// What a definition says.
struct DomainView {
  std::string uuid, name, title;
  std::optional<Stamp> stamp;
  std::optional<int64_t> started_s;
  std::optional<StopMark> stop;
  Detached detached;  ///< of what runs
  int vcpus = 0, vcpus_max = 0;
  int64_t memory_bytes = 0;      ///< what the guest has now
  int64_t memory_max_bytes = 0;  ///< what a balloon can give it back
  std::vector<DiskView> disks;   ///< of pools only
  std::vector<NicPlan> nics;
};

/// Name of the domain of a machine, and of its substitute.
std::string domain_name(const std::string& uid);
std::string substitute_name(const std::string& uid);
/// Address of a machine's nth network card: locally administered, and the same at each call.
std::string mac_of(const std::string& uid, size_t index);
/// Serial of a volume's disk: virtio shows twenty characters.
std::string serial_of(const std::string& uid);

/// So many virtual processors, or as few more as make up whole sockets.
int whole_sockets(int vcpus, const MachineClass& make);

/// The definition as text.
std::string build_domain(const DomainPlan& plan);

/// One definition as a tree. Memory of a domain is what its stamp says as long as it differs by no
/// more than a hypervisor rounds.
class DomainXml {
 public:
  static Result<DomainXml> parse(const std::string& text);

  DomainView view() const;
  std::string text() const;

  void set_size(int vcpus, int64_t memory_bytes);
  void set_complete();
  void set_identity(const std::string& uuid, const std::string& name);
  /// Marks it so, and takes away what it could do harm with: disks and cards.
  void give_up();
  /// Errors: Conflict when every letter is taken. Returns the target.
  Result<std::string> add_disk(DiskPlan disk);
  /// False when it had no such disk.
  bool remove_disk(const std::string& pool, const std::string& volume);

 private:
  DomainXml() : document_(std::make_unique<pugi::xml_document>()) {}
  pugi::xml_node domain() const { return document_->child("domain"); }
  void replace_stamp(const Stamp& stamp);
  std::unique_ptr<pugi::xml_document> document_;
};

/// A disk alone, for attaching and detaching.
std::string disk_element(const DiskPlan& disk);

}  // namespace charter::libvirt

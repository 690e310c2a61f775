#pragma once

#include "drivers/libvirt/domain_xml.h"

#include <string>

// What was read of one domain. No handle: it may be kept, and used with any connection.
namespace charter::libvirt {

/// One domain, looked at once.
struct Reading {
  int state = 0, reason = 0;  ///< virDomainState and its reason
  bool active = false;
  bool persistent = false;  ///< a running one that somebody undefined is not
  DomainView config;        ///< what the next start uses
  DomainView live;          ///< what runs; equals config when nothing does
  std::string address;      ///< of its first card, empty until known
};

/// What was read of one volume.
struct VolumeSize {
  int64_t capacity = 0;    ///< of the disk
  int64_t allocation = 0;  ///< that the host has given it
};

}  // namespace charter::libvirt

#pragma once

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <memory>
#include <string>

// libvirt's objects as values that free themselves. A handle belongs to the connection it came
// from, and so to the worker that holds that connection.
namespace charter::libvirt {

/// Calls one of libvirt's free functions.
template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Connect = std::unique_ptr<virConnect, FreeWith<virConnectClose>>;
using Domain = std::unique_ptr<virDomain, FreeWith<virDomainFree>>;
using Pool = std::unique_ptr<virStoragePool, FreeWith<virStoragePoolFree>>;
using Volume = std::unique_ptr<virStorageVol, FreeWith<virStorageVolFree>>;
using Network = std::unique_ptr<virNetwork, FreeWith<virNetworkFree>>;
using Stream = std::unique_ptr<virStream, FreeWith<virStreamFree>>;

/// Takes over a string that libvirt allocated; empty for nullptr.
inline std::string take_text(char* text) {
  std::string taken = text != nullptr ? text : "";
  std::free(text);
  return taken;
}

}  // namespace charter::libvirt

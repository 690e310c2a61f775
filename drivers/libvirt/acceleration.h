#pragma once

#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"

#include <string>

// Whether guests may use KVM. That /dev/kvm opens and that libvirt lists KVM proves nothing: there
// are hosts whose KVM emulates the guest's kernel, wrongly and ten times slower than QEMU does. So
// a guest of one sector is run: it copies its sector to the next one of its disk and switches
// itself off. KVM works when the copy is there, and soon.
namespace charter::libvirt {

/// What the settings ask for, or what the test shows. `why` is for people: "KVM", "TCG: …".
DomainType choose_type(virConnectPtr connection, const Endpoint& endpoint, std::string& why);

}  // namespace charter::libvirt

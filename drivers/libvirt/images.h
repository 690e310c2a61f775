#pragma once

#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"

#include <cstdint>
#include <string>

// Images on the host: one volume for each digest and pool, from which boot disks are linked clones,
// or three with what is booted instead of a disk: kernel, initrd and the kernel's command line.
// Never written again once it is complete, and never taken away while a clone may need it.
namespace charter::libvirt {

/// An image that boot disks can begin as, or that boots with an empty one.
struct GoldenImage {
  std::string path;    ///< what boot disks begin as; empty: they begin empty
  std::string format;  ///< of that
  int64_t virtual_bytes = 0;
  KernelPlan kernel = {};
};

/// Brings it there unless it is. An upload that was interrupted is begun again: only the mark
/// beside a volume says that its bytes are all there. Errors: of ImageSource; Invalid for a format
/// that nothing can boot from.
Result<GoldenImage> ensure_image(virConnectPtr connection, Endpoint& endpoint,
                                 const std::string& pool, const std::string& digest,
                                 const std::string& format);

}  // namespace charter::libvirt

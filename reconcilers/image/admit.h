#pragma once

#include "controller/object/admit.h"
#include "crds/types/image.h"

#include <string>
#include <string_view>
#include <vector>

// What may be written to an Image. Pure; reads no other object.
//
//   source.url     with sha256; its host is a DNS name: addresses in any spelling, localhost and
//                  local domains are refused (the fetcher checks what the name resolves to)
//   source.upload  refused: this server takes no uploads
//
// Editing changes nothing that runs: revisions freeze digest and url. An object in deletion takes
// every change, because finalizers have to go.
namespace charter::image {

/// Rules on the object.
Status admit(const AdmitRequest& request, const View& view);

/// Appends what is wrong with a source; also used by the plan.
void check_source(const Image::Source& source, std::vector<Cause>& causes);

/// The host of an https URL, without port: "h.example", "[::1]", or what stands in its place.
std::string host_of(std::string_view url);
/// Whether a host is a DNS name that can be public.
bool is_public_name(std::string_view host);

}  // namespace charter::image

#pragma once

#include "crds/types/policies.h"

// Typed view of crds/image.yaml.
namespace charter {

/// An operating-system image.
struct Image {
  struct Source {
    std::string url;     ///< empty: uploaded
    std::string sha256;  ///< hex digits, without "sha256:"
    bool upload = false;
    static void fields(auto& f, auto& s) {
      f("url", s.url);
      f("sha256", s.sha256);
      f("upload", s.upload);
    }
    bool operator==(const Source&) const = default;
  };
  struct Spec {
    Source source;
    ImageFormat format = ImageFormat::Qcow2;
    Architecture architecture = Architecture::X86_64;
    std::string os;
    std::vector<std::string> contains;
    std::optional<int64_t> min_disk_bytes;
    std::string description;
    static void fields(auto& f, auto& s) {
      f.required("source", s.source);
      f("format", s.format);
      f("architecture", s.architecture);
      f.required("os", s.os);
      f("contains", s.contains);
      f("minDisk", as_bytes(s.min_disk_bytes));
      f("description", s.description);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    std::string digest;  ///< "sha256:…"
    std::optional<int64_t> size_bytes;
    std::optional<int64_t> virtual_size_bytes;
    int64_t referenced_by = 0;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("digest", s.digest);
      f("size", as_bytes(s.size_bytes));
      f("virtualSize", as_bytes(s.virtual_size_bytes));
      f("referencedBy", s.referenced_by);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<Image> read_image(const Json& object);
Json spec_json(const Image::Spec& spec);
Json status_json(const Image::Status& status);

}  // namespace charter

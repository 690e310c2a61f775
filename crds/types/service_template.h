#pragma once

#include "crds/types/view.h"

// Typed view of crds/servicetemplate.yaml. `Template` is also the frozen copy in a
// ServiceOfferingRevision.
namespace charter {

/// Type of a parameter; a quantity is an amount of bytes such as 8GB.
enum class ParameterType { Integer, Quantity, String };
constexpr std::array<std::string_view, 3> words(ParameterType) {
  return {"integer", "quantity", "string"};
}

/// A typed parameter and its bounds. `allowed` and min/max/step hold together.
struct TemplateParameter {
  std::string name;
  ParameterType type = ParameterType::String;
  std::string description;
  std::vector<ParameterValue> allowed;
  std::optional<ParameterValue> min, max, step, fallback;  ///< `default` in the CRD
  static void fields(auto& f, auto& s) {
    f.required("name", s.name);
    f.required("type", s.type);
    f("description", s.description);
    f("allowed", s.allowed);
    f("min", s.min);
    f("max", s.max);
    f("step", s.step);
    f("default", s.fallback);
  }
  bool operator==(const TemplateParameter&) const = default;
};

/// A number that is stated or taken from a parameter.
struct IntegerSource {
  std::optional<int64_t> value;
  std::string from_parameter;
  static void fields(auto& f, auto& s) {
    f("value", s.value);
    f("fromParameter", s.from_parameter);
  }
  bool operator==(const IntegerSource&) const = default;
};

/// An amount of bytes that is stated or taken from a parameter.
struct BytesSource {
  std::optional<int64_t> value_bytes;
  std::string from_parameter;
  static void fields(auto& f, auto& s) {
    f("value", as_bytes(s.value_bytes));
    f("fromParameter", s.from_parameter);
  }
  bool operator==(const BytesSource&) const = default;
};

/// A word that is stated or taken from a parameter.
struct TextSource {
  std::string value;
  std::string from_parameter;
  static void fields(auto& f, auto& s) {
    f("value", s.value);
    f("fromParameter", s.from_parameter);
  }
  bool operator==(const TextSource&) const = default;
};

/// An image chosen by a parameter.
struct ImageChoice {
  std::string parameter;
  std::map<std::string, std::string> images;  ///< parameter value → Image; `map` in the CRD
  static void fields(auto& f, auto& s) {
    f.required("parameter", s.parameter);
    f.required("map", s.images);
  }
  bool operator==(const ImageChoice&) const = default;
};

/// A machine's own disk.
struct BootDiskComponent {
  BytesSource size;
  std::optional<TextSource> disk_class;
  static void fields(auto& f, auto& s) {
    f.required("size", s.size);
    f("class", s.disk_class);
  }
  bool operator==(const BootDiskComponent&) const = default;
};

/// One kind of machine of a service.
struct MachineComponent {
  std::string name;
  IntegerSource vcpus;
  BytesSource memory;
  std::optional<TextSource> machine_class;
  std::optional<NameRef> image;
  std::optional<ImageChoice> image_from;
  BootDiskComponent boot_disk;
  std::vector<std::string> volumes, networks;
  std::string user_data;
  static void fields(auto& f, auto& s) {
    f.required("name", s.name);
    f.required("vcpus", s.vcpus);
    f.required("memory", s.memory);
    f("class", s.machine_class);
    f("imageRef", s.image);
    f("imageFrom", s.image_from);
    f.required("bootDisk", s.boot_disk);
    f("volumes", s.volumes);
    f("networks", s.networks);
    f("userData", s.user_data);
  }
  bool operator==(const MachineComponent&) const = default;
};

/// One data volume of a service.
struct VolumeComponent {
  std::string name;
  BytesSource size;
  std::optional<TextSource> volume_class;
  bool shared = false;
  static void fields(auto& f, auto& s) {
    f.required("name", s.name);
    f.required("size", s.size);
    f("class", s.volume_class);
    f("shared", s.shared);
  }
  bool operator==(const VolumeComponent&) const = default;
};

/// One network of a service.
struct NetworkComponent {
  std::string name, description;
  static void fields(auto& f, auto& s) {
    f.required("name", s.name);
    f("description", s.description);
  }
  bool operator==(const NetworkComponent&) const = default;
};

/// What a service consists of.
struct Components {
  std::vector<MachineComponent> machines;
  std::vector<VolumeComponent> volumes;
  std::vector<NetworkComponent> networks;
  static void fields(auto& f, auto& s) {
    f("machines", s.machines);
    f("volumes", s.volumes);
    f("networks", s.networks);
  }
  bool operator==(const Components&) const = default;
};

/// A template: spec of a ServiceTemplate, and its frozen copy in a revision.
struct Template {
  std::string description;
  std::vector<TemplateParameter> parameters;
  Components components;
  static void fields(auto& f, auto& s) {
    f("description", s.description);
    f("parameters", s.parameters);
    f.required("components", s.components);
  }
  bool operator==(const Template&) const = default;
};

/// What a developer offers to providers.
struct ServiceTemplate {
  using Spec = Template;
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    std::vector<std::string> images;
    int64_t offerings = 0;
    std::string content_hash;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("images", s.images);
      f("offerings", s.offerings);
      f("contentHash", s.content_hash);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<ServiceTemplate> read_service_template(const Json& object);
Json spec_json(const ServiceTemplate::Spec& spec);
Json status_json(const ServiceTemplate::Status& status);

}  // namespace charter

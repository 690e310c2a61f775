#include "reconcilers/service_template/consistency.h"

#include "controller/object/causes.h"
#include "reconcilers/parameters/bounds.h"
#include "reconcilers/parameters/narrowing.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_template {
namespace {

/// A template being judged.
struct Judgement {
  const Template& spec;
  std::vector<Cause>& causes;

  /// The parameter that a source names, if it exists with the type.
  const TemplateParameter* parameter(const std::string& name, ParameterType type,
                                     const std::string& field) const {
    const auto* found = find_parameter(spec, name);
    if (found == nullptr) {
      causes.push_back(invalid_cause(field, name, "there is no parameter of this name"));
      return nullptr;
    }
    if (found->type == type) return found;
    causes.push_back(invalid_cause(field, name,
                                   "the parameter is of type " + std::string(to_word(found->type)) +
                                       ", " + std::string(to_word(type)) + " is needed"));
    return nullptr;
  }
};

std::string element(const std::string& list, size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

// Sizes are counted and reserved, so no parameter may make one of them 0 or negative.
void check_size(const Judgement& judge, bool stated, const std::string& from_parameter,
                ParameterType type, const std::string& field) {
  if (stated == !from_parameter.empty()) {
    judge.causes.push_back(required_cause(field, "state either value or fromParameter"));
    return;
  }
  if (stated) return;
  const auto* found = judge.parameter(from_parameter, type, field + ".fromParameter");
  if (found == nullptr) return;
  const auto least = parameters::smallest(*found);
  if (least && *least > 0) return;
  judge.causes.push_back(
      invalid_cause(field + ".fromParameter", from_parameter,
                    "a size needs a parameter with allowed values or a min greater than 0"));
}

void check_size(const Judgement& judge, const BytesSource& source, const std::string& field) {
  check_size(judge, source.value_bytes.has_value(), source.from_parameter, ParameterType::Quantity,
             field);
}

void check_text(const Judgement& judge, const std::optional<TextSource>& source,
                const std::string& field) {
  if (!source) return;
  if (source->value.empty() == source->from_parameter.empty()) {
    judge.causes.push_back(required_cause(field, "state either value or fromParameter"));
  } else if (!source->from_parameter.empty()) {
    judge.parameter(source->from_parameter, ParameterType::String, field + ".fromParameter");
  }
}

void check_image_choice(const Judgement& judge, const ImageChoice& choice,
                        const std::string& field) {
  const auto* found =
      judge.parameter(choice.parameter, ParameterType::String, field + ".parameter");
  if (found == nullptr) return;
  if (found->allowed.empty()) {
    judge.causes.push_back(invalid_cause(field + ".parameter", choice.parameter,
                                         "needs allowed values: each of them has its image"));
    return;
  }
  for (const auto& value : found->allowed) {
    if (choice.images.contains(value.text())) continue;
    judge.causes.push_back(required_cause(field + ".map." + value.text(),
                                          "parameter " + choice.parameter + " allows this value"));
  }
  for (const auto& [value, image] : choice.images) {
    if (parameters::holds(ParameterType::String, found->allowed, ParameterValue{value})) continue;
    judge.causes.push_back(invalid_cause(
        field + ".map." + value, image, "parameter " + choice.parameter + " never has this value"));
  }
}

void check_image(const Judgement& judge, const MachineComponent& machine,
                 const std::string& field) {
  if (machine.image.has_value() == machine.image_from.has_value()) {
    judge.causes.push_back(required_cause(field, "state either imageRef or imageFrom"));
  } else if (machine.image_from) {
    check_image_choice(judge, *machine.image_from, field + ".imageFrom");
  }
}

template <class Component>
void check_names(const Judgement& judge, const std::vector<std::string>& names,
                 const std::vector<Component>& components, const std::string& what,
                 const std::string& field) {
  for (size_t i = 0; i < names.size(); ++i) {
    const bool known = std::any_of(components.begin(), components.end(),
                                   [&](const auto& one) { return one.name == names[i]; });
    if (known) continue;
    judge.causes.push_back(
        invalid_cause(element(field, i), names[i], "there is no " + what + " of this name"));
  }
}

template <class Component>
void check_unique(const Judgement& judge, const std::vector<Component>& components,
                  const std::string& list) {
  std::set<std::string> seen;
  for (size_t i = 0; i < components.size(); ++i) {
    if (seen.insert(components[i].name).second) continue;
    judge.causes.push_back(duplicate_cause(element(list, i) + ".name", components[i].name));
  }
}

void check_machine(const Judgement& judge, const MachineComponent& machine,
                   const std::string& field) {
  check_size(judge, machine.vcpus.value.has_value(), machine.vcpus.from_parameter,
             ParameterType::Integer, field + ".vcpus");
  check_size(judge, machine.memory, field + ".memory");
  check_size(judge, machine.boot_disk.size, field + ".bootDisk.size");
  check_text(judge, machine.machine_class, field + ".class");
  check_text(judge, machine.boot_disk.disk_class, field + ".bootDisk.class");
  check_image(judge, machine, field);
  const auto& components = judge.spec.components;
  check_names(judge, machine.volumes, components.volumes, "volume", field + ".volumes");
  check_names(judge, machine.networks, components.networks, "network", field + ".networks");
}

}  // namespace

const TemplateParameter* find_parameter(const Template& spec, const std::string& name) {
  const auto found = std::find_if(spec.parameters.begin(), spec.parameters.end(),
                                  [&](const auto& parameter) { return parameter.name == name; });
  return found == spec.parameters.end() ? nullptr : &*found;
}

void check_template(const Template& spec, std::vector<Cause>& causes) {
  const Judgement judge{spec, causes};
  check_unique(judge, spec.parameters, "spec.parameters");
  for (size_t i = 0; i < spec.parameters.size(); ++i) {
    parameters::check_bounds(spec.parameters[i], element("spec.parameters", i), causes);
  }
  const auto& components = spec.components;
  check_unique(judge, components.machines, "spec.components.machines");
  check_unique(judge, components.volumes, "spec.components.volumes");
  check_unique(judge, components.networks, "spec.components.networks");
  for (size_t i = 0; i < components.machines.size(); ++i) {
    check_machine(judge, components.machines[i], element("spec.components.machines", i));
  }
  for (size_t i = 0; i < components.volumes.size(); ++i) {
    const auto field = element("spec.components.volumes", i);
    check_size(judge, components.volumes[i].size, field + ".size");
    check_text(judge, components.volumes[i].volume_class, field + ".class");
  }
  if (components.machines.empty() && components.volumes.empty()) {
    causes.push_back(required_cause("spec.components", "at least one machine or volume"));
  }
}

std::set<std::string> image_names(const Template& spec) {
  std::set<std::string> names;
  for (const auto& machine : spec.components.machines) {
    if (machine.image) names.insert(machine.image->name);
    if (!machine.image_from) continue;
    for (const auto& [value, image] : machine.image_from->images)
      names.insert(image);
  }
  return names;
}

}  // namespace charter::service_template

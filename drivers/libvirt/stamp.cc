#include "drivers/libvirt/stamp.h"

#include "drivers/libvirt/xml_text.h"

#include <pugixml.hpp>

#include <cstring>
#include <string_view>

namespace charter::libvirt {
namespace {

/// The child of <metadata> in this namespace. libvirt keeps the prefix that an element came with,
/// or makes one, so only the declaration on the element itself tells.
pugi::xml_node child_in(const pugi::xml_node& metadata, const char* uri) {
  for (const pugi::xml_node child : metadata.children()) {
    for (const pugi::xml_attribute attribute : child.attributes()) {
      const bool declares = std::strncmp(attribute.name(), "xmlns", 5) == 0;
      if (declares && std::strcmp(attribute.value(), uri) == 0) return child;
    }
  }
  return {};
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  if (!value.empty()) node.append_attribute(name).set_value(value.c_str());
}

std::string get(const pugi::xml_node& node, const char* name) {
  return node.attribute(name).as_string();
}

int64_t get_number(const pugi::xml_node& node, const char* name) {
  return node.attribute(name).as_llong();
}

std::optional<Tenancy> tenancy_of(std::string_view word) {
  for (const auto tenancy :
       {Tenancy::SharedNetwork, Tenancy::TenantNetwork, Tenancy::DedicatedHost}) {
    if (tenancy_word(tenancy) == word) return tenancy;
  }
  return std::nullopt;
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

void write_stamp(pugi::xml_node metadata, const Stamp& stamp) {
  auto node = metadata.append_child("charter:machine");
  node.append_attribute("xmlns:charter").set_value(kStampUri);
  set(node, "uid", stamp.uid);
  set(node, "provider", stamp.provider);
  set(node, "fingerprint", stamp.fingerprint);
  set(node, "complete", stamp.complete ? "yes" : "no");
  if (stamp.given_up) set(node, "givenUp", "yes");
  set(node, "image", stamp.image_digest);
  set(node, "diskClass", stamp.disk_class);
  set(node, "diskBytes", std::to_string(stamp.disk_bytes));
  set(node, "memoryBytes", std::to_string(stamp.memory_bytes));
  set(node, "bootPool", stamp.boot_pool);
  set(node, "bootVolume", stamp.boot_volume);
  set(node, "seedVolume", stamp.seed_volume);
  set(node, "consoleVolume", stamp.console_volume);
  set(node, "tenant", stamp.protection.tenant);
  set(node, "tenancy", std::string(tenancy_word(stamp.protection.tenancy)));
  for (const auto& name : stamp.networks) {
    auto network = node.append_child("charter:network");
    set(network, "name", name);
  }
}

std::optional<Stamp> read_stamp(const pugi::xml_node& metadata) {
  const auto node = child_in(metadata, kStampUri);
  if (!node || local_name(node) != "machine") return std::nullopt;
  Stamp stamp{.uid = get(node, "uid"),
              .provider = get(node, "provider"),
              .fingerprint = get(node, "fingerprint"),
              .complete = get(node, "complete") == "yes",
              .given_up = get(node, "givenUp") == "yes",
              .image_digest = get(node, "image"),
              .disk_class = get(node, "diskClass"),
              .disk_bytes = get_number(node, "diskBytes"),
              .memory_bytes = get_number(node, "memoryBytes"),
              .boot_pool = get(node, "bootPool"),
              .boot_volume = get(node, "bootVolume"),
              .seed_volume = get(node, "seedVolume"),
              .console_volume = get(node, "consoleVolume")};
  const auto tenancy = tenancy_of(get(node, "tenancy"));
  if (stamp.uid.empty() || !tenancy) return std::nullopt;
  stamp.protection = {.tenant = get(node, "tenant"), .tenancy = *tenancy};
  for (const pugi::xml_node child : node.children()) {
    if (local_name(child) == "network") stamp.networks.push_back(get(child, "name"));
  }
  return stamp;
}

std::optional<int64_t> read_start(const pugi::xml_node& metadata) {
  const auto node = child_in(metadata, kStartUri);
  if (!node) return std::nullopt;
  return get_number(node, "at");
}

std::optional<StopMark> read_stop(const pugi::xml_node& metadata) {
  const auto node = child_in(metadata, kStopUri);
  if (!node) return std::nullopt;
  return StopMark{get_number(node, "first"), get_number(node, "last")};
}

Transferred Detached::total(const std::set<std::string>& disks) const {
  if (leaving.empty() || disks.contains(leaving)) return gone;
  return {gone.read_bytes + by_leaving.read_bytes, gone.written_bytes + by_leaving.written_bytes};
}

Detached read_detached(const pugi::xml_node& metadata) {
  const auto node = child_in(metadata, kDetachedUri);
  return {.gone = {get_number(node, "read"), get_number(node, "written")},
          .leaving = get(node, "leaving"),
          .by_leaving = {get_number(node, "leavingRead"), get_number(node, "leavingWritten")}};
}

std::string start_element(int64_t at_s) {
  pugi::xml_document document;
  set(document.append_child("start"), "at", std::to_string(at_s));
  return text_of(document);
}

std::string stop_element(const StopMark& mark) {
  pugi::xml_document document;
  auto node = document.append_child("stop");
  set(node, "first", std::to_string(mark.first_s));
  set(node, "last", std::to_string(mark.last_s));
  return text_of(document);
}

std::string detached_element(const Detached& detached) {
  pugi::xml_document document;
  auto node = document.append_child("detached");
  set(node, "read", std::to_string(detached.gone.read_bytes));
  set(node, "written", std::to_string(detached.gone.written_bytes));
  set(node, "leaving", detached.leaving);
  set(node, "leavingRead", std::to_string(detached.by_leaving.read_bytes));
  set(node, "leavingWritten", std::to_string(detached.by_leaving.written_bytes));
  return text_of(document);
}

}  // namespace charter::libvirt

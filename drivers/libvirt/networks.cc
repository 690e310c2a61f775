#include "drivers/libvirt/networks.h"

#include "controller/base/log.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/xml_text.h"

#include <libvirt/virterror.h>
#include <pugixml.hpp>

namespace charter::libvirt {
namespace {

uint64_t hash_of(const std::string& text) {
  uint64_t state = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : text)
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return state;
}

std::string hex_of(const std::string& text) {
  constexpr char kHex[] = "0123456789abcdef";
  const uint64_t bits = hash_of(text);
  std::string hex;
  for (int shift = 60; shift >= 0; shift -= 4)
    hex += kHex[bits >> shift & 15];
  return hex;
}

Result<Network> find_or_define(virConnectPtr connection, const std::string& provider_uid,
                               const NetworkMapping& mapping) {
  Network there(virNetworkLookupByName(connection, mapping.network.c_str()));
  if (!there && last_code() != VIR_ERR_NO_NETWORK)
    return last_error("looking for network " + mapping.network);
  if (there) {
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virNetworkGetUUIDString(there.get(), uuid) == 0 &&
        network_uuid(provider_uid, mapping.network) == uuid)
      return there;
    return Error{Code::Forbidden, "spec.libvirt.networks: the host has a network " +
                                      mapping.network +
                                      " that was not made by us; join it by mode Network"};
  }
  Network made(virNetworkDefineXML(connection, network_xml(provider_uid, mapping).c_str()));
  if (!made) return last_error("making network " + mapping.network);
  log_info("libvirt", "network made", {{"network", mapping.network}});
  return made;
}

Status ensure_network(virConnectPtr connection, const std::string& provider_uid,
                      const NetworkMapping& mapping) {
  CHARTER_TRY_ASSIGN(const Network network, find_or_define(connection, provider_uid, mapping));
  if (virNetworkIsActive(network.get()) == 1) return {};
  if (virNetworkCreate(network.get()) != 0)
    return last_error("starting network " + mapping.network);
  if (virNetworkSetAutostart(network.get(), 1) != 0)
    return last_error("starting network " + mapping.network + " with the host");
  return {};
}

}  // namespace

std::string network_uuid(const std::string& provider_uid, const std::string& name) {
  std::string hex = hex_of("network 1 " + provider_uid + " " + name) +
                    hex_of("network 2 " + provider_uid + " " + name);
  hex[12] = '8';  // version: of our own making
  hex[16] = 'a';  // variant: RFC 9562
  for (const size_t dash : {8, 13, 18, 23})
    hex.insert(dash, "-");
  return hex;
}

std::string network_xml(const std::string& provider_uid, const NetworkMapping& mapping) {
  pugi::xml_document document;
  auto network = document.append_child("network");
  network.append_child("name").text().set(mapping.network.c_str());
  network.append_child("uuid").text().set(network_uuid(provider_uid, mapping.network).c_str());
  if (mapping.mode == NetworkMode::Nat)
    network.append_child("forward").append_attribute("mode").set_value("nat");
  auto bridge = network.append_child("bridge");  // libvirt names it
  bridge.append_attribute("stp").set_value("on");
  bridge.append_attribute("delay").set_value("0");
  auto address = network.append_child("ip");
  address.append_attribute("address").set_value(mapping.address.text.c_str());
  address.append_attribute("prefix").set_value(mapping.address.prefix);
  auto range = address.append_child("dhcp").append_child("range");
  range.append_attribute("start").set_value(mapping.address.first.c_str());
  range.append_attribute("end").set_value(mapping.address.last.c_str());
  return text_of(document);
}

Status ensure_networks(virConnectPtr connection, const Settings& settings) {
  for (const auto& mapping : settings.networks) {
    if (mapping.is_made()) CHARTER_TRY(ensure_network(connection, settings.provider_uid, mapping));
  }
  return {};
}

}  // namespace charter::libvirt

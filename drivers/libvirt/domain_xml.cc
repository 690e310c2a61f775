#include "drivers/libvirt/domain_xml.h"

#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/xml_text.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace charter::libvirt {
namespace {

using pugi::xml_node;

constexpr int64_t kKib = 1024;
constexpr char kFirstVolumeLetter = 'b';
constexpr char kLastVolumeLetter = 'y';  // z is the seed's

xml_node add(xml_node parent, const char* name) {
  return parent.append_child(name);
}

xml_node add_text(xml_node parent, const char* name, const std::string& text) {
  auto node = parent.append_child(name);
  node.text().set(text.c_str());
  return node;
}

void set(xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

std::string kib(int64_t bytes) {
  return std::to_string((bytes + kKib - 1) / kKib);
}

const char* type_word(DomainType type) {
  switch (type) {
    case DomainType::Test:
      return "test";
    case DomainType::Kvm:
      return "kvm";
    case DomainType::Qemu:
      break;
  }
  return "qemu";
}

void write_size(xml_node domain, const DomainPlan& plan) {
  for (const char* name : {"memory", "currentMemory"})
    set(add_text(domain, name, kib(plan.stamp.memory_bytes)), "unit", "KiB");
  auto vcpu = add_text(domain, "vcpu", std::to_string(plan.vcpus_max));
  set(vcpu, "placement", "static");
  set(vcpu, "current", std::to_string(plan.vcpus));
}

void write_processors(xml_node domain, const DomainPlan& plan) {
  const MachineClass& make = plan.make;
  const int socket = make.cores_per_socket * make.threads_per_core;
  const bool bare = make.cpu_model.empty() && socket == 1;
  if (plan.type == DomainType::Test || (bare && plan.type == DomainType::Qemu)) return;
  auto cpu = add(domain, "cpu");
  if (!make.cpu_model.empty()) {
    set(cpu, "mode", "custom");
    set(cpu, "match", "exact");
    // A model that the host cannot give is an error, not a lesser one.
    set(add_text(cpu, "model", make.cpu_model), "fallback", "forbid");
  } else if (plan.type == DomainType::Kvm) {
    set(cpu, "mode", "host-model");
  }
  if (socket == 1) return;
  auto topology = add(cpu, "topology");
  set(topology, "sockets", std::to_string(plan.vcpus_max / socket));
  set(topology, "cores", std::to_string(make.cores_per_socket));
  set(topology, "threads", std::to_string(make.threads_per_core));
}

void write_platform(xml_node domain, const DomainPlan& plan) {
  auto os = add(domain, "os");
  if (plan.make.firmware == Firmware::Uefi && plan.type != DomainType::Test) {
    set(os, "firmware", "efi");  // the host chooses the file
    auto feature = add(add(os, "firmware"), "feature");
    set(feature, "enabled", "no");
    set(feature, "name", "secure-boot");
  }
  auto type = add_text(os, "type", "hvm");
  if (plan.type != DomainType::Test) {
    set(type, "arch", "x86_64");
    set(type, "machine", "q35");
  }
  if (plan.kernel.kernel.empty()) {
    set(add(os, "boot"), "dev", "hd");
  } else {
    add_text(os, "kernel", plan.kernel.kernel);
    add_text(os, "initrd", plan.kernel.initrd);
    add_text(os, "cmdline", plan.kernel.command);
  }
  auto features = add(domain, "features");
  add(features, "acpi");  // without it no guest sees the power button
  add(features, "apic");
  if (plan.type == DomainType::Qemu) {
    auto cache = add_text(add(features, "tcg"), "tb-cache", std::to_string(limits::kTcgCacheMib));
    set(cache, "unit", "MiB");
  }
  write_processors(domain, plan);
  set(add(domain, "clock"), "offset", "utc");
  add_text(domain, "on_poweroff", "destroy");
  add_text(domain, "on_reboot", "restart");
  add_text(domain, "on_crash", "destroy");
}

void write_disk(xml_node parent, const DiskPlan& plan) {
  auto disk = add(parent, "disk");
  set(disk, "type", "volume");
  set(disk, "device", "disk");
  auto driver = add(disk, "driver");
  set(driver, "name", "qemu");
  set(driver, "type", plan.format);
  if (!plan.read_only) {
    set(driver, "error_policy",
        "stop");  // a full host pauses the guest instead of failing its writes
    set(driver, "discard", "unmap");
  }
  auto source = add(disk, "source");
  set(source, "pool", plan.pool);
  set(source, "volume", plan.volume);
  auto target = add(disk, "target");
  set(target, "dev", plan.target);
  set(target, "bus", "virtio");
  if (!plan.serial.empty()) add_text(disk, "serial", plan.serial);
  if (plan.read_only) add(disk, "readonly");
  if (plan.shared) add(disk, "shareable");
}

// Devices take the first free ports, so the spare ones come on top of what the machine begins with.
void write_ports(xml_node devices, const DomainPlan& plan) {
  constexpr int kOthers = 3;  // balloon, random numbers, channel
  const int count =
      static_cast<int>(plan.disks.size() + plan.nics.size()) + kOthers + limits::kSparePciePorts;
  auto root = add(devices, "controller");
  set(root, "type", "pci");
  set(root, "index", "0");
  set(root, "model", "pcie-root");
  for (int i = 1; i <= count; ++i) {
    auto port = add(devices, "controller");
    set(port, "type", "pci");
    set(port, "model", "pcie-root-port");
  }
  auto usb = add(devices, "controller");
  set(usb, "type", "usb");
  set(usb, "model", "none");
}

void write_nic(xml_node devices, const NicPlan& plan) {
  auto nic = add(devices, "interface");
  set(nic, "type", plan.network.empty() ? "user" : "network");
  set(add(nic, "mac"), "address", plan.mac);
  if (!plan.network.empty()) set(add(nic, "source"), "network", plan.network);
  set(add(nic, "model"), "type", "virtio");
}

void write_consoles(xml_node devices, const DomainPlan& plan) {
  auto serial = add(devices, "serial");
  set(serial, "type", "pty");
  if (!plan.console_log.empty()) {
    auto log = add(serial, "log");
    set(log, "file", plan.console_log);
    set(log, "append", "on");
  }
  set(add(serial, "target"), "port", "0");
  auto console = add(devices, "console");
  set(console, "type", "pty");
  auto target = add(console, "target");
  set(target, "type", "serial");
  set(target, "port", "0");
  auto agent = add(devices, "channel");
  set(agent, "type", "unix");
  auto agent_target = add(agent, "target");
  set(agent_target, "type", "virtio");
  set(agent_target, "name", "org.qemu.guest_agent.0");
}

void write_devices(xml_node domain, const DomainPlan& plan) {
  auto devices = add(domain, "devices");
  if (plan.type != DomainType::Test) write_ports(devices, plan);
  for (const auto& disk : plan.disks)
    write_disk(devices, disk);
  for (const auto& nic : plan.nics)
    write_nic(devices, nic);
  if (plan.type == DomainType::Test) return;
  write_consoles(devices, plan);
  set(add(devices, "memballoon"), "model", "virtio");
  auto rng = add(devices, "rng");
  set(rng, "model", "virtio");
  set(add_text(rng, "backend", "/dev/urandom"), "model", "random");
}

uint64_t hash_of(const std::string& text) {
  uint64_t state = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : text)
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return state;
}

int64_t in_bytes(const xml_node& node) {
  const std::string_view unit = node.attribute("unit").as_string("KiB");
  const int64_t factor = unit == "bytes" || unit == "b" ? 1
                         : unit == "MiB"                ? kKib * kKib
                         : unit == "GiB"                ? kKib * kKib * kKib
                                                        : kKib;
  return node.text().as_llong() * factor;
}

bool is_from(const xml_node& disk, const std::string& pool, const std::string& volume) {
  const auto source = disk.child("source");
  return pool == source.attribute("pool").as_string() &&
         volume == source.attribute("volume").as_string();
}

void read_devices(const xml_node& devices, DomainView& view) {
  for (const auto& disk : devices.children("disk")) {
    const auto source = disk.child("source");
    view.disks.push_back({source.attribute("pool").as_string(),
                          source.attribute("volume").as_string(),
                          disk.child("target").attribute("dev").as_string()});
  }
  for (const auto& nic : devices.children("interface")) {
    view.nics.push_back({nic.child("mac").attribute("address").as_string(),
                         nic.child("source").attribute("network").as_string()});
  }
}

void replace_attribute(xml_node node, const char* name, const std::string& value) {
  node.remove_attribute(name);
  set(node, name, value);
}

}  // namespace

std::string domain_name(const std::string& uid) {
  return "charter-" + uid;
}

std::string substitute_name(const std::string& uid) {
  return domain_name(uid) + ".2";
}

std::string mac_of(const std::string& uid, size_t index) {
  const uint64_t bits = hash_of(uid + "/" + std::to_string(index));
  constexpr char kHex[] = "0123456789abcdef";
  std::string mac = "0a";  // unicast, locally administered; the other 40 bits are the machine's
  for (int i = 0; i < 5; ++i) {
    const auto byte = static_cast<unsigned>(bits >> (8 * i)) & 0xff;
    mac += std::string(":") + kHex[byte >> 4] + kHex[byte & 15];
  }
  return mac;
}

std::string serial_of(const std::string& uid) {
  std::string serial = uid;
  std::erase(serial, '-');
  // The end of a UUID is as random as its beginning; the last twenty tell volumes apart.
  return serial.size() > 20 ? serial.substr(serial.size() - 20) : serial;
}

int whole_sockets(int vcpus, const MachineClass& make) {
  const int socket = make.cores_per_socket * make.threads_per_core;
  return (vcpus + socket - 1) / socket * socket;
}

std::string build_domain(const DomainPlan& plan) {
  pugi::xml_document document;
  auto domain = document.append_child("domain");
  set(domain, "type", type_word(plan.type));
  add_text(domain, "name", domain_name(plan.stamp.uid));
  add_text(domain, "uuid", plan.stamp.uid);
  add_text(domain, "title", plan.title);
  write_stamp(add(domain, "metadata"), plan.stamp);
  write_size(domain, plan);
  write_platform(domain, plan);
  write_devices(domain, plan);
  return text_of(document);
}

std::string disk_element(const DiskPlan& disk) {
  pugi::xml_document document;
  write_disk(document, disk);
  return text_of(document);
}

Result<DomainXml> DomainXml::parse(const std::string& text) {
  DomainXml xml;
  CHARTER_TRY(parse_xml(text, *xml.document_));
  if (!xml.domain()) return Error{Code::ServiceUnavailable, "the host's answer is no domain"};
  return xml;
}

DomainView DomainXml::view() const {
  const auto node = domain();
  const auto metadata = node.child("metadata");
  const auto vcpu = node.child("vcpu");
  DomainView view{.uuid = node.child("uuid").text().as_string(),
                  .name = node.child("name").text().as_string(),
                  .title = node.child("title").text().as_string(),
                  .stamp = read_stamp(metadata),
                  .started_s = read_start(metadata),
                  .stop = read_stop(metadata),
                  .detached = read_detached(metadata)};
  view.vcpus_max = vcpu.text().as_int();
  view.vcpus = vcpu.attribute("current").as_int(view.vcpus_max);
  view.memory_max_bytes = in_bytes(node.child("memory"));
  const auto current = node.child("currentMemory");
  view.memory_bytes = current ? in_bytes(current) : view.memory_max_bytes;
  if (view.stamp) {
    const int64_t asked = view.stamp->memory_bytes;
    if (std::abs(view.memory_bytes - asked) < limits::kMemoryRounding) view.memory_bytes = asked;
  }
  read_devices(node.child("devices"), view);
  return view;
}

std::string DomainXml::text() const {
  return text_of(*document_);
}

void DomainXml::set_size(int vcpus, int64_t memory_bytes) {
  auto node = domain();
  auto vcpu = node.child("vcpu");
  auto topology = node.child("cpu").child("topology");
  const MachineClass make{.cores_per_socket = std::max(1, topology.attribute("cores").as_int(1)),
                          .threads_per_core = std::max(1, topology.attribute("threads").as_int(1))};
  const int most = std::max(vcpu.text().as_int(), whole_sockets(vcpus, make));
  vcpu.text().set(most);
  if (topology) {
    const int socket = make.cores_per_socket * make.threads_per_core;
    replace_attribute(topology, "sockets", std::to_string(most / socket));
  }
  replace_attribute(vcpu, "current", std::to_string(vcpus));
  for (const char* name : {"memory", "currentMemory"}) {
    auto child = node.child(name);
    if (!child) child = node.insert_child_after(name, node.child("memory"));
    child.text().set(kib(memory_bytes).c_str());
    replace_attribute(child, "unit", "KiB");
  }
  auto stamp = read_stamp(node.child("metadata"));
  if (!stamp) return;
  stamp->memory_bytes = memory_bytes;
  replace_stamp(*stamp);
}

void DomainXml::set_complete() {
  auto stamp = read_stamp(domain().child("metadata"));
  if (!stamp) return;
  stamp->complete = true;
  replace_stamp(*stamp);
}

void DomainXml::set_identity(const std::string& uuid, const std::string& name) {
  domain().child("uuid").text().set(uuid.c_str());
  domain().child("name").text().set(name.c_str());
}

void DomainXml::give_up() {
  auto devices = domain().child("devices");
  for (const char* kind : {"disk", "interface"})
    while (devices.remove_child(kind)) {
    }
  auto stamp = read_stamp(domain().child("metadata"));
  if (!stamp) return;
  stamp->given_up = true;
  replace_stamp(*stamp);
}

void DomainXml::replace_stamp(const Stamp& stamp) {
  auto metadata = domain().child("metadata");
  for (auto child = metadata.first_child(); child;) {
    const auto next = child.next_sibling();
    for (const auto& attribute : child.attributes()) {
      if (std::strcmp(attribute.value(), kStampUri) != 0) continue;
      metadata.remove_child(child);
      break;
    }
    child = next;
  }
  write_stamp(metadata, stamp);
}

Result<std::string> DomainXml::add_disk(DiskPlan disk) {
  std::set<std::string> taken;
  for (const auto& have : view().disks)
    taken.insert(have.target);
  for (char letter = kFirstVolumeLetter; letter <= kLastVolumeLetter; ++letter) {
    disk.target = std::string("vd") + letter;
    if (taken.contains(disk.target)) continue;
    write_disk(domain().child("devices"), disk);
    return disk.target;
  }
  return Error{Code::Conflict, "the machine already has as many volumes as it can"};
}

bool DomainXml::remove_disk(const std::string& pool, const std::string& volume) {
  auto devices = domain().child("devices");
  for (const auto& disk : devices.children("disk")) {
    if (is_from(disk, pool, volume)) return devices.remove_child(disk);
  }
  return false;
}

}  // namespace charter::libvirt

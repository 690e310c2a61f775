#include "controller/cel/functions.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <optional>

// IP addresses and ranges, as Go's net/netip reads them and Kubernetes narrows that: no zones, no
// IPv4 addresses in IPv6 clothes.
namespace charter::cel {
namespace {

/// An address of four or sixteen bytes.
struct Address {
  std::array<uint8_t, 16> bytes{};
  size_t size = 4;
  bool operator==(const Address&) const = default;

  std::string text() const {
    std::array<char, INET6_ADDRSTRLEN> out{};
    inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes.data(), out.data(), out.size());
    return out.data();
  }
};

/// A value of type net.IP.
struct Ip final : Opaque {
  explicit Ip(Address from) : address(from) {}
  std::string_view type_name() const override { return "net.IP"; }
  bool equals(const Opaque& other) const override {
    const auto* ip = dynamic_cast<const Ip*>(&other);
    return ip != nullptr && ip->address == address;
  }
  Address address;
};

/// A value of type net.CIDR. The address keeps the bits below the prefix.
struct Cidr final : Opaque {
  Cidr(Address from, size_t bits) : address(from), prefix(bits) {}
  std::string_view type_name() const override { return "net.CIDR"; }
  bool equals(const Opaque& other) const override {
    const auto* cidr = dynamic_cast<const Cidr*>(&other);
    return cidr != nullptr && cidr->address == address && cidr->prefix == prefix;
  }
  Address address;
  size_t prefix;
};

std::optional<Address> read_address(std::string_view text, std::string& problem) {
  const std::string copy(text);
  Address out;
  const bool six = text.find(':') != std::string_view::npos;
  out.size = six ? 16 : 4;
  if (copy.find('%') != std::string::npos) {
    problem = "IP address \"" + copy + "\" with zone value is not allowed";
    return std::nullopt;
  }
  if (copy.find('\0') != std::string::npos ||
      inet_pton(six ? AF_INET6 : AF_INET, copy.c_str(), out.bytes.data()) != 1) {
    problem = "IP Address \"" + copy +
              "\" parse error during conversion from string: ParseAddr(\"" + copy +
              "\"): unable to parse IP";
    return std::nullopt;
  }
  static constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (six && std::memcmp(out.bytes.data(), kMapped.data(), kMapped.size()) == 0) {
    problem = "IPv4-mapped IPv6 address \"" + copy + "\" is not allowed";
    return std::nullopt;
  }
  return out;
}

std::optional<Cidr> read_cidr(std::string_view text, std::string& problem) {
  problem = "network address parse error during conversion from string: netip.ParsePrefix(\"" +
            std::string(text) + "\"): no '/'";
  const size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = read_address(text.substr(0, slash), problem);
  if (!address) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  problem = "network address parse error during conversion from string: netip.ParsePrefix(\"" +
            std::string(text) + "\"): bad bits after slash: \"" + std::string(digits) + "\"";
  size_t bits = 0;
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0'))
    return std::nullopt;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    bits = bits * 10 + static_cast<size_t>(c - '0');
  }
  if (bits > address->size * 8) return std::nullopt;
  return Cidr(*address, bits);
}

Address masked_address(Address address, size_t prefix) {
  for (size_t i = 0; i < address.size; ++i) {
    const size_t kept = prefix > i * 8 ? std::min<size_t>(prefix - i * 8, 8) : 0;
    address.bytes[i] = static_cast<uint8_t>(address.bytes[i] & (0xFF00U >> kept));
  }
  return address;
}

bool contains(const Cidr& range, const Address& address) {
  return range.address.size == address.size &&
         masked_address(address, range.prefix) == masked_address(range.address, range.prefix);
}

const Address& address_of(const Value& value) {
  return static_cast<const Ip&>(value.as_opaque()).address;
}
const Cidr& cidr_of(const Value& value) {
  return static_cast<const Cidr&>(value.as_opaque());
}

Value ip_value(const Address& address) {
  return Value::opaque(std::make_unique<Ip>(address));
}

Value to_ip(const Value* args, size_t, CallContext&) {
  std::string problem;
  const auto address = read_address(args[0].as_text(), problem);
  return address ? ip_value(*address) : Value::error(problem);
}

Value to_cidr(const Value* args, size_t, CallContext&) {
  std::string problem;
  const auto cidr = read_cidr(args[0].as_text(), problem);
  return cidr ? Value::opaque(std::make_unique<Cidr>(*cidr)) : Value::error(problem);
}

Value is_ip(const Value* args, size_t, CallContext&) {
  std::string problem;
  return Value::boolean(read_address(args[0].as_text(), problem).has_value());
}

Value is_cidr(const Value* args, size_t, CallContext&) {
  std::string problem;
  return Value::boolean(read_cidr(args[0].as_text(), problem).has_value());
}

Value is_canonical(const Value* args, size_t, CallContext&) {
  std::string problem;
  const auto address = read_address(args[0].as_text(), problem);
  return address ? Value::boolean(address->text() == args[0].as_text()) : Value::error(problem);
}

Value ip_text(const Value* args, size_t, CallContext&) {
  return Value::text(address_of(args[0]).text());
}

Value cidr_text(const Value* args, size_t, CallContext&) {
  const Cidr& cidr = cidr_of(args[0]);
  return Value::text(cidr.address.text() + "/" + std::to_string(cidr.prefix));
}

Value family(const Value* args, size_t, CallContext&) {
  return Value::integer(address_of(args[0]).size == 4 ? 4 : 6);
}

using Test = bool (*)(const Address&);

template <Test test>
Value tested(const Value* args, size_t, CallContext&) {
  return Value::boolean(test(address_of(args[0])));
}

bool all_zero(const Address& at, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (at.bytes[i] != 0) return false;
  return true;
}

bool is_unspecified(const Address& at) {
  return all_zero(at, at.size);
}
bool is_loopback(const Address& at) {
  return at.size == 4 ? at.bytes[0] == 127 : all_zero(at, 15) && at.bytes[15] == 1;
}
bool is_link_local_multicast(const Address& at) {
  if (at.size == 4) return at.bytes[0] == 224 && at.bytes[1] == 0 && at.bytes[2] == 0;
  return at.bytes[0] == 0xFF && (at.bytes[1] & 0x0FU) == 2;
}
bool is_link_local_unicast(const Address& at) {
  if (at.size == 4) return at.bytes[0] == 169 && at.bytes[1] == 254;
  return at.bytes[0] == 0xFE && (at.bytes[1] & 0xC0U) == 0x80;
}
bool is_multicast(const Address& at) {
  return at.size == 4 ? (at.bytes[0] & 0xF0U) == 0xE0 : at.bytes[0] == 0xFF;
}
bool is_global_unicast(const Address& at) {
  const bool broadcast = at.size == 4 && at.bytes[0] == 255 && at.bytes[1] == 255 &&
                         at.bytes[2] == 255 && at.bytes[3] == 255;
  return !broadcast && !is_unspecified(at) && !is_loopback(at) && !is_multicast(at) &&
         !is_link_local_unicast(at);
}

Value contains_ip(const Value* args, size_t, CallContext&) {
  if (args[1].kind() != Kind::String)
    return Value::boolean(contains(cidr_of(args[0]), address_of(args[1])));
  std::string problem;
  const auto address = read_address(args[1].as_text(), problem);
  return address ? Value::boolean(contains(cidr_of(args[0]), *address)) : Value::error(problem);
}

Value contains_cidr(const Value* args, size_t, CallContext&) {
  std::string problem;
  const auto inner = args[1].kind() == Kind::String ? read_cidr(args[1].as_text(), problem)
                                                    : std::optional<Cidr>(cidr_of(args[1]));
  if (!inner) return Value::error(problem);
  const Cidr& outer = cidr_of(args[0]);
  return Value::boolean(outer.prefix <= inner->prefix && contains(outer, inner->address));
}

Value cidr_ip(const Value* args, size_t, CallContext&) {
  return ip_value(cidr_of(args[0]).address);
}

Value masked(const Value* args, size_t, CallContext&) {
  const Cidr& cidr = cidr_of(args[0]);
  return Value::opaque(
      std::make_unique<Cidr>(masked_address(cidr.address, cidr.prefix), cidr.prefix));
}

Value prefix_length(const Value* args, size_t, CallContext&) {
  return Value::integer(static_cast<int64_t>(cidr_of(args[0]).prefix));
}

}  // namespace

std::vector<FunctionRow> network_rows() {
  return {
      {"ip", "string_to_ip", "string", "net.IP", to_ip, Cost::Traverse},
      {"cidr", "string_to_cidr", "string", "net.CIDR", to_cidr, Cost::Traverse},
      {"isIP", "is_ip", "string", "bool", is_ip, Cost::Traverse},
      {"isCIDR", "is_cidr", "string", "bool", is_cidr, Cost::Traverse},
      {"ip.isCanonical", "ip_is_canonical", "string", "bool", is_canonical, Cost::TraverseTwice},
      {"string", "ip_to_string", "net.IP", "string", ip_text},
      {"string", "cidr_to_string", "net.CIDR", "string", cidr_text},
      {".family", "ip_family", "net.IP", "int", family},
      {".isUnspecified", "ip_is_unspecified", "net.IP", "bool", tested<is_unspecified>},
      {".isLoopback", "ip_is_loopback", "net.IP", "bool", tested<is_loopback>},
      {".isLinkLocalMulticast", "ip_is_link_local_multicast", "net.IP", "bool",
       tested<is_link_local_multicast>},
      {".isLinkLocalUnicast", "ip_is_link_local_unicast", "net.IP", "bool",
       tested<is_link_local_unicast>},
      {".isGlobalUnicast", "ip_is_global_unicast", "net.IP", "bool", tested<is_global_unicast>},
      {".containsIP", "cidr_contains_ip_string", "net.CIDR; string", "bool", contains_ip,
       Cost::ContainsIp},
      {".containsIP", "cidr_contains_ip", "net.CIDR; net.IP", "bool", contains_ip,
       Cost::ContainsIp},
      {".containsCIDR", "cidr_contains_cidr_string", "net.CIDR; string", "bool", contains_cidr,
       Cost::ContainsCidr},
      {".containsCIDR", "cidr_contains_cidr", "net.CIDR; net.CIDR", "bool", contains_cidr,
       Cost::ContainsCidr},
      {".ip", "cidr_ip", "net.CIDR", "net.IP", cidr_ip},
      {".masked", "cidr_masked", "net.CIDR", "net.CIDR", masked},
      {".prefixLength", "cidr_prefix_length", "net.CIDR", "int", prefix_length},
  };
}

}  // namespace charter::cel

#include "controller/cli/ca_rotation.h"

#include "controller/api/certificate_facts.h"
#include "controller/cli/credentials.h"

#include <cstdio>
#include <functional>

namespace charter {
namespace {

constexpr unsigned kOwnerOnly = 0600;
constexpr unsigned kReadable = 0644;
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

/// The files of a CA and of its successor.
struct CaFiles {
  explicit CaFiles(const std::string& data_dir)
      : certificates(data_dir + "/pki/ca.crt"),
        key(data_dir + "/pki/ca.key"),
        next_key(data_dir + "/pki/ca-next.key") {}
  std::string certificates, key, next_key;
};

Result<std::string> must_read(const std::string& file) {
  auto text = read_file(file);
  if (!text) return Error{Code::NotFound, file + ": cannot read; start the server once to make it"};
  return std::move(*text);
}

/// The certificates of a bundle, each with its line end.
std::vector<std::string> split_bundle(const std::string& pem) {
  std::vector<std::string> out;
  for (size_t from = 0, end = 0; (end = pem.find(kEnd, from)) != std::string::npos; from = end) {
    end += kEnd.size();
    out.push_back(pem.substr(from, end - from).erase(0, pem.find("-----BEGIN", from) - from) +
                  "\n");
  }
  return out;
}

std::string join(const std::vector<std::string>& certificates) {
  std::string out;
  for (const std::string& each : certificates)
    out += each;
  return out;
}

}  // namespace

Status prepare_ca(const std::string& data_dir, Instant now) {
  const CaFiles files(data_dir);
  CHARTER_TRY_ASSIGN(const std::string bundle, must_read(files.certificates));
  if (read_file(files.next_key))
    return Error{Code::Conflict, "a CA is prepared already: hand out its certificate, then switch"};
  // A name of its own, so that people can tell which is which.
  CHARTER_TRY_ASSIGN(const CertifiedKey next,
                     make_ca("charter-ca " + format_time(now), now, kCaLifetime));
  // The key last: without it nothing is prepared, and a certificate that is only trusted harms
  // nobody.
  CHARTER_TRY(
      write_file(files.certificates, join(split_bundle(bundle)) + next.certificate_pem, kReadable));
  return write_file(files.next_key, next.key_pem, kOwnerOnly);
}

Status switch_ca(const std::string& data_dir) {
  const CaFiles files(data_dir);
  CHARTER_TRY_ASSIGN(const std::string bundle, must_read(files.certificates));
  const auto key = read_file(files.next_key);
  if (!key) return Error{Code::NotFound, "no CA is prepared: charter ca prepare makes one"};
  std::vector<std::string> order;
  for (std::string& each : split_bundle(bundle)) {
    // The one that the key belongs to comes first.
    const bool next = check_pair({each, *key}, Instant::min()).has_value();
    order.insert(next ? order.begin() : order.end(), std::move(each));
  }
  if (order.empty() || !check_pair({order.front(), *key}, Instant::min()))
    return Error{Code::InternalError, files.next_key + ": belongs to no certificate of ca.crt"};
  CHARTER_TRY(write_file(files.certificates, join(order), kReadable));
  if (std::rename(files.next_key.c_str(), files.key.c_str()) != 0)
    return Error{Code::InternalError, files.key + ": cannot replace"};
  return {};
}

Status finish_ca(const std::string& data_dir) {
  const CaFiles files(data_dir);
  CHARTER_TRY_ASSIGN(const std::string bundle, must_read(files.certificates));
  if (read_file(files.next_key))
    return Error{Code::Conflict, "a CA is prepared and does not sign yet: switch first"};
  const std::vector<std::string> all = split_bundle(bundle);
  if (all.empty()) return Error{Code::InternalError, files.certificates + ": holds no certificate"};
  return write_file(files.certificates, all.front(), kReadable);
}

namespace {

int finish(const Status& done) {
  if (done) return 0;
  std::fprintf(stderr, "charter ca: %s\n", done.error().message.c_str());
  return 1;
}

Command command_of(const std::string& name, std::string summary,
                   std::function<Status(const std::string& data_dir)> run) {
  Command out;
  out.name = "ca " + name;
  out.summary = std::move(summary);
  out.example = "charter ca " + name + " --data-dir ./data";
  out.flags = {{"data-dir", "Data directory of the server", "", CommandFlag::Kind::Value, true}};
  out.run = [run = std::move(run)](const CommandInput& input) {
    return finish(run(input.flag("data-dir")));
  };
  return out;
}

}  // namespace

std::vector<Command> ca_commands() {
  return {command_of("prepare", "Make the next CA: trusted from now on, not signing yet",
                     [](const std::string& data_dir) {
                       return prepare_ca(data_dir, SystemClock().now());
                     }),
          command_of("switch", "Let the prepared CA sign; the old one stays trusted", switch_ca),
          command_of("finish", "Stop trusting older CAs", finish_ca)};
}

}  // namespace charter

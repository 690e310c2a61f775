#include "controller/postgres/postgres_address.h"

#include "controller/postgres/limits.h"

#include <libpq-fe.h>

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

namespace charter {
namespace {

/// Ends what PQconninfoParse made.
struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// What a URI says, by libpq's names. libpq's own words are not passed on: they quote the URI.
Result<std::map<std::string, std::string>> parse(const std::string& uri, const std::string& where) {
  const Error wrong{Code::Invalid, where +
                                       ": expected a connection URI such as "
                                       "postgres://charter@db.example.org/charter"};
  if (!PostgresAddress::is_uri(uri)) return wrong;
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(uri.c_str(), &message));
  PQfreemem(message);
  if (!options) return wrong;
  std::map<std::string, std::string> said;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) said[option->keyword] = option->val;
  }
  return said;
}

std::string label_of(const std::map<std::string, std::string>& said) {
  const auto part = [&](const char* name) {
    const auto found = said.find(name);
    return found == said.end() ? std::string() : found->second;
  };
  std::string label = "postgres://" + (part("host").empty() ? part("hostaddr") : part("host"));
  if (!part("port").empty()) label += ":" + part("port");
  return label + "/" + part("dbname");
}

}  // namespace

PostgresAddress::PostgresAddress(std::string uri, std::string path, std::string label)
    : uri_(std::move(uri)), path_(std::move(path)), label_(std::move(label)) {}

bool PostgresAddress::is_uri(std::string_view text) {
  return text.starts_with("postgres://") || text.starts_with("postgresql://");
}

Result<PostgresAddress> PostgresAddress::of_uri(const std::string& uri) {
  CHARTER_TRY_ASSIGN(const auto said, parse(uri, "--ledger"));
  for (const char* secret : {"password", "sslpassword"}) {
    if (said.contains(secret))
      return Error{Code::Invalid,
                   std::string("--ledger: a ") + secret +
                       " on a command line can be read by others: use --ledger-uri-file, "
                       "PGPASSFILE or PGPASSWORD"};
  }
  return PostgresAddress(uri, "", label_of(said));
}

Result<PostgresAddress> PostgresAddress::of_file(const std::string& path) {
  PostgresAddress address("", path, "PostgreSQL of " + path);
  CHARTER_TRY(address.uri());
  return address;
}

Result<std::string> PostgresAddress::uri() const {
  if (path_.empty()) return uri_;
  std::ifstream file(path_, std::ios::binary);
  std::string text(limits::kPostgresAddressBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.empty()) return Error{Code::Invalid, path_ + ": cannot be read, or is empty"};
  if (text.size() > limits::kPostgresAddressBytes)
    return Error{Code::Invalid,
                 path_ + ": more than " + std::to_string(limits::kPostgresAddressBytes) + " bytes"};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  CHARTER_TRY(parse(text, path_));
  return text;
}

}  // namespace charter

#pragma once

#include "controller/api/http_server.h"
#include "controller/base/clock.h"
#include "controller/base/command.h"
#include "controller/base/metrics.h"
#include "controller/cli/credentials.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// Keeps the listener's certificates fresh while it runs.
//
//   look:  own CA, server and admin certificate     read, renewed when due
//          --tls-cert-file, --tls-private-key-file  read, checked
//          --client-ca-file                         read, checked
//          anything changed?                        apply to the listener, publish the kubeconfig
//
// What cannot be used is told once, counted, and the one before stays in use: a bad file never
// costs a connection. Applied is what new handshakes see; open connections and their watches live
// on. Files are compared by what they hold, so it does not matter how they were replaced. Thread
// contract: built, loaded and bound by one thread; look() from any.
namespace charter {

/// Files that the administrator gives; empty: not given.
struct CertificateFiles {
  std::string certificate, key;  ///< of the server, both or none
  std::string client_ca;         ///< issuers of client certificates beside our own CA
};

/// kube-apiserver's flags for them.
std::vector<CommandFlag> certificate_flags();
/// What was typed. Errors: Invalid for half a pair.
Result<CertificateFiles> certificate_files(const CommandInput& input);

/// What a keeper stands on; the references outlive it.
struct CertificateKeeperParts {
  const Clock& clock;
  Metrics& metrics;
  std::string data_dir;
  std::string listen_address;
  CertificateFiles files;
};

/// See above.
class CertificateKeeper {
 public:
  /// Hands material to the listener. Errors leave the one before in use.
  using Apply = std::function<Status(const TlsMaterial& material)>;
  /// Writes the administrator's kubeconfig.
  using Publish = std::function<Status(const std::string& trusted_pem, const CertifiedKey& admin)>;

  explicit CertificateKeeper(CertificateKeeperParts parts);
  ~CertificateKeeper() { stop(); }
  CertificateKeeper(const CertificateKeeper&) = delete;
  CertificateKeeper& operator=(const CertificateKeeper&) = delete;

  /// The first reading, of which everything must be usable. Errors: as the files' readers, naming
  /// the file.
  Result<TlsMaterial> load();
  /// Whom to tell of changes; publishes what load() read.
  Status bind(Apply apply, Publish publish);
  /// Looks every limits::kCertificateCheckInterval on a thread of its own, until stop().
  void start();
  void stop();
  /// Looks once, now.
  void look();

  /// What the server's certificate is verified against, as far as it is known: our own CAs, and
  /// what is in the file of a given certificate.
  std::string trusted_pem() const;

 private:
  /// Everything that was read and can be used.
  struct Read {
    Credentials own;
    std::optional<CertifiedKey> given;
    std::string client_ca_pem;  // of the file
    bool operator==(const Read&) const = default;
  };
  Result<Credentials> read_own() const;
  Result<std::optional<CertifiedKey>> read_given() const;
  Result<std::string> read_client_ca() const;
  TlsMaterial material_of(const Read& read) const;
  std::string trusted_of(const Read& read) const;
  /// The new part, or the old one and a word about why.
  template <class Part>
  Part take(const char* what, Result<Part> fresh, const Part& before, std::string& refused) const;
  void refuse(std::string refused);
  void show_expiry(const Read& read);

  const CertificateKeeperParts parts_;
  Counter& applied_;
  Counter& refused_;

  mutable std::mutex mutex_;  // held during a look
  Read current_;              // applied
  bool published_ = false;
  std::string told_;  // the refusals that were told, so that they are told once
  Apply apply_;
  Publish publish_;

  std::mutex wait_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace charter

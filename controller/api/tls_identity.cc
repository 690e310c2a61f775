#include "controller/api/tls_identity.h"

#include "controller/base/limits.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <vector>

namespace charter {
namespace {

/// One subject entry as UTF-8; none when it holds control characters (a NUL cuts names short in C
/// code).
std::optional<std::string> entry_text(const X509_NAME_ENTRY* entry) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return std::nullopt;
  std::string text(utf8, utf8 + size);
  OPENSSL_free(utf8);
  const bool hidden = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (hidden || text.empty() || text.size() > limits::kIdentityNameBytesMax) return std::nullopt;
  return text;
}

/// All entries of one kind; none when any of them is unusable.
std::optional<std::vector<std::string>> entries(const X509_NAME* subject, int nid) {
  std::vector<std::string> out;
  int at = -1;
  while ((at = X509_NAME_get_index_by_NID(subject, nid, at)) >= 0) {
    std::optional<std::string> text = entry_text(X509_NAME_get_entry(subject, at));
    if (!text) return std::nullopt;
    out.push_back(std::move(*text));
    if (out.size() > limits::kIdentityGroupsMax) return std::nullopt;
  }
  return out;
}

}  // namespace

std::optional<PeerCertificate> certificate_identity(X509* certificate) {
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0) return std::nullopt;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  auto names = entries(subject, NID_commonName);
  auto organizations = entries(subject, NID_organizationName);
  if (!names || names->size() != 1 || !organizations) return std::nullopt;
  return PeerCertificate{std::move(names->front()), std::move(*organizations)};
}

}  // namespace charter

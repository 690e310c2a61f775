#include "controller/api/tls_identity.h"
#include "controller/base/limits.h"
#include "tests/fuzz/fuzz_input.h"

#include <openssl/err.h>

#include <algorithm>

namespace {

// Each entry: a byte for kind and string type, a byte for the length, the bytes. The string types
// that X.509 knows differ in how NUL and foreign characters hide.
void fill_subject(X509_NAME* subject, const uint8_t* bytes, size_t size) {
  constexpr int kKinds[] = {NID_commonName, NID_organizationName, NID_organizationalUnitName,
                            NID_commonName};
  constexpr int kTypes[] = {V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING,
                            V_ASN1_IA5STRING,  V_ASN1_BMPSTRING,       V_ASN1_UNIVERSALSTRING,
                            V_ASN1_UTF8STRING, V_ASN1_UTF8STRING};
  while (size >= 2) {
    const uint8_t what = bytes[0];
    const size_t length = std::min<size_t>(bytes[1], size - 2);
    X509_NAME_add_entry_by_NID(subject, kKinds[what & 3], kTypes[what >> 2 & 7], bytes + 2,
                               static_cast<int>(length), -1, 0);
    bytes += 2 + length;
    size -= 2 + length;
  }
}

void check(X509* certificate) {
  using namespace charter;
  const auto found = certificate_identity(certificate);
  if (!found) return;
  const auto plain = [](const std::string& text) {
    return !text.empty() && text.size() <= limits::kIdentityNameBytesMax &&
           text.find('\0') == std::string::npos &&
           std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  };
  CHECK(plain(found->common_name));
  CHECK(found->organizations.size() <= limits::kIdentityGroupsMax);
  for (const std::string& organization : found->organizations)
    CHECK(plain(organization));
}

}  // namespace

// Whoever a certificate says it is, the name holds nothing hidden: made from parts, and read from
// DER.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  X509* made = X509_new();
  X509_gmtime_adj(X509_getm_notAfter(made), 3600);
  fill_subject(X509_get_subject_name(made), bytes, size);
  check(made);
  X509_free(made);
  const unsigned char* at = bytes;
  if (X509* read = d2i_X509(nullptr, &at, static_cast<long>(size))) {
    check(read);
    X509_free(read);
  }
  ERR_clear_error();
  return 0;
}

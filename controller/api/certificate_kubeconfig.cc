#include "controller/api/certificates.h"

#include "controller/base/base64.h"

// make_kubeconfig: text, not a YAML library, because every value is quoted here and the form never
// varies.
namespace charter {
namespace {

/// A YAML double-quoted scalar: what is special inside quotes is escaped, so any name stays one
/// value.
std::string quoted(const std::string& text) {
  constexpr const char* kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7f) {
      out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

}  // namespace

std::string make_kubeconfig(const std::string& name, const std::string& server_url,
                            const std::string& ca_pem, const CertifiedKey& client) {
  const std::string id = quoted(name);
  return "apiVersion: v1\n"
         "kind: Config\n"
         "clusters:\n"
         "- name: " +
         id +
         "\n"
         "  cluster:\n"
         "    server: " +
         quoted(server_url) +
         "\n"
         "    certificate-authority-data: " +
         encode_base64(ca_pem) +
         "\n"
         "users:\n"
         "- name: " +
         id +
         "\n"
         "  user:\n"
         "    client-certificate-data: " +
         encode_base64(client.certificate_pem) +
         "\n"
         "    client-key-data: " +
         encode_base64(client.key_pem) +
         "\n"
         "contexts:\n"
         "- name: " +
         id +
         "\n"
         "  context:\n"
         "    cluster: " +
         id +
         "\n"
         "    user: " +
         id +
         "\n"
         "current-context: " +
         id +
         "\n"
         "preferences: {}\n";
}

}  // namespace charter

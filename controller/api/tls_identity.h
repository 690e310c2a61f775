#pragma once

#include "controller/api/http_types.h"

#include <openssl/x509.h>

#include <optional>

namespace charter {

/// Who a verified certificate says its holder is: the one CN and all O of the subject. None when
/// that is ambiguous or hides something: no or several CN, NUL or other control characters, names
/// beyond kIdentityNameBytesMax, more O than kIdentityGroupsMax, an expired certificate (a resumed session does not verify again).
std::optional<PeerCertificate> certificate_identity(X509* certificate);

}  // namespace charter

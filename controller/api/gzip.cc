#include "controller/api/gzip.h"

#include "controller/base/check.h"

#include <zlib.h>

namespace charter {
namespace {

constexpr int kGzipFormat = 16;  // added to zlib's window bits: RFC 1952 instead of RFC 1950
constexpr int kMemoryLevel = 8;  // zlib's default

}  // namespace

std::string gzip(std::string_view text) {
  z_stream stream{};
  const int started = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                   MAX_WBITS + kGzipFormat, kMemoryLevel, Z_DEFAULT_STRATEGY);
  CHECK(started == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  CHECK(ended == Z_STREAM_END);  // the bound leaves room for everything
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  // Every client of Kubernetes sends "gzip"; one that refuses it says so with q=0.
  const size_t at = accept_encoding.find("gzip");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = accept_encoding.substr(at, accept_encoding.find(',', at) - at);
  return rest.find("q=0") == std::string_view::npos || rest.find("q=0.") != std::string_view::npos;
}

}  // namespace charter

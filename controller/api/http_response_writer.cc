#include "controller/api/http_response_writer.h"

#include "controller/base/check.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace charter {
namespace {

/// One status and its phrase.
struct Phrase {
  int status;
  const char* text;
};

constexpr Phrase kPhrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Request Entity Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Entity"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
};

/// Room that an empty queue keeps: an ordinary answer's head and body, not a long list's pieces.
constexpr size_t kPiecesKept = 4;

bool is_owned_by_server(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return lower == "content-length" || lower == "transfer-encoding" || lower == "connection";
}

void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back((byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c);
  }
}

}  // namespace

void OutQueue::push(Bytes piece) {
  if (piece.view.empty()) return;
  bytes_ += piece.view.size();
  pieces_.push_back(std::move(piece));
}

void OutQueue::push_text(std::string text) {
  push(Bytes::own(std::move(text)));
}

std::string_view OutQueue::front(char* scratch, size_t scratch_bytes) const {
  if (empty()) return {};
  const std::string_view next = pieces_[first_].view;
  if (first_ + 1 == pieces_.size() || next.size() >= scratch_bytes) return next;
  size_t used = 0;
  for (size_t i = first_; i < pieces_.size() && used < scratch_bytes; ++i) {
    const size_t take = std::min(pieces_[i].view.size(), scratch_bytes - used);
    std::memcpy(scratch + used, pieces_[i].view.data(), take);
    used += take;
  }
  return {scratch, used};
}

void OutQueue::pop(size_t bytes) {
  CHECK(bytes <= bytes_);
  bytes_ -= bytes;
  while (bytes > 0) {
    Bytes& piece = pieces_[first_];
    if (bytes < piece.view.size()) {
      piece.view.remove_prefix(bytes);
      break;
    }
    bytes -= piece.view.size();
    piece.owner.reset();
    ++first_;
  }
  if (empty()) clear();
}

void OutQueue::clear() {
  first_ = 0;
  bytes_ = 0;
  pieces_.clear();
  if (pieces_.capacity() > kPiecesKept) std::vector<Bytes>().swap(pieces_);
}

const char* status_phrase(int status) {
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Unknown";
}

size_t body_size(const HttpResponse& response) {
  size_t bytes = 0;
  for (const Bytes& piece : response.body)
    bytes += piece.view.size();
  return bytes;
}

bool is_bodiless(int status) {
  return status < 200 || status == 204 || status == 304;
}

std::string make_head(const HttpResponse& response, const AnswerForm& form) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(status_phrase(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (is_owned_by_server(name)) continue;
    append_clean(out, name);
    out.append(": ");
    append_clean(out, value);
    out.append("\r\n");
  }
  const bool http10 = form.version == AnswerForm::Version::Http10;
  if (response.stream) {
    if (!http10) out.append("Transfer-Encoding: chunked\r\n");
  } else if (!is_bodiless(response.status)) {
    out.append("Content-Length: ").append(std::to_string(body_size(response))).append("\r\n");
  }
  if (form.afterwards == AnswerForm::Afterwards::Close) {
    out.append("Connection: close\r\n");
  } else if (http10) {
    out.append("Connection: keep-alive\r\n");
  }
  return out.append("\r\n");
}

void queue_response(HttpResponse& response, const AnswerForm& form, OutQueue& out) {
  out.push_text(make_head(response, form));
  if (form.body == AnswerForm::Body::HeadOnly || is_bodiless(response.status)) return;
  for (Bytes& piece : response.body)
    out.push(std::move(piece));
}

void queue_chunk(std::vector<Bytes>& pieces, const AnswerForm& form, OutQueue& out) {
  size_t bytes = 0;
  for (const Bytes& piece : pieces)
    bytes += piece.view.size();
  if (bytes == 0) return;  // an empty chunk would end the body
  const bool framed = form.version == AnswerForm::Version::Http11;
  if (framed) {
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes);
    out.push_text(size);
  }
  for (Bytes& piece : pieces)
    out.push(std::move(piece));
  if (framed) out.push({nullptr, "\r\n"});
}

void queue_last_chunk(const AnswerForm& form, OutQueue& out) {
  if (form.version == AnswerForm::Version::Http11) out.push({nullptr, "0\r\n\r\n"});
}

}  // namespace charter

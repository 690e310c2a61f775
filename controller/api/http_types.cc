#include "controller/api/http_types.h"

namespace charter {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

HttpResponse HttpResponse::text(int status, std::string content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::move(content_type));
  auto owner = std::make_shared<const std::string>(std::move(body));
  const std::string_view view = *owner;
  response.body.push_back({std::move(owner), view});
  return response;
}

}  // namespace charter

#include "controller/api/http_head_scan.h"
#include "controller/api/http_request_reader.h"
#include "controller/api/http_response_writer.h"

#include <gtest/gtest.h>

// The pure parts of the wire: head scan, request reader, response form, output queue.
namespace charter {
namespace {

std::string drain(OutQueue& out, size_t scratch_bytes, size_t step) {
  std::string scratch(scratch_bytes, '\0');
  std::string all;
  while (!out.empty()) {
    const std::string_view next = out.front(scratch.data(), scratch.size());
    const size_t taken = std::min(step, next.size());
    all.append(next.substr(0, taken));
    out.pop(taken);
  }
  return all;
}

TEST(HeadScan, FindsTheSameEndHoweverTheBytesArrive) {
  const std::string bytes = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nbody\n\n";
  for (size_t step = 1; step <= bytes.size(); ++step) {
    HeadScan scan;
    auto outcome = HeadScan::Outcome::More;
    for (size_t n = step; outcome == HeadScan::Outcome::More; n += step) {
      outcome = scan.scan(std::string_view(bytes).substr(0, n));
    }
    EXPECT_EQ(outcome, HeadScan::Outcome::Complete);
    EXPECT_EQ(bytes.substr(scan.begin(), scan.end() - scan.begin()),
              "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
}

TEST(RequestReader, GivesTheSameRequestForEverySplitOfItsBytes) {
  const std::string bytes =
      "POST /a?b HTTP/1.1\r\nHost: t\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;x=y\r\nwiki\r\n5\r\npedia\r\n0\r\nX-Trailer: no\r\n\r\n";
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    RequestReader reader;
    std::string rest = bytes.substr(0, cut);
    for (const std::string& more : {std::string(), bytes.substr(cut)}) {
      rest += more;
      size_t used = 0;
      do {
        used = reader.feed(rest);
        rest.erase(0, used);
      } while (used > 0 && reader.phase() != RequestReader::Phase::Complete);
    }
    ASSERT_EQ(reader.phase(), RequestReader::Phase::Complete) << "cut at " << cut;
    const HttpRequest request = reader.take();
    EXPECT_EQ(request.path + "|" + request.query + "|" + request.body, "/a|b|wikipedia");
    EXPECT_EQ(request.header("x-a"), "1");
    EXPECT_EQ(request.header("x-trailer"), "");
    EXPECT_EQ(rest, "");
  }
}

TEST(OutQueue, SendsEveryByteOnceForAnyPieceSizeAndAnyShortWrite) {
  for (const size_t piece : {1U, 7U, 64U, 200U}) {
    for (const size_t step : {1U, 5U, 64U, 1000U}) {
      OutQueue out;
      std::string expected;
      for (char c = 'a'; c <= 'z'; ++c) {
        expected += std::string(piece, c);
        out.push_text(std::string(piece, c));
        out.push({nullptr, ""});
      }
      EXPECT_EQ(out.bytes(), expected.size());
      EXPECT_EQ(drain(out, 64, step), expected);
      EXPECT_EQ(out.bytes(), 0U);
    }
  }
}

TEST(OutQueue, HandsLargePiecesOutWithoutCopyingThem) {
  OutQueue out;
  const std::string large(100, 'l');
  out.push({nullptr, large});
  out.push_text("tail");
  char scratch[64];
  EXPECT_EQ(out.front(scratch, sizeof scratch).data(), large.data());
}

TEST(ResponseHead, CannotBeForgedByValuesAndOwnsItsFraming) {
  HttpResponse response = HttpResponse::text(200, "text/plain", "four");
  response.headers.emplace_back("X", "a\r\nSet-Cookie: b");
  response.headers.emplace_back("content-length", "999");
  response.headers.emplace_back("Transfer-Encoding", "chunked");
  EXPECT_EQ(make_head(response, {}),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: a  Set-Cookie: b\r\nContent-Length: "
            "4\r\n\r\n");
}

TEST(ResponseHead, HasNoLengthAndNoBodyWhereHttpForbidsThem) {
  for (const int status : {204, 304}) {
    HttpResponse response = HttpResponse::text(status, "text/plain", "dropped");
    OutQueue out;
    queue_response(response, {}, out);
    const std::string all = drain(out, 64, 64);
    EXPECT_EQ(all.find("Content-Length"), std::string::npos);
    EXPECT_EQ(all.find("dropped"), std::string::npos);
  }
}

TEST(Chunks, FrameTheirPiecesAndNeverEndTheBodyByAccident) {
  OutQueue out;
  std::vector<Bytes> pieces = {{nullptr, "0123456789"}, {nullptr, "abcdef"}};
  queue_chunk(pieces, {}, out);
  std::vector<Bytes> nothing = {{nullptr, ""}};
  queue_chunk(nothing, {}, out);
  queue_last_chunk({}, out);
  EXPECT_EQ(drain(out, 64, 64), "10\r\n0123456789abcdef\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace charter

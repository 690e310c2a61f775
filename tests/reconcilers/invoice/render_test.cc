#include "reconcilers/invoice/render.h"

#include "reconcilers/common/metering.h"
#include "reconcilers/invoice/pdf.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

// The forms of a bill.
namespace charter::invoice {
namespace {

Invoice bill(size_t lines) {
  Invoice invoice;
  invoice.meta.ns = "consumerco";
  invoice.meta.name = "orders-2026-06";
  invoice.spec.contract.name = "orders";
  invoice.spec.currency = "EUR";
  invoice.spec.period.from = *parse_time("2026-06-01T00:00:00Z");
  invoice.spec.period.to = *parse_time("2026-07-01T00:00:00Z");
  invoice.spec.period.name = "2026-06";
  invoice.status.total = "996.02";
  for (size_t i = 0; i < lines; ++i) {
    Invoice::Line line;
    line.description = "Processors (active) of \\ café №" + std::to_string(i);
    line.quantity = "4752";
    line.per = "CPUHour";
    line.price = "0.13";
    line.amount = "617.76";
    line.rule = "list price";
    invoice.status.lines.push_back(line);
  }
  return invoice;
}

const std::vector<UsageReport::Days> kDays = {
    {*parse_time("2026-06-01T00:00:00Z"), *parse_time("2026-06-02T00:00:00Z"), "3 from 00:00"},
    {*parse_time("2026-06-02T00:00:00Z"), *parse_time("2026-07-01T00:00:00Z"),
     "1 from 00:00, 2 from 08:00, 1 from 20:00"}};

size_t count(const std::string& text, const std::string& part) {
  size_t times = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

TEST(BillAsPdf, EveryObjectStandsWhereTheTableSays) {
  const std::string file = as_pdf(bill(3), kDays);
  ASSERT_TRUE(file.starts_with("%PDF-1.4\n"));
  ASSERT_TRUE(file.ends_with("%%EOF\n"));
  const auto start = file.rfind("startxref\n");
  const auto table = static_cast<size_t>(std::atoll(file.c_str() + start + 10));
  ASSERT_EQ(file.substr(table, 5), "xref\n");
  const auto rows = file.find("0000000000 65535 f \n", table);
  const size_t objects = count(file, " 0 obj\n");
  EXPECT_EQ(file.substr(table + 5, file.find('\n', table + 5) - table - 5),
            "0 " + std::to_string(objects + 1));
  for (size_t i = 1; i <= objects; ++i) {
    const auto place = static_cast<size_t>(std::atoll(file.c_str() + rows + 20 * i));
    const auto title = std::to_string(i) + " 0 obj\n";
    EXPECT_EQ(file.substr(place, title.size()), title);
  }
  const auto length = file.find("/Length ");
  const auto bytes = static_cast<size_t>(std::atoll(file.c_str() + length + 8));
  const auto stream = file.find("stream\n", length) + 7;
  EXPECT_EQ(file.substr(stream + bytes, 9), "endstream");
}

TEST(BillAsPdf, TheSameBillIsTheSameBytes) {
  EXPECT_EQ(as_pdf(bill(5), kDays), as_pdf(bill(5), kDays));
  EXPECT_NE(as_pdf(bill(5), kDays), as_pdf(bill(6), kDays));
}

TEST(BillAsPdf, TextIsEscapedAndLettersBeyondTheFontAreShownAsOne) {
  const std::string file = as_pdf(bill(1), {});
  EXPECT_NE(file.find("(Processors \\(active\\) of \\\\ caf\\351 ?0) Tj"), std::string::npos);
  EXPECT_NE(file.find("(996.02) Tj"), std::string::npos);
  EXPECT_EQ(file.find("Machines that ran"), std::string::npos) << "nothing is drawn of nothing";
}

TEST(BillAsPdf, ManyLinesTakeManyPagesAndNoneIsLost) {
  const std::string file = as_pdf(bill(1'024), kDays);
  const size_t pages = count(file, "/Type /Page ");
  EXPECT_GT(pages, 30u);
  EXPECT_EQ(count(file, "(list price) Tj"), 1'024u);
  EXPECT_NE(file.find("(Page 1 of " + std::to_string(pages) + ") Tj"), std::string::npos);
}

/// A picture of a page as a reader draws it that we did not write: 100 dots an inch.
struct Picture {
  int width = 0, height = 0;
  std::string dots;  // three bytes each, from the upper left

  /// At hundredths of a point from the lower left.
  std::string at(int64_t x, int64_t y) const {
    const auto column = static_cast<size_t>(x * 100 / 72'00);
    const auto row = static_cast<size_t>(height - 1 - y * 100 / 72'00);
    return dots.substr((row * static_cast<size_t>(width) + column) * 3, 3);
  }
};

Picture drawn(const std::string& pdf) {
  const std::string file = testing::TempDir() + "charter-bill";
  std::ofstream(file + ".pdf", std::ios::binary) << pdf;
  Picture picture;
  const std::string line = "pdftoppm -r 100 -singlefile " + file + ".pdf " + file;
  EXPECT_EQ(std::system(line.c_str()), 0);
  std::ifstream in(file + ".ppm", std::ios::binary);
  std::string kind;
  int most = 0;
  in >> kind >> picture.width >> picture.height >> most;
  in.get();
  picture.dots.assign(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(picture.dots.size(), static_cast<size_t>(picture.width * picture.height * 3)) << kind;
  return picture;
}

TEST(BillAsPdf, TheChartIsHighWhereMachinesRanAndLowWhereTheyDidNot) {
  if (std::system("pdftoppm -v >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "no pdftoppm here: hack/install-deps.sh installs it";
  const Picture page = drawn(as_pdf(bill(3), kDays));
  const std::string area = "\xcf\xe3\xf7", paper = "\xff\xff\xff";
  // The chart's floor: the lowest place with its color, in the middle of the first day.
  const int64_t left = 72'00, right = PdfDocument::kWidth - 50'00;
  const auto x_of = [&](double day) {
    return left + static_cast<int64_t>(day * static_cast<double>(right - left) / 30);
  };
  int64_t floor = 0;
  while (floor < PdfDocument::kHeight && page.at(x_of(0.5), floor) != area)
    floor += 50;
  ASSERT_LT(floor, PdfDocument::kHeight) << "the area is drawn";
  const int64_t third = 30'00;
  EXPECT_EQ(page.at(x_of(0.5), floor + 80'00), area) << "three ran on the first day";
  EXPECT_EQ(page.at(x_of(1.15), floor + third / 2), area) << "one in the night";
  EXPECT_EQ(page.at(x_of(1.15), floor + third + third / 2), paper);
  EXPECT_EQ(page.at(x_of(1.58), floor + third + third / 2), area) << "two by day";
  EXPECT_EQ(page.at(x_of(1.58), floor + 2 * third + third / 2), paper);
  EXPECT_EQ(page.at(x_of(29.95), floor + third / 2), area) << "to the end of the period";
}

TEST(PdfText, IsWrappedBetweenWordsAndLongWordsAreCut) {
  const auto wrap = [](int64_t width, const char* text) {
    return PdfDocument::wrap(width, 10'00, PdfFont::Regular, text);
  };
  EXPECT_EQ(PdfDocument::width(10'00, PdfFont::Regular, "100"), 16'68);
  EXPECT_EQ(wrap(50'00, "one two three"), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap(30'00, "1234567890"), (std::vector<std::string>{"12345", "67890"}));
  EXPECT_EQ(wrap(30'00, ""), std::vector<std::string>{""});
}

TEST(BillAsText, SaysWhenItIsNotWhatWasIssued) {
  Invoice invoice = bill(1);
  invoice.status.content_hash = "sha256:0";
  EXPECT_NE(as_text(invoice).find("DOES NOT MATCH"), std::string::npos);
  EXPECT_NE(as_html(invoice, kDays).find("DOES NOT MATCH"), std::string::npos);
  EXPECT_NE(as_pdf(invoice, kDays).find("DOES NOT MATCH"), std::string::npos);
}

}  // namespace
}  // namespace charter::invoice

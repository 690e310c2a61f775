#include "reconcilers/invoice/render.h"

#include "reconcilers/common/metering.h"
#include "reconcilers/invoice/pdf.h"

#include <gtest/gtest.h>

#include <cstdlib>

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

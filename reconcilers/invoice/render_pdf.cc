#include "reconcilers/invoice/bill_parts.h"
#include "reconcilers/invoice/pdf.h"
#include "reconcilers/invoice/render.h"

#include <algorithm>

namespace charter::invoice {
namespace {

constexpr int64_t kLeft = 50'00, kRight = PdfDocument::kWidth - kLeft;
constexpr int64_t kTop = PdfDocument::kHeight - 60'00, kBottom = 60'00;
constexpr int64_t kText = 9'00, kSmall = 7'00, kTitle = 20'00;
constexpr int64_t kLineHeight = 13'00, kSmallHeight = 9'00;
// Quantities may take 30 letters, prices 14.
constexpr int64_t kWhatWidth = 185'00, kRuleWidth = 235'00, kValueLeft = kLeft + 70'00;
constexpr int64_t kQuantityRight = 390'00, kPriceRight = 470'00;
constexpr int64_t kChartHeight = 90'00, kChartLeft = kLeft + 22'00;
constexpr int64_t kCountsDrawn = 5;  // lines of the chart: more would be a grey area
constexpr unsigned kDaysBetweenNumbers = 3;
constexpr unsigned kLastNumberedDay = 28;  // beyond it stands what the numbers are
constexpr PdfColor kInk{30, 30, 30}, kGrey{110, 110, 110}, kRule{190, 190, 190},
    kArea{207, 227, 247}, kEdge{31, 95, 168};

/// Fills pages from the top.
class Bill {
 public:
  Bill(const Invoice& invoice, const std::vector<UsageReport::Days>& days)
      : invoice_(invoice), days_(days), pdf_("Invoice " + invoice.meta.name) {}

  std::string write() {
    next_page();
    y_ -= kTitle;
    pdf_.text({kLeft, y_}, kTitle, PdfFont::Bold, "Invoice");
    y_ -= 2 * kLineHeight;
    write_facts();
    draw_usage();
    write_lines();
    write_notes();
    write_feet();
    return pdf_.bytes();
  }

 private:
  void next_page() {
    pdf_.add_page();
    pdf_.turn_to(pdf_.pages() - 1);
    pdf_.color(kInk);
    y_ = kTop;
  }

  void need(int64_t height) {
    if (y_ - height < kBottom) next_page();
  }

  void write_facts() {
    for (const auto& [name, value] : facts(invoice_)) {
      if (value.empty()) continue;
      pdf_.text({kLeft, y_}, kText, PdfFont::Bold, name);
      for (const auto& line :
           PdfDocument::wrap(kRight - kValueLeft, kText, PdfFont::Regular, value)) {
        pdf_.text({kValueLeft, y_}, kText, PdfFont::Regular, line);
        y_ -= kLineHeight;
      }
    }
  }

  // The machines that ran, as the page has them.
  void draw_usage() {
    const auto levels = levels_of(days_, invoice_.spec.period.from);
    if (levels.empty()) return;
    const int64_t most = most_of(levels);
    y_ -= kLineHeight;
    pdf_.text({kLeft, y_}, kSmall, PdfFont::Regular,
              "Machines that ran, up to " + std::to_string(most));
    const int64_t floor = y_ - kChartHeight - kSmallHeight;
    const auto outline = outline_of(levels, floor, most);
    std::vector<PdfPoint> area = outline;
    area.push_back({kRight, floor});
    area.push_back({outline.front().x, floor});
    pdf_.color(kArea);
    pdf_.shape(area);
    draw_counts(floor, most);
    pdf_.color(kEdge);
    for (size_t i = 1; i < outline.size(); ++i)
      pdf_.line(outline[i - 1], outline[i]);
    pdf_.color(kGrey);
    pdf_.line({kChartLeft, floor}, {kRight, floor});
    draw_days(floor);
    pdf_.color(kInk);
    y_ -= kLineHeight;
  }

  int64_t minutes() const {
    const auto& period = invoice_.spec.period;
    return std::max<int64_t>(
        1, std::chrono::duration_cast<std::chrono::minutes>(period.to - period.from).count());
  }

  int64_t place_of(int64_t minute) const {
    return kChartLeft +
           std::clamp<int64_t>(minute, 0, minutes()) * (kRight - kChartLeft) / minutes();
  }

  std::vector<PdfPoint> outline_of(const std::vector<Level>& levels, int64_t floor,
                                   int64_t most) const {
    std::vector<PdfPoint> outline;
    int64_t last = floor;
    for (const auto& level : levels) {
      const int64_t height = floor + level.machines * kChartHeight / most;
      outline.push_back({place_of(level.minute), last});
      outline.push_back({place_of(level.minute), height});
      last = height;
    }
    outline.push_back({kRight, last});
    return outline;
  }

  // A line for each count, or for some of many; the lowest is the axis.
  void draw_counts(int64_t floor, int64_t most) {
    const int64_t step = (most + kCountsDrawn - 1) / kCountsDrawn;
    for (int64_t count = 0; count <= most; count += step) {
      const int64_t y = floor + count * kChartHeight / most;
      pdf_.color(kRule);
      if (count > 0) pdf_.line({kChartLeft, y}, {kRight, y});
      pdf_.color(kGrey);
      pdf_.text_before({kChartLeft - 4'00, y - 2'50}, kSmall, PdfFont::Regular,
                       std::to_string(count));
    }
  }

  // A mark at each midnight of UTC, and the day of the month below some.
  void draw_days(int64_t floor) {
    using std::chrono::days;
    const auto& period = invoice_.spec.period;
    y_ = floor - kSmallHeight;
    for (auto day = std::chrono::ceil<days>(period.from); day < period.to; day += days(1)) {
      const int64_t x =
          place_of(std::chrono::duration_cast<std::chrono::minutes>(day - period.from).count());
      pdf_.line({x, floor}, {x, floor - 2'00});
      const auto number =
          static_cast<unsigned>(std::chrono::year_month_day(std::chrono::sys_days(day)).day());
      if (number % kDaysBetweenNumbers == 1 && number < kLastNumberedDay)
        pdf_.text({x, y_}, kSmall, PdfFont::Regular, std::to_string(number));
    }
    pdf_.text_before({kRight, y_}, kSmall, PdfFont::Regular, "days in UTC");
  }

  void rule() {
    pdf_.color(kRule);
    pdf_.line({kLeft, y_ - 4'00}, {kRight, y_ - 4'00});
    pdf_.color(kInk);
    y_ -= kLineHeight + 4'00;
  }

  void write_cells(const Row& row, PdfFont font) {
    pdf_.text_before({kQuantityRight, y_}, kText, font, row[1]);
    pdf_.text_before({kPriceRight, y_}, kText, font, row[2]);
    pdf_.text_before({kRight, y_}, kText, font, row[3]);
  }

  void write_lines() {
    y_ -= kLineHeight;
    const auto rows = rows_of(invoice_);
    for (size_t i = 0; i < rows.size(); ++i) {
      const Row& row = rows[i];
      const auto font = i == 0 || i + 1 == rows.size() ? PdfFont::Bold : PdfFont::Regular;
      const auto what = PdfDocument::wrap(kWhatWidth, kText, font, row[0]);
      auto how = PdfDocument::wrap(kRuleWidth, kSmall, PdfFont::Regular, i == 0 ? "" : row[4]);
      if (how.front().empty()) how.clear();
      need(static_cast<int64_t>(what.size()) * kLineHeight +
           static_cast<int64_t>(how.size()) * kSmallHeight + kLineHeight);
      write_cells(row, font);
      for (size_t part = 0; part < what.size(); ++part) {
        if (part > 0) y_ -= kLineHeight;
        pdf_.text({kLeft, y_}, kText, font, what[part]);
      }
      pdf_.color(kGrey);
      for (const auto& line : how) {
        y_ -= kSmallHeight;
        pdf_.text({kLeft, y_}, kSmall, PdfFont::Regular, line);
      }
      pdf_.color(kInk);
      rule();
    }
  }

  void write_notes() {
    pdf_.color(kGrey);
    for (const auto& note : {invoice_.status.rounding, hash_text(invoice_)}) {
      if (note.empty()) continue;
      const auto lines = PdfDocument::wrap(kRight - kLeft, kSmall, PdfFont::Regular, note);
      need(static_cast<int64_t>(lines.size() + 1) * kSmallHeight);
      pdf_.color(kGrey);
      for (const auto& line : lines) {
        pdf_.text({kLeft, y_}, kSmall, PdfFont::Regular, line);
        y_ -= kSmallHeight;
      }
      y_ -= kSmallHeight;
    }
  }

  void write_feet() {
    for (size_t page = 0; page < pdf_.pages(); ++page) {
      pdf_.turn_to(page);
      pdf_.color(kGrey);
      const auto text = "Page " + std::to_string(page + 1) + " of " + std::to_string(pdf_.pages());
      pdf_.text_before({kRight, kBottom - 25'00}, kSmall, PdfFont::Regular, text);
      pdf_.text({kLeft, kBottom - 25'00}, kSmall, PdfFont::Regular,
                invoice_.meta.ns + "/" + invoice_.meta.name);
    }
  }

  const Invoice& invoice_;
  const std::vector<UsageReport::Days>& days_;
  PdfDocument pdf_;
  int64_t y_ = 0;
};

}  // namespace

std::string as_pdf(const Invoice& invoice, const std::vector<UsageReport::Days>& days) {
  return Bill(invoice, days).write();
}

}  // namespace charter::invoice

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A small writer of PDF 1.4: pages of A4 with text in Helvetica, lines and filled shapes. It embeds
// no font and compresses nothing; the same calls give the same bytes. Lengths are hundredths of a
// point, so that nothing is rounded; the origin is the page's lower left corner.
//
// Text is UTF-8. Letters beyond Windows-1252, which the standard fonts do not have, show as "?".
namespace charter::invoice {

/// A place on a page.
struct PdfPoint {
  int64_t x = 0, y = 0;
};

/// Helvetica, or its bold face.
enum class PdfFont { Regular, Bold };

/// Red, green and blue, 0 to 255.
struct PdfColor {
  int red = 0, green = 0, blue = 0;
};

/// One document.
class PdfDocument {
 public:
  static constexpr int64_t kWidth = 595'00, kHeight = 842'00;

  explicit PdfDocument(std::string title) : title_(std::move(title)) {}

  /// Begins the next page; there is none before the first call.
  void add_page() { pages_.emplace_back(); }
  size_t pages() const { return pages_.size(); }
  /// Goes on with a page, from 0.
  void turn_to(size_t page) { page_ = page; }

  void color(const PdfColor& color);
  void text(const PdfPoint& at, int64_t size, PdfFont font, std::string_view utf8);
  /// Ends at `at`.
  void text_before(const PdfPoint& at, int64_t size, PdfFont font, std::string_view utf8);
  void line(const PdfPoint& from, const PdfPoint& to);
  /// Filled with the color.
  void shape(const std::vector<PdfPoint>& points);

  /// The whole file.
  std::string bytes() const;

  /// How wide a text is.
  static int64_t width(int64_t size, PdfFont font, std::string_view utf8);
  /// Lines of words that are at most so wide; a word that is wider is cut.
  static std::vector<std::string> wrap(int64_t width, int64_t size, PdfFont font,
                                       std::string_view utf8);

 private:
  std::string title_;
  std::vector<std::string> pages_;  // their content
  size_t page_ = 0;
};

}  // namespace charter::invoice

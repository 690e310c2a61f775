#include "reconcilers/invoice/pdf.h"

#include <algorithm>
#include <array>
#include <utility>

namespace charter::invoice {
namespace {

constexpr int kFirst = 32;
// Widths in thousandths of the size, from the metrics that Adobe published for the standard fonts:
// space to tilde.
constexpr std::array<int, 95> kRegular = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584};
constexpr std::array<int, 95> kBold = {
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
    611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584};
constexpr int kOther = 611;  // accented letters are about as wide; never too narrow for a digit

/// Codes 0x80 to 0x9f of Windows-1252; 0 where there is none.
constexpr std::array<char32_t, 32> kWindows = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

char to_windows(char32_t letter) {
  if ((letter >= 0x20 && letter < 0x7f) || (letter >= 0xa0 && letter <= 0xff))
    return static_cast<char>(letter);
  for (size_t i = 0; i < kWindows.size(); ++i) {
    if (kWindows[i] != 0 && kWindows[i] == letter) return static_cast<char>(0x80 + i);
  }
  return '?';
}

/// The next letter of a text that was checked to be UTF-8 when it came in; what is not is one "?".
char32_t next_letter(std::string_view text, size_t& at) {
  const auto byte = [&text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at++);
  if (first < 0x80) return first;
  const size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (more == 0 || at + more > text.size()) return 0xfffd;
  char32_t letter = first & (0x3f >> more);
  for (size_t i = 0; i < more; ++i)
    letter = (letter << 6) | (byte(at++) & 0x3f);
  return letter;
}

std::string windows(std::string_view utf8) {
  std::string text;
  for (size_t at = 0; at < utf8.size();)
    text += to_windows(next_letter(utf8, at));
  return text;
}

int width_of(char letter, PdfFont font) {
  const int place = static_cast<unsigned char>(letter) - kFirst;
  if (place < 0 || place >= static_cast<int>(kRegular.size())) return kOther;
  return (font == PdfFont::Bold ? kBold : kRegular)[static_cast<size_t>(place)];
}

/// A length in points: hundredths have two digits.
std::string points(int64_t hundredths) {
  const std::string sign = hundredths < 0 ? "-" : "";
  const auto size = static_cast<uint64_t>(hundredths < 0 ? -hundredths : hundredths);
  const auto part = std::to_string(size % 100);
  return sign + std::to_string(size / 100) + "." + (part.size() < 2 ? "0" : "") + part;
}

std::string at_text(const PdfPoint& at) {
  return points(at.x) + " " + points(at.y);
}

/// A text as PDF writes it, in parentheses.
std::string quoted(std::string_view text) {
  constexpr char kOctal[] = "01234567";
  std::string out = "(";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '(' || c == ')' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte > 0x7e) {
      out += {'\\', kOctal[byte >> 6], kOctal[(byte >> 3) & 7], kOctal[byte & 7]};
    } else {
      out += c;
    }
  }
  return out + ")";
}

/// Objects with their places, as the file's table needs them.
class Objects {
 public:
  void add(const std::string& content) {
    places_.push_back(file_.size());
    file_ += std::to_string(places_.size()) + " 0 obj\n" + content + "\nendobj\n";
  }
  std::string finish(const std::string& info) {
    const size_t table = file_.size();
    file_ += "xref\n0 " + std::to_string(places_.size() + 1) + "\n0000000000 65535 f \n";
    for (const size_t place : places_) {
      const auto digits = std::to_string(place);
      file_ += std::string(10 - digits.size(), '0') + digits + " 00000 n \n";
    }
    file_ += "trailer\n<< /Size " + std::to_string(places_.size() + 1) + " /Root 1 0 R /Info " +
             info + " >>\nstartxref\n" + std::to_string(table) + "\n%%EOF\n";
    return std::move(file_);
  }

 private:
  std::string file_ = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n";
  std::vector<size_t> places_;
};

}  // namespace

void PdfDocument::color(const PdfColor& color) {
  // In thousandths, from 255ths.
  const auto part = [](int value) {
    const auto digits = std::to_string(1'000 + value * 1'000 / 255);
    return digits == "2000" ? std::string("1") : "0." + digits.substr(1);
  };
  const auto rgb = part(color.red) + " " + part(color.green) + " " + part(color.blue);
  pages_[page_] += rgb + " rg " + rgb + " RG\n";
}

void PdfDocument::text(const PdfPoint& at, int64_t size, PdfFont font, std::string_view utf8) {
  const char* name = font == PdfFont::Bold ? "/F2 " : "/F1 ";
  pages_[page_] += "BT " + std::string(name) + points(size) + " Tf " + at_text(at) + " Td " +
                   quoted(windows(utf8)) + " Tj ET\n";
}

void PdfDocument::text_before(const PdfPoint& at, int64_t size, PdfFont font,
                              std::string_view utf8) {
  text({at.x - width(size, font, utf8), at.y}, size, font, utf8);
}

void PdfDocument::line(const PdfPoint& from, const PdfPoint& to) {
  pages_[page_] += "0.5 w " + at_text(from) + " m " + at_text(to) + " l S\n";
}

void PdfDocument::shape(const std::vector<PdfPoint>& shape) {
  const char* step = " m ";
  for (const auto& point : shape)
    pages_[page_] += at_text(point) + std::exchange(step, " l ");
  pages_[page_] += "h f\n";
}

std::string PdfDocument::bytes() const {
  constexpr size_t kBefore = 5;  // catalog, pages, two fonts, title
  Objects objects;
  objects.add("<< /Type /Catalog /Pages 2 0 R >>");
  std::string kids;
  for (size_t i = 0; i < pages_.size(); ++i)
    kids += std::to_string(kBefore + 1 + 2 * i) + " 0 R ";
  objects.add("<< /Type /Pages /Count " + std::to_string(pages_.size()) + " /Kids [ " + kids +
              "] >>");
  for (const char* font : {"Helvetica", "Helvetica-Bold"}) {
    objects.add("<< /Type /Font /Subtype /Type1 /Encoding /WinAnsiEncoding /BaseFont /" +
                std::string(font) + " >>");
  }
  objects.add("<< /Title " + quoted(windows(title_)) + " /Producer (Charter) >>");
  for (size_t i = 0; i < pages_.size(); ++i) {
    objects.add("<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 " + points(kWidth) + " " +
                points(kHeight) + " ] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents " +
                std::to_string(kBefore + 2 + 2 * i) + " 0 R >>");
    objects.add("<< /Length " + std::to_string(pages_[i].size()) + " >>\nstream\n" + pages_[i] +
                "endstream");
  }
  return objects.finish("5 0 R");
}

int64_t PdfDocument::width(int64_t size, PdfFont font, std::string_view utf8) {
  int64_t thousandths = 0;
  for (const char letter : windows(utf8))
    thousandths += width_of(letter, font);
  return (thousandths * size + 999) / 1'000;
}

std::vector<std::string> PdfDocument::wrap(int64_t most, int64_t size, PdfFont font,
                                           std::string_view utf8) {
  std::vector<std::string> lines(1);
  const auto fits = [&](const std::string& text) { return width(size, font, text) <= most; };
  for (size_t at = 0; at < utf8.size();) {
    const size_t end = std::min(utf8.find(' ', at), utf8.size());
    std::string word(utf8.substr(at, end - at));
    at = end + 1;
    const std::string longer = lines.back().empty() ? word : lines.back() + " " + word;
    if (fits(longer)) {
      lines.back() = longer;
      continue;
    }
    if (!lines.back().empty()) lines.emplace_back();
    for (size_t letter = 0; letter < word.size();) {
      const size_t begin = letter;
      (void)next_letter(word, letter);
      const auto part = word.substr(begin, letter - begin);
      if (!lines.back().empty() && !fits(lines.back() + part)) lines.emplace_back();
      lines.back() += part;
    }
  }
  return lines;
}

}  // namespace charter::invoice

#include "drivers/images/image_commands.h"

#include "drivers/images/image_store.h"
#include "drivers/images/limits.h"
#include "drivers/size.h"

#include <fstream>
#include <iterator>
#include <ostream>
#include <utility>

namespace charter {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

ImageStore store_of(const CommandInput& input) {
  return ImageStore(input.flag("data-dir") + "/images");
}

void print(const StoredImage& image, std::ostream& out) {
  out << image.digest << "  " << image.file.format << "  " << format_size(image.file.bytes)
      << "  disk " << format_size(image.file.virtual_bytes) << '\n';
}

Result<std::string> read_ca(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return Error{Code::NotFound, "--ca-file: cannot read " + path};
  return text;
}

Result<StoredImage> import_url(const CommandInput& input, const Download& download) {
  const std::string& url = input.words.front();
  if (input.flag("sha256").empty())
    return Error{Code::Invalid, "--sha256: required with a URL: nothing else says what it gives"};
  const auto most = parse_size(input.flag("size-max"));
  if (!most || *most < 1 || *most > limits::kImageBytesMax) {
    return Error{Code::Invalid,
                 "--size-max: expected a size up to " + format_size(limits::kImageBytesMax)};
  }
  CHARTER_TRY_ASSIGN(const std::string ca, read_ca(input.flag("ca-file")));
  return store_of(input).import_feed(
      [&](const ImageStore::Sink& sink) { return download(url, ca, sink); }, input.flag("sha256"),
      *most);
}

int import_image(const CommandInput& input, const Download& download, std::ostream& out,
                 std::ostream& err) {
  if (input.words.size() != 1) {
    err << "error: expected one FILE or URL\n";
    return kWrongUsage;
  }
  const bool is_url = input.words.front().find("://") != std::string::npos;
  const auto image = is_url
                         ? import_url(input, download)
                         : store_of(input).import_file(input.words.front(), input.flag("sha256"));
  if (!image) {
    err << "error: " << image.error().message << '\n';
    return kFailed;
  }
  print(*image, out);
  return 0;
}

int list_images(const CommandInput& input, std::ostream& out, std::ostream& err) {
  const auto images = store_of(input).list();
  if (!images) {
    err << "error: " << images.error().message << '\n';
    return kFailed;
  }
  for (const auto& image : *images)
    print(image, out);
  return 0;
}

CommandFlag data_dir() {
  return {.name = "data-dir", .help = "Directory of the server", .required = true};
}

}  // namespace

std::vector<Command> image_commands(std::ostream& out, std::ostream& err, Download download) {
  return {
      {.name = "image import",
       .summary = "Puts a disk image into this server's store, by the SHA-256 of its bytes",
       .example = "charter image import debian-12.qcow2 --data-dir ./data",
       .flags =
           {data_dir(),
            {.name = "sha256", .help = "Digest that the bytes must have; required with a URL"},
            {.name = "size-max", .help = "Most bytes that a URL may give", .fallback = "64GiB"},
            {.name = "ca-file",
             .help = "PEM file of the authority that a URL's server is certified by; left out: "
                     "those that this machine trusts"}},
       .words_help = "FILE|URL",
       .run = [&out, &err, download = std::move(download)](
                  const CommandInput& input) { return import_image(input, download, out, err); }},
      {.name = "image list",
       .summary = "Lists the disk images of this server's store",
       .example = "charter image list --data-dir ./data",
       .flags = {data_dir()},
       .words_help = "",
       .run = [&out, &err](const CommandInput& input) { return list_images(input, out, err); }}};
}

}  // namespace charter

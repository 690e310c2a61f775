#include "drivers/images/image_commands.h"

#include "drivers/images/image_store.h"
#include "drivers/size.h"

#include <ostream>

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

int import_image(const CommandInput& input, std::ostream& out, std::ostream& err) {
  if (input.words.size() != 1) {
    err << "error: expected one FILE\n";
    return kWrongUsage;
  }
  const auto image = store_of(input).import_file(input.words.front(), input.flag("sha256"));
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

std::vector<Command> image_commands(std::ostream& out, std::ostream& err) {
  return {
      {.name = "image import",
       .summary = "Puts a disk image into this server's store, by the SHA-256 of its bytes",
       .example = "charter image import debian-12.qcow2 --data-dir ./data",
       .flags = {data_dir(), {.name = "sha256", .help = "Digest that the file must have"}},
       .words_help = "FILE",
       .run = [&out, &err](const CommandInput& input) { return import_image(input, out, err); }},
      {.name = "image list",
       .summary = "Lists the disk images of this server's store",
       .example = "charter image list --data-dir ./data",
       .flags = {data_dir()},
       .words_help = "",
       .run = [&out, &err](const CommandInput& input) { return list_images(input, out, err); }}};
}

}  // namespace charter

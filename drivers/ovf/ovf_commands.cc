#include "drivers/ovf/ovf_commands.h"

#include "controller/object/value.h"
#include "drivers/images/convert.h"
#include "drivers/images/image_store.h"
#include "drivers/images/inspector.h"
#include "drivers/images/mapped_file.h"
#include "drivers/ovf/manifest.h"
#include "drivers/ovf/package.h"
#include "drivers/ovf/template.h"

#include <nlohmann/json.hpp>

#include <deque>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <set>
#include <unistd.h>

namespace charter {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr const char* kNowhere = "https://ovf-import.invalid/";

/// A package's files, mapped for as long as it is read.
struct Opened {
  std::deque<MappedFile> maps;
  std::vector<TarEntry> files;
};

Status add_file(const fs::path& path, Opened& opened) {
  CHARTER_TRY_ASSIGN(MappedFile map, MappedFile::open(path));
  opened.maps.push_back(std::move(map));
  opened.files.push_back({path.filename(), opened.maps.back().bytes()});
  return {};
}

// Of a directory only what belongs to the package: what the descriptor and the manifest name.
Status add_beside(const fs::path& descriptor, Opened& opened) {
  CHARTER_TRY(add_file(descriptor, opened));
  fs::path manifest = descriptor;
  manifest.replace_extension(".mf");
  std::error_code ignored;
  if (fs::exists(manifest, ignored)) CHARTER_TRY(add_file(manifest, opened));
  CHARTER_TRY_ASSIGN(const OvfDescriptor described, parse_descriptor(opened.files.front().bytes));
  std::set<std::string> names;
  for (const auto& system : described.systems)
    names.insert(system.boot.file);
  if (opened.files.size() > 1) {
    CHARTER_TRY_ASSIGN(const auto lines, parse_manifest(opened.files.back().bytes));
    for (const auto& line : lines)
      names.insert(line.name);
  }
  names.erase(descriptor.filename());
  for (const auto& name : names)
    CHARTER_TRY(add_file(descriptor.parent_path() / name, opened));
  return {};
}

Result<Opened> open_files(const std::string& path) {
  Opened opened;
  if (path.ends_with(".ovf")) {
    CHARTER_TRY(add_beside(path, opened));
    return opened;
  }
  CHARTER_TRY(add_file(path, opened));
  CHARTER_TRY_ASSIGN(opened.files, read_tar(opened.maps.front().bytes()));
  return opened;
}

/// A file of the store's directory that is gone afterwards.
class Scratch {
 public:
  Scratch(const ImageStore& store, const char* ending)
      : path_(store.directory() + "/scratch-" + std::to_string(::getpid()) + ending) {}
  ~Scratch() { ::unlink(path_.c_str()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

/// Puts one disk into the store, as something that guests boot from.
Result<StoredImage> store_disk(ImageStore& store, const TarEntry& disk) {
  CHARTER_TRY_ASSIGN(const Inspection found, inspect_image(disk.bytes));
  if (found.format == "qcow2" || found.format == "raw")
    return store.import_bytes(disk.bytes, "", disk.name);
  if (found.format == "kernel") return Error{Code::Invalid, disk.name + " is a kernel and no disk"};
  std::error_code failed;
  fs::create_directories(store.directory(), failed);
  const Scratch from(store, ".from"), to(store, ".qcow2");
  std::ofstream copy(from.path(), std::ios::binary | std::ios::trunc);
  copy.write(disk.bytes.data(), static_cast<std::streamsize>(disk.bytes.size()));
  copy.close();
  if (!copy)
    return Error{Code::InsufficientStorage, "no room for " + disk.name + " in the image store"};
  CHARTER_TRY(convert_to_qcow2(from.path(), found.format, to.path()));
  return store.import_file(to.path(), "");
}

/// Names of files that systems boot from, and the images that they became.
Result<std::map<std::string, OvfImage>> store_disks(ImageStore& store, OvfPackage& package) {
  std::map<std::string, OvfImage> images;
  for (const auto& system : package.descriptor.systems) {
    const std::string& name = system.boot.file;
    if (images.contains(name)) continue;
    const auto file = std::find_if(package.files.begin(), package.files.end(),
                                   [&](const TarEntry& entry) { return entry.name == name; });
    if (file == package.files.end())
      return Error{Code::Invalid, "package: " + name + " is named and not there"};
    CHARTER_TRY_ASSIGN(const StoredImage stored, store_disk(store, *file));
    if (stored.file.virtual_bytes > system.boot.capacity_bytes)
      return Error{Code::Invalid, "package: the disk in " + name + " is larger than it says"};
    images[name] = {stored.digest.substr(stored.digest.find(':') + 1), stored.file.format};
    package.notices.push_back("stored: " + name + " as " + stored.file.format + ", " +
                              stored.digest);
  }
  return images;
}

Status import(const CommandInput& input, std::ostream& out, std::ostream& err) {
  const std::string& path = input.words.front();
  OvfNames names{.package = object_name(input.flag("name")),
                 .space = input.flag("namespace"),
                 .url_base = input.flag("base-url")};
  if (names.package.empty()) names.package = object_name(fs::path(path).stem().string());
  if (names.package.empty())
    return Error{Code::Invalid, "the file's name makes no name for a template: state --name"};
  CHARTER_TRY_ASSIGN(Opened opened, open_files(path));
  CHARTER_TRY_ASSIGN(OvfPackage package, open_package(std::move(opened.files)));
  if (names.url_base.empty()) {
    names.url_base = kNowhere;
    package.notices.push_back(
        "url: without --base-url the images name an address that leads "
        "nowhere; this server finds them by their digest");
  } else if (!names.url_base.starts_with("https://") || !names.url_base.ends_with("/")) {
    return Error{Code::Invalid, "--base-url: must begin with https:// and end with /"};
  }
  ImageStore store(input.flag("data-dir") + "/images");
  CHARTER_TRY_ASSIGN(const auto images, store_disks(store, package));
  CHARTER_TRY_ASSIGN(const auto documents, documents_of(package.descriptor, images, names));
  for (const auto& document : documents)
    out << "---\n" << to_yaml(document);
  for (const auto& notice : package.notices)
    err << notice << '\n';
  return {};
}

int run_import(const CommandInput& input, std::ostream& out, std::ostream& err) {
  if (input.words.size() != 1) {
    err << "error: expected one FILE\n";
    return kWrongUsage;
  }
  const Status done = import(input, out, err);
  if (done) return 0;
  err << "error: " << done.error().message << '\n';
  return kFailed;
}

}  // namespace

std::vector<Command> ovf_commands(std::ostream& out, std::ostream& err) {
  return {{.name = "import ovf",
           .summary = "Makes images and a ServiceTemplate of an OVF package (.ova or .ovf)",
           .example = "charter import ovf web.ova --data-dir ./data > web.yaml",
           .flags = {{.name = "data-dir", .help = "Directory of the server", .required = true},
                     {.name = "namespace", .help = "Of the template", .fallback = "catalog"},
                     {.name = "name", .help = "Of the template; left out: the file's"},
                     {.name = "base-url",
                      .help = "https address, ending in /, below which the images are published by "
                              "their SHA-256"}},
           .words_help = "FILE",
           .run = [&out, &err](const CommandInput& input) { return run_import(input, out, err); }}};
}

}  // namespace charter

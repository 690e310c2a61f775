#include "drivers/ovf/package.h"

#include "drivers/ovf/manifest.h"

#include <algorithm>

namespace charter {
namespace {

const TarEntry* find_ending(const std::vector<TarEntry>& files, std::string_view ending) {
  const auto found = std::find_if(files.begin(), files.end(), [&](const TarEntry& file) {
    return file.name.ends_with(ending);
  });
  return found == files.end() ? nullptr : &*found;
}

Status check_digests(const std::vector<TarEntry>& files, std::vector<std::string>& notices) {
  if (find_ending(files, ".cert") != nullptr)
    notices.push_back("certificate: the package's signature is not checked");
  const TarEntry* manifest = find_ending(files, ".mf");
  if (manifest == nullptr) {
    notices.push_back("manifest: the package has none, so nothing was compared with its digest");
    return {};
  }
  CHARTER_TRY_ASSIGN(const auto lines, parse_manifest(manifest->bytes));
  CHARTER_TRY(check_manifest(lines, files));
  const bool weak = std::any_of(lines.begin(), lines.end(),
                                [](const ManifestLine& line) { return line.algorithm == "SHA1"; });
  if (weak) notices.push_back("manifest: its digests are SHA1, which finds accidents only");
  return {};
}

}  // namespace

Result<OvfPackage> open_package(std::vector<TarEntry> files) {
  if (files.empty() || !files.front().name.ends_with(".ovf"))
    return Error{Code::Invalid, "package: its first file is no descriptor (.ovf)"};
  OvfPackage package;
  CHARTER_TRY(check_digests(files, package.notices));
  CHARTER_TRY_ASSIGN(package.descriptor, parse_descriptor(files.front().bytes));
  for (const auto& line : package.descriptor.ignored)
    package.notices.push_back("left out: " + line);
  package.files = std::move(files);
  return package;
}

}  // namespace charter

#include "controller/cli/manifests.h"

#include "controller/base/limits.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace charter {
namespace {

namespace fs = std::filesystem;

bool is_manifest(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Result<std::vector<fs::path>> files_of(const fs::path& path) {
  std::error_code failed;
  if (!fs::is_directory(path, failed)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path, failed)) {
    if (entry.is_regular_file(failed) && is_manifest(entry.path())) files.push_back(entry.path());
    if (files.size() > limits::kPlanFilesMax)
      return Error{Code::Invalid, path.string() + ": more than " +
                                      std::to_string(limits::kPlanFilesMax) + " manifests"};
  }
  if (failed) return Error{Code::NotFound, path.string() + ": " + failed.message()};
  if (files.empty())
    return Error{Code::NotFound, path.string() + ": no *.yaml, *.yml or *.json in this directory"};
  std::sort(files.begin(), files.end());
  return files;
}

Status read_file(const fs::path& path, std::vector<Manifest>& manifests) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{Code::NotFound, path.string() + ": cannot read this file"};
  const std::string text(std::istreambuf_iterator<char>(in), {});
  CHARTER_TRY_ASSIGN(auto more, parse_manifests(path.filename().string(), text));
  std::move(more.begin(), more.end(), std::back_inserter(manifests));
  return {};
}

}  // namespace

Result<std::vector<Manifest>> read_manifests(const std::string& path) {
  CHARTER_TRY_ASSIGN(const auto files, files_of(path));
  std::vector<Manifest> manifests;
  for (const auto& file : files)
    CHARTER_TRY(read_file(file, manifests));
  if (manifests.empty()) return Error{Code::Invalid, path + ": no document in it"};
  return manifests;
}

}  // namespace charter

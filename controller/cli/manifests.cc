#include "controller/cli/manifests.h"

#include "controller/base/limits.h"

#include <nlohmann/json.hpp>

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

bool is_list(const Json& tree) {
  const Json* items = at(tree, {"items"});
  return text_at(tree, {"kind"}).ends_with("List") && items != nullptr && items->is_array();
}

Status take(const std::string& source, const Json& tree, std::vector<Manifest>& manifests) {
  if (tree.is_null()) return {};
  if (!tree.is_object()) return Error{Code::Invalid, source + ": not a mapping"};
  if (!is_list(tree)) {
    manifests.push_back({source, std::make_shared<const Json>(tree)});
    return {};
  }
  size_t number = 0;
  for (const Json& item : tree.at("items"))
    CHARTER_TRY(take(source + ", item " + std::to_string(++number), item, manifests));
  return {};
}

Status take_text(const std::string& file, const std::string& source, const std::string& text,
                 std::vector<Manifest>& manifests) {
  const auto documents = parse_yaml_stream(text);
  if (!documents) return Error{Code::Invalid, file + ": " + documents.error().message};
  size_t number = 0;
  for (const Json& document : *documents) {
    ++number;
    CHARTER_TRY(
        take(documents->size() == 1 ? source : source + ", document " + std::to_string(number),
             document, manifests));
  }
  return {};
}

Status read_file(const fs::path& path, std::vector<Manifest>& manifests) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{Code::NotFound, path.string() + ": cannot read this file"};
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return take_text(path.string(), path.filename().string(), text, manifests);
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

Result<std::vector<Manifest>> parse_manifests(const std::string& source, const std::string& text) {
  std::vector<Manifest> manifests;
  CHARTER_TRY(take_text(source, source, text, manifests));
  return manifests;
}

}  // namespace charter

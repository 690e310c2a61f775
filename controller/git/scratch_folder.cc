#include "controller/git/scratch_folder.h"

#include <cstdlib>
#include <fstream>
#include <string>

namespace charter {

ScratchFolder::ScratchFolder() {
  std::error_code failed;
  std::string name = (std::filesystem::temp_directory_path(failed) / "charter-git-XXXXXX").string();
  if (!failed && ::mkdtemp(name.data()) != nullptr) path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code failed;
  if (!path_.empty()) std::filesystem::remove_all(path_, failed);
}

bool ScratchFolder::write(const char* name, std::string_view bytes) const {
  std::ofstream out(path_ / name, std::ios::binary);
  out << bytes;
  return static_cast<bool>(out.flush());
}

}  // namespace charter

#include "controller/object/value.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

// embed OUT SYMBOL FILE...: writes OUT, a C++ file that holds YAML files as
// charter::embedded::File, each as it stands and as JSON, which a start reads in a hundredth of the
// time. A file that is no YAML fails the build.
namespace charter {
namespace {

std::string literal(std::string_view bytes) {
  constexpr size_t kLine = 80;
  std::string out = "\"";
  size_t begun = 0;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    const bool plain = code >= 0x20 && code < 0x7f && byte != '"' && byte != '\\' && byte != '?';
    if (plain) {
      out += byte;
    } else {
      char escape[5];  // three octal digits end it, whatever follows
      std::snprintf(escape, sizeof escape, "\\%03o", code);
      out += escape;
    }
    if (out.size() - begun < kLine) continue;
    out += "\"\n\"";
    begun = out.size();
  }
  return out + "\"";
}

bool pack(const std::string& path, std::string& out) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto documents = parse_yaml_stream(text);
  if (!in.good() || !documents) {
    const char* why = documents ? "cannot be read" : documents.error().message.c_str();
    std::fprintf(stderr, "%s: %s\n", path.c_str(), why);
    return false;
  }
  std::string json;
  for (const Json& document : *documents)
    json += (json.empty() ? "" : "---\n") + encode(document) + "\n";
  out += "    {\"" + std::filesystem::path(path).filename().string() + "\", std::string_view(" +
         literal(json) + ", " + std::to_string(json.size()) + ")},\n";
  return true;
}

int run(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: charter_pack OUT SYMBOL FILE...\n", stderr);
    return 2;
  }
  std::string out =
      "#include \"controller/base/embedded.h\"\n\nnamespace charter::embedded {\n\n"
      "std::span<const File> " +
      std::string(argv[2]) + "() {\n  static const File kFiles[] = {\n";
  for (int i = 3; i < argc; ++i) {
    if (!pack(argv[i], out)) return 1;
  }
  out += "  };\n  return kFiles;\n}\n\n}  // namespace charter::embedded\n";
  std::ofstream file(argv[1], std::ios::binary);
  file << out;
  file.close();
  if (!file) std::fprintf(stderr, "%s: cannot be written\n", argv[1]);
  return file ? 0 : 1;
}

}  // namespace
}  // namespace charter

int main(int argc, char** argv) {
  return charter::run(argc, argv);
}

#include "tests/drivers/private_libvirtd.h"

#include "controller/base/check.h"

#include <nlohmann/json.hpp>
#include <sched.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

namespace charter {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CHECK_MSG(file, path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

PrivateLibvirtd::PrivateLibvirtd(HostNetwork network, HostAccess access) {
  std::string name = (std::filesystem::temp_directory_path() / "charter-libvirt-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  directory_ = name;
  int down[2], up[2];
  CHECK(::pipe2(down, O_CLOEXEC) == 0 && ::pipe2(up, O_CLOEXEC) == 0);
  const std::string script = std::string(CHARTER_SOURCE_DIR) + "/tests/support/private_libvirtd.py";
  const std::string home = directory_ + "/host";
  const char* const wanted = access == HostAccess::Remote ? "remote" : nullptr;
  pid_ = ::fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::dup2(down[0], 0);
    ::dup2(up[1], 1);
    if (network == HostNetwork::Own) CHECK(::unshare(CLONE_NEWNET) == 0);
    ::execlp("python3", "python3", "-B", script.c_str(), home.c_str(), wanted, nullptr);
    ::_exit(127);
  }
  ::close(down[0]);
  ::close(up[1]);
  to_ = down[1];
  from_ = up[0];
  const auto hello = read_line();
  absent_ = hello.value("absent", "");
  uri_ = hello.value("uri", "");
  pool_ = hello.value("pool", "");
  consoles_ = hello.value("consoles", "");
  guest_ = hello.value("guest", "");
  writer_ = hello.value("writer", "");
  kernel_ = hello.value("kernel", "");
  if (hello.contains("tls")) tls_uri_ = hello["tls"].value("uri", "");
  if (hello.contains("ssh")) ssh_uri_ = hello["ssh"].value("uri", "");
}

PrivateLibvirtd::~PrivateLibvirtd() {
  ::close(to_);  // the end of its input is its order to clean up
  int status = 0;
  ::waitpid(pid_, &status, 0);
  ::close(from_);
  std::filesystem::remove_all(directory_);
}

std::string PrivateLibvirtd::tls_file(const std::string& name) const {
  return read_file(directory_ + "/host/tls/" + name);
}

std::string PrivateLibvirtd::ssh_file(const std::string& name) const {
  return read_file(directory_ + "/host/ssh/" + name);
}

nlohmann::json PrivateLibvirtd::read_line() {
  std::string line;
  char c = 0;
  while (::read(from_, &c, 1) == 1 && c != '\n')
    line += c;
  auto answer = nlohmann::json::parse(line, nullptr, false);
  CHECK_MSG(answer.is_object(), "tests/support/private_libvirtd.py failed");  // no reason to skip
  return answer;
}

void PrivateLibvirtd::order(const std::string& word) {
  was_ordered_ = true;
  const std::string line = word + "\n";
  CHECK(::write(to_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  CHECK_MSG(read_line().value("done", "") == word, word);
}

}  // namespace charter

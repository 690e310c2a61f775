#include "tests/postgres/private_postgres.h"

#include "controller/base/check.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace charter::testing {

PrivatePostgres::PrivatePostgres() {
  std::string name = (std::filesystem::temp_directory_path() / "charter-pg-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  directory_ = name;
  int down[2], up[2];
  CHECK(::pipe2(down, O_CLOEXEC) == 0 && ::pipe2(up, O_CLOEXEC) == 0);
  const std::string script = std::string(CHARTER_SOURCE_DIR) + "/tests/support/private_postgres.py";
  const std::string home = directory_ + "/server";
  pid_ = ::fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::dup2(down[0], 0);
    ::dup2(up[1], 1);
    ::execlp("python3", "python3", "-B", script.c_str(), home.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(down[0]);
  ::close(up[1]);
  to_ = down[1];
  from_ = up[0];
  absent_ = read_line().value("absent", "");
}

PrivatePostgres::~PrivatePostgres() {
  ::close(to_);  // the end of its input is its order to clean up
  int status = 0;
  ::waitpid(pid_, &status, 0);
  ::close(from_);
  std::filesystem::remove_all(directory_);
}

PrivatePostgres& PrivatePostgres::shared() {
  static PrivatePostgres server;
  return server;
}

nlohmann::json PrivatePostgres::read_line() {
  std::string line;
  char c = 0;
  while (::read(from_, &c, 1) == 1 && c != '\n')
    line += c;
  auto answer = nlohmann::json::parse(line, nullptr, false);
  CHECK_MSG(answer.is_object(), "tests/support/private_postgres.py failed");  // no reason to skip
  return answer;
}

nlohmann::json PrivatePostgres::ask(const std::string& word) {
  const std::string line = word + "\n";
  CHECK(::write(to_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  return read_line();
}

PostgresDatabase PrivatePostgres::database() {
  const auto made = ask("database");
  const auto part = [&](const char* name) { return made.value(name, ""); };
  return {part("uri"), part("socket"), part("tls"), part("ca"), part("password")};
}

void PrivatePostgres::order(const std::string& word) {
  CHECK_MSG(ask(word).value("done", "") == word, word);
}

}  // namespace charter::testing

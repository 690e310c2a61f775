#include "tests/bench/load.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cmath>
#include <exception>
#include <fcntl.h>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace charter::bench {

Samples::Samples(std::vector<double> seconds) : sorted_(std::move(seconds)) {
  std::sort(sorted_.begin(), sorted_.end());
}

double Samples::percentile_ms(double percent) const {
  if (sorted_.empty()) return 0;
  const auto rank =
      static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(sorted_.size())));
  return sorted_[std::clamp<size_t>(rank, 1, sorted_.size()) - 1] * 1000;
}

Throughput run_load(const Target& target, size_t clients, size_t total, const Step& step) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (size_t i = 0; i < clients; ++i)
    connections.push_back(std::make_unique<Connection>(target));
  std::vector<std::vector<double>> samples(clients);
  std::atomic<size_t> next{0};
  std::exception_ptr failed;
  std::mutex mutex;
  std::barrier start(static_cast<std::ptrdiff_t>(clients) + 1);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] {
      samples[i].reserve(total / clients * 2);
      start.arrive_and_wait();
      try {
        for (size_t index; (index = next++) < total;) {
          const Moment began = now();
          step(*connections[i], index);
          samples[i].push_back(since(began));
        }
      } catch (...) {
        next = total;  // one failure ends the run: a rate with errors in it means nothing
        const std::lock_guard lock(mutex);
        if (!failed) failed = std::current_exception();
      }
    });
  }
  start.arrive_and_wait();
  const Moment began = now();
  for (std::thread& thread : threads)
    thread.join();
  const double elapsed = since(began);
  if (failed) std::rethrow_exception(failed);
  std::vector<double> all;
  for (const auto& part : samples)
    all.insert(all.end(), part.begin(), part.end());
  return {static_cast<double>(total) / elapsed, Samples(std::move(all))};
}

double fdatasync_rate(const std::string& dir, double seconds) {
  const std::string path = dir + "/fdatasync-probe";
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) throw Failure("cannot write " + path);
  // Overwritten, not appended: like a write-ahead log that is reused, it changes no metadata of the
  // file.
  constexpr size_t kPages = 256;
  const std::string page(4096, 'x');
  bool written = true;
  for (size_t i = 0; i < kPages; ++i)
    written &= ::write(fd, page.data(), page.size()) > 0;
  if (!written || ::fsync(fd) != 0) throw Failure("cannot fill " + path);
  const Moment began = now();
  size_t count = 0;
  for (; since(began) < seconds; ++count) {
    const auto offset = static_cast<off_t>(count % kPages * page.size());
    if (::pwrite(fd, page.data(), page.size(), offset) < 0 || ::fdatasync(fd) != 0) {
      throw Failure("fdatasync failed in " + dir);
    }
  }
  const double elapsed = since(began);
  ::close(fd);
  ::unlink(path.c_str());
  return static_cast<double>(count) / elapsed;
}

}  // namespace charter::bench

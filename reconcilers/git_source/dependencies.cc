#include "reconcilers/git_source/dependencies.h"

#include <algorithm>
#include <deque>
#include <map>

namespace charter::git_source {

std::vector<std::string> cycle_through(const std::string& source, const DependsOn& depends_on) {
  std::map<std::string, std::string> came_from;
  std::deque<std::string> next = {source};
  while (!next.empty()) {
    const std::string one = next.front();
    next.pop_front();
    for (const std::string& other : depends_on(one)) {
      if (!came_from.emplace(other, one).second) continue;
      if (other != source) {
        next.push_back(other);
        continue;
      }
      std::vector<std::string> way = {source};
      do {
        way.push_back(came_from.at(way.back()));
      } while (way.back() != source);
      std::reverse(way.begin(), way.end());
      return way;
    }
  }
  return {};
}

}  // namespace charter::git_source

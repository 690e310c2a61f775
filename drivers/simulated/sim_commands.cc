#include "drivers/simulated/sim_commands.h"

#include "drivers/simulated/sim_admin.h"
#include "drivers/size.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

namespace charter {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

/// Where a command writes and what time it is.
struct Desk {
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
};

std::string directory_of(const CommandInput& input) {
  return input.flag("data-dir") + "/sim";
}

Error wrong_usage(std::string message) {
  return {Code::BadRequest, std::move(message)};
}

// The only provider, unless one is named.
Result<std::string> provider_of(const CommandInput& input) {
  if (!input.flag("provider").empty()) return input.flag("provider");
  const auto names = sim_world_names(directory_of(input));
  if (names.size() == 1) return names.front();
  if (names.empty())
    return Error{Code::NotFound, directory_of(input) + " holds no simulated provider"};
  std::string known;
  for (const auto& name : names)
    known += (known.empty() ? "" : ", ") + name;
  return wrong_usage("there are several simulated providers, name one with --provider: " + known);
}

Result<SimAdmin> open(const CommandInput& input, const Desk& desk) {
  CHARTER_TRY_ASSIGN(const std::string provider, provider_of(input));
  return SimAdmin::open(directory_of(input), provider, desk.clock);
}

Result<std::string> only_word(const CommandInput& input, const std::string& what) {
  if (input.words.size() == 1) return input.words.front();
  return wrong_usage("expected one " + what);
}

void print(const SimTable& table, std::ostream& out) {
  std::vector<size_t> widths;
  const auto measure = [&widths](const std::vector<std::string>& row) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  };
  const auto write = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 3, ' ');
    }
    out << line << '\n';
  };
  measure(table.columns);
  for (const auto& row : table.rows)
    measure(row);
  write(table.columns);
  for (const auto& row : table.rows)
    write(row);
}

/// What a command does with an open world; the text is its last line.
using Work = std::function<Result<std::string>(SimAdmin&, const CommandInput&, std::ostream& out)>;

int run(const CommandInput& input, const Desk& desk, const Work& work) {
  const auto finish = [&](const Error& error) {
    desk.err << "charter sim: " << error.message << '\n';
    return error.code == Code::BadRequest ? kWrongUsage : kFailed;
  };
  auto admin = open(input, desk);
  if (!admin) return finish(admin.error());
  const auto text = work(*admin, input, desk.out);
  if (!text) return finish(text.error());
  if (!text->empty()) desk.out << *text << '\n';
  return 0;
}

Work table_work(Result<SimTable> (SimAdmin::*read)() const) {
  return [read](SimAdmin& admin, const CommandInput&, std::ostream& out) -> Result<std::string> {
    CHARTER_TRY_ASSIGN(const SimTable table, (admin.*read)());
    print(table, out);
    return std::string();
  };
}

Result<std::string> list_calls(SimAdmin& admin, const CommandInput& input, std::ostream& out) {
  SimCallQuery query;
  if (input.words.size() > 1) return wrong_usage("expected at most one UID");
  if (!input.words.empty()) query.uid = input.words.front();
  CHARTER_TRY_ASSIGN(const SimTable table, admin.calls(query));
  print(table, out);
  return std::string();
}

Result<std::string> inspect(SimAdmin& admin, const CommandInput& input, std::ostream& out) {
  CHARTER_TRY_ASSIGN(const std::string machine, only_word(input, "MACHINE"));
  CHARTER_TRY_ASSIGN(const SimTable table, admin.machine(machine));
  print(table, out);
  return std::string();
}

/// A change to one machine that is named by the only word.
Work change_work(const std::string& done, Status (SimAdmin::*change)(const std::string&)) {
  return [=](SimAdmin& admin, const CommandInput& input, std::ostream&) -> Result<std::string> {
    CHARTER_TRY_ASSIGN(const std::string machine, only_word(input, "MACHINE"));
    CHARTER_TRY((admin.*change)(machine));
    return machine + " " + done;
  };
}

Result<std::optional<int64_t>> number(const CommandInput& input, const std::string& name) {
  const std::string& text = input.flag(name);
  if (text.empty()) return std::optional<int64_t>();
  int64_t value = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc() && rest == text.data() + text.size() && value > 0)
    return std::optional(value);
  return wrong_usage("--" + name + " " + text + ": expected a positive number");
}

Result<std::optional<int64_t>> size(const CommandInput& input, const std::string& name) {
  const std::string& text = input.flag(name);
  if (text.empty()) return std::optional<int64_t>();
  const auto bytes = parse_size(text);
  if (bytes) return bytes;
  return wrong_usage("--" + name + " " + text + ": expected a size such as 8GB or 8Gi");
}

Result<std::string> edit(SimAdmin& admin, const CommandInput& input, std::ostream&) {
  CHARTER_TRY_ASSIGN(const std::string machine, only_word(input, "MACHINE"));
  SimEdit change;
  CHARTER_TRY_ASSIGN(change.vcpus, number(input, "vcpus"));
  CHARTER_TRY_ASSIGN(change.memory_bytes, size(input, "memory"));
  if (!input.flag("name").empty()) change.name = input.flag("name");
  if (!change.vcpus && !change.memory_bytes && !change.name)
    return wrong_usage("nothing to change: give --vcpus, --memory or --name");
  CHARTER_TRY(admin.edit(machine, change));
  return machine + " edited";
}

Result<std::string> add_foreign(SimAdmin& admin, const CommandInput& input, std::ostream&) {
  CHARTER_TRY_ASSIGN(const std::string name, only_word(input, "NAME"));
  ForeignMachine machine{.name = name, .uid = input.flag("uid")};
  CHARTER_TRY_ASSIGN(const auto vcpus, number(input, "vcpus"));
  CHARTER_TRY_ASSIGN(const auto memory, size(input, "memory"));
  machine.vcpus = vcpus.value_or(machine.vcpus);
  machine.memory_bytes = memory.value_or(machine.memory_bytes);
  CHARTER_TRY(admin.add_foreign(machine));
  return name + " added";
}

Work host_work(HostPower power, const std::string& done) {
  return [=](SimAdmin& admin, const CommandInput& input, std::ostream&) -> Result<std::string> {
    CHARTER_TRY_ASSIGN(const std::string host, only_word(input, "HOST"));
    CHARTER_TRY(admin.set_host(host, power));
    return host + " " + done;
  };
}

Result<std::string> verify(SimAdmin& admin, const CommandInput& input, std::ostream& out) {
  std::vector<SimHistory> all;
  if (input.words.empty()) {
    CHARTER_TRY_ASSIGN(all, admin.histories());
  } else {
    CHARTER_TRY_ASSIGN(const std::string uid, only_word(input, "UID"));
    CHARTER_TRY_ASSIGN(const SimHistory history, admin.history(uid));
    all.push_back(history);
  }
  SimTable table{.columns = {"UID", "LIVE", "CREATED", "REMOVED", "MOST-AT-ONCE"}, .rows = {}};
  int64_t live = 0;
  for (const SimHistory& history : all) {
    live += history.live;
    if (history.is_sound()) continue;
    table.rows.push_back({history.uid, std::to_string(history.live),
                          std::to_string(history.created), std::to_string(history.removed),
                          std::to_string(history.most_at_once)});
  }
  if (table.rows.empty()) {
    return std::to_string(all.size()) + " things ever made, " + std::to_string(live) +
           " there now; none ever existed twice";
  }
  print(table, out);
  return Error{Code::InternalError, std::to_string(table.rows.size()) +
                                        " things existed twice or disagree with the "
                                        "ledger"};
}

/// What differs between the commands.
struct Entry {
  std::string name, summary, example, words_help;
  std::vector<CommandFlag> flags;
  Work work;
};

std::vector<Entry> look_entries() {
  return {
      {"list", "List machines on simulated hosts", "", "", {}, table_work(&SimAdmin::machines)},
      {"inspect",
       "Show one machine with all that it was made with",
       " vm-7",
       "MACHINE",
       {},
       inspect},
      {"volumes", "List volumes on simulated hosts", "", "", {}, table_work(&SimAdmin::volumes)},
      {"hosts", "List simulated hosts", "", "", {}, table_work(&SimAdmin::hosts)},
      {"calls", "List driver calls, all or of one thing", "", "[UID]", {}, list_calls},
      {"verify", "Prove from the ledger that nothing existed twice", "", "[UID]", {}, verify},
  };
}

std::vector<Entry> change_entries() {
  const CommandFlag vcpus{.name = "vcpus", .help = "Virtual processors"};
  const CommandFlag memory{.name = "memory", .help = "Memory, e.g. 8GB"};
  const CommandFlag name{.name = "name", .help = "New name"};
  const CommandFlag uid{.name = "uid", .help = "UID that it shall carry"};
  return {
      {"kill",
       "Cut a machine's power",
       " vm-7",
       "MACHINE",
       {},
       change_work("crashed", &SimAdmin::kill)},
      {"reset-counters",
       "Set what a machine has consumed to zero while it runs",
       " vm-7",
       "MACHINE",
       {},
       change_work("counts from zero", &SimAdmin::reset_counters)},
      {"undefine",
       "Delete a machine and its disk behind Charter's back",
       " vm-7",
       "MACHINE",
       {},
       change_work("deleted", &SimAdmin::undefine)},
      {"edit",
       "Change a machine's definition behind Charter's back",
       " vm-7 --vcpus 1",
       "MACHINE",
       {vcpus, memory, name},
       edit},
      {"add-foreign",
       "Add a machine that Charter did not make",
       " theirs --vcpus 2",
       "NAME",
       {vcpus, memory, uid},
       add_foreign},
      {"host-up", "Switch a host on", " host-1", "HOST", {}, host_work(HostPower::Up, "is up")},
      {"host-down",
       "Switch a host off, with all that runs there",
       " host-1",
       "HOST",
       {},
       host_work(HostPower::Down, "is down")},
  };
}

Command to_command(Entry entry, const Desk& desk) {
  Command command;
  command.name = "sim " + entry.name;
  command.summary = entry.summary;
  command.example = "charter sim " + entry.name + " --data-dir ./data" + entry.example;
  command.flags = std::move(entry.flags);
  command.flags.push_back(
      {.name = "data-dir", .help = "Directory of the server", .required = true});
  command.flags.push_back({.name = "provider", .help = "Provider; the only one may be left out"});
  command.words_help = entry.words_help;
  command.run = [desk, work = std::move(entry.work)](const CommandInput& input) {
    return run(input, desk, work);
  };
  return command;
}

}  // namespace

std::vector<Command> sim_commands(std::ostream& out, std::ostream& err, const Clock& clock) {
  std::vector<Command> commands;
  for (auto* entries : {&look_entries, &change_entries}) {
    for (Entry& entry : entries()) {
      commands.push_back(to_command(std::move(entry), {out, err, clock}));
    }
  }
  return commands;
}

}  // namespace charter

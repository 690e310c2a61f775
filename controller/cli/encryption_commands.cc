#include "controller/cli/encryption_commands.h"

#include "controller/cli/credentials.h"
#include "controller/cli/encryption_keys.h"
#include "controller/store/directory_lock.h"
#include "controller/store/reseal.h"
#include "controller/store/store.h"

#include <cstdio>
#include <optional>
#include <unistd.h>

namespace charter {
namespace {

int finish(const Status& done) {
  if (done) return 0;
  std::fprintf(stderr, "charter encryption: %s\n", done.error().message.c_str());
  return done.error().code == Code::Invalid ? 2 : 1;
}

std::string file_of(const CommandInput& input) {
  return encryption_key_file(input.flag("data-dir"), input.flag("encryption-key-file"));
}

int64_t rows_of(const SealedRows& rows, const std::string& key) {
  const auto found = rows.by_key.find(key);
  return found == rows.by_key.end() ? 0 : found->second;
}

void print_row(const std::string& key, const char* use, int64_t rows) {
  std::printf("%-18s %-12s %lld\n", key.c_str(), use, static_cast<long long>(rows));
}

/// One line for each key that is in the file or that a row needs.
void print_status(const SealedRows& rows, const KeyRing& ring) {
  std::printf("%-18s %-12s %s\n", "KEY", "USE", "ROWS");
  for (const EncryptionKey& key : ring.all()) {
    const bool seals = &key == &ring.newest();
    const int64_t count = rows_of(rows, key.id);
    print_row(key.id, seals ? "seals" : count > 0 ? "opens" : "unused", count);
  }
  for (const auto& [key, count] : rows.by_key) {
    if (ring.find(key) == nullptr) print_row(key, "MISSING", count);
  }
  if (rows.plain > 0) print_row("(none)", "plain", rows.plain);
  if (rows.scrub_due) std::printf("free space still holds older forms of rows\n");
}

bool is_clean(const SealedRows& rows, const KeyRing& ring) {
  const size_t used = rows_of(rows, ring.newest().id) > 0 ? 1 : 0;
  return rows.plain == 0 && !rows.scrub_due && rows.by_key.size() == used;
}

Status show_status(const CommandInput& input) {
  CHARTER_TRY_ASSIGN(const auto sealer, load_sealer(file_of(input)));
  CHARTER_TRY_ASSIGN(const SealedRows rows, sealed_rows(input.flag("data-dir"), *sealer));
  print_status(rows, sealer->ring());
  return {};
}

/// Changes the text of the key file while no server runs on the directory.
Status change_file(const CommandInput& input,
                   const std::function<Result<std::string>(const std::string&)>& change) {
  const std::string file = file_of(input);
  CHARTER_TRY_ASSIGN(const auto lock, DirectoryLock::take_existing(input.flag("data-dir")));
  auto text = read_file(file);
  if (!text) return Error{Code::NotFound, file + ": cannot read"};
  auto changed = change(*text);
  cleanse(*text);
  if (!changed) return changed.error();
  const Status written = replace_key_file(file, *changed);
  cleanse(*changed);
  return written;
}

/// Opens the store, which seals every row with the newest key, and closes it.
Status seal_all(const CommandInput& input) {
  CHARTER_TRY_ASSIGN(const auto sealer, load_sealer(file_of(input)));
  StoreOptions options;
  options.data_dir = input.flag("data-dir");
  options.mode = WriterMode::Inline;
  options.sealer = sealer;
  CHARTER_TRY_ASSIGN(auto store, Store::open(std::move(options)));
  store.reset();
  CHARTER_TRY_ASSIGN(const SealedRows rows, sealed_rows(input.flag("data-dir"), *sealer));
  print_status(rows, sealer->ring());
  if (is_clean(rows, sealer->ring())) return {};
  return Error{Code::InternalError,
               "not everything could be encrypted anew: see the lines above; "
               "it is taken up again at the next start"};
}

Status rotate(const CommandInput& input) {
  const std::string& data_dir = input.flag("data-dir");
  if (access((data_dir + "/charter.db").c_str(), R_OK) != 0)
    return Error{Code::NotFound, "data directory \"" + data_dir + "\" holds no store"};
  // A file that cannot be read as it is must not be added to.
  CHARTER_TRY(load_sealer(file_of(input)));
  CHARTER_TRY(change_file(input, with_new_key));
  return seal_all(input);
}

Status remove_key(const CommandInput& input) {
  if (input.words.size() != 1)
    return Error{Code::Invalid, "expected one key, as `charter encryption status` shows it"};
  const std::string& id = input.words[0];
  CHARTER_TRY_ASSIGN(const auto sealer, load_sealer(file_of(input)));
  if (sealer->key_id() == id)
    return Error{Code::Invalid, "key " + id + " is the one that seals: rotate first"};
  CHARTER_TRY_ASSIGN(const SealedRows rows, sealed_rows(input.flag("data-dir"), *sealer));
  if (const int64_t used = rows_of(rows, id); used > 0) {
    return Error{Code::Invalid, "key " + id + " is needed: " + std::to_string(used) +
                                    " rows are sealed with it; start the server once to seal them "
                                    "with the newest"};
  }
  return change_file(input, [&](const std::string& text) { return without_key(text, id); });
}

Command command_of(std::string name, std::string summary, std::string words,
                   Status (*run)(const CommandInput&)) {
  Command out;
  out.name = "encryption " + name;
  out.summary = std::move(summary);
  out.example = "charter encryption " + name + " --data-dir ./data" + (words.empty() ? "" : " KEY");
  out.flags = {
      {"data-dir", "Data directory of a stopped server", "", CommandFlag::Kind::Value, true},
      encryption_key_flag()};
  out.words_help = std::move(words);
  out.run = [run](const CommandInput& input) { return finish(run(input)); };
  return out;
}

}  // namespace

std::vector<Command> encryption_commands() {
  return {
      command_of("status", "Show which keys the store's rows are sealed with", "", show_status),
      command_of("rotate", "Add a new key and seal every row with it; older keys stay in the file",
                 "", rotate),
      command_of("remove-key", "Remove a key that no row needs from the key file", "KEY",
                 remove_key)};
}

}  // namespace charter
